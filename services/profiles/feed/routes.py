"""The route of the change feed."""

from http import HTTPStatus

from libs.contracts.access import Action
from libs.web import Route
from services.profiles.feed import handlers

ROUTES = [
    Route(
        "GET",
        "/v1/profile-events",
        handlers.get_profile_events,
        Action.READ_PROFILES,
        produces=("text/event-stream",),
        headers=("Last-Event-ID",),
        fails=(HTTPStatus.TOO_MANY_REQUESTS,),
    ),
]
