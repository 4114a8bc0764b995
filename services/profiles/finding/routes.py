"""The routes that say who uses what."""

from libs.contracts.access import Action
from libs.web import Route
from services.profiles.finding import handlers

ROUTES = [
    Route("GET", "/v1/profiles/{profile_id}/usage", handlers.get_usage, Action.READ_PROFILES),
    Route("GET", "/v1/profile-uses", handlers.get_uses, Action.READ_PROFILES),
]
