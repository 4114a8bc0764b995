"""The routes of the active pointer."""

from http import HTTPStatus

from libs.contracts.access import Action
from libs.web import Route
from services.profiles.activations import handlers

PROFILE = "/v1/profiles/{profile_id}"
SCHEDULES = f"{PROFILE}/schedules"
READ, WRITE = Action.READ_PROFILES, Action.WRITE_PROFILES
CONFLICT, STALE = HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED

ROUTES = [
    Route(
        "POST",
        f"{PROFILE}/activate",
        handlers.post_activate,
        WRITE,
        headers=("If-Match",),
        fails=(CONFLICT, STALE),
    ),
    Route("GET", f"{PROFILE}/activations", handlers.get_activations, READ),
    Route("GET", "/v1/clients/{client_id}/live/{slug}", handlers.get_live, READ),
    Route("POST", SCHEDULES, handlers.post_schedule, WRITE, HTTPStatus.CREATED, fails=(CONFLICT,)),
    Route("GET", SCHEDULES, handlers.get_schedules, READ),
    Route(
        "DELETE", f"{SCHEDULES}/{{schedule_id}}", handlers.delete_schedule, WRITE, fails=(CONFLICT,)
    ),
]
