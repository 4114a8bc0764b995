"""The routes that archive and restore."""

from http import HTTPStatus

from libs.contracts.access import Action
from libs.web import Route
from services.profiles.archiving import handlers

PROFILE = "/v1/profiles/{profile_id}"
FAILS = (HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED)
WRITE, GUARD = Action.WRITE_PROFILES, ("If-Match",)

ROUTES = [
    Route("DELETE", PROFILE, handlers.delete_profile, WRITE, headers=GUARD, fails=FAILS),
    Route(
        "POST",
        f"{PROFILE}/archive",
        handlers.post_profile_archive,
        WRITE,
        headers=GUARD,
        fails=FAILS,
    ),
    Route(
        "POST",
        f"{PROFILE}/restore",
        handlers.post_profile_restore,
        WRITE,
        headers=GUARD,
        fails=FAILS,
    ),
]
