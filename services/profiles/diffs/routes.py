"""Routes of the difference of two versions."""

from libs.contracts.access import Action
from libs.web import Route
from services.profiles.diffs import handlers

ROUTES = [
    Route(
        "GET",
        "/v1/profiles/{profile_id}/diff/{other_id}",
        handlers.get_diff,
        Action.READ_PROFILES,
        produces=("text/html",),
    ),
]
