"""The routes of drafts."""

from http import HTTPStatus

from libs.contracts.access import Action
from libs.web import Route
from services.profiles.drafts import handlers

DRAFTS = "/v1/drafts"
DRAFT = f"{DRAFTS}/{{draft_id}}"
READ, WRITE = Action.READ_PROFILES, Action.WRITE_PROFILES
GUARD = ("If-Match",)
CONFLICT = (HTTPStatus.CONFLICT,)
STALE = (HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED)

ROUTES = [
    Route("POST", DRAFTS, handlers.post_draft, WRITE, HTTPStatus.CREATED, fails=CONFLICT),
    Route("GET", DRAFTS, handlers.get_drafts, READ),
    Route("GET", DRAFT, handlers.get_draft, READ),
    Route("PUT", DRAFT, handlers.put_draft, WRITE, headers=GUARD, fails=STALE),
    Route(
        "POST",
        f"{DRAFT}/reviews",
        handlers.post_review,
        Action.APPROVE_PROFILES,
        HTTPStatus.CREATED,
        fails=CONFLICT,
    ),
    Route("POST", f"{DRAFT}/apply", handlers.post_apply, WRITE, headers=GUARD, fails=STALE),
    Route("POST", f"{DRAFT}/withdraw", handlers.post_withdraw, WRITE, fails=CONFLICT),
]
