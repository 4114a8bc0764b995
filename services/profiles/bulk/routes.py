"""The routes of bulk edits."""

from http import HTTPStatus

from libs.contracts.access import Action
from libs.web import Route
from services.profiles.bulk import handlers

BULK = "/v1/bulk-edits"
ONE = f"{BULK}/{{bulk_id}}"
READ, WRITE = Action.READ_PROFILES, Action.WRITE_PROFILES
FAILS = (HTTPStatus.CONFLICT,)

ROUTES = [
    Route("POST", BULK, handlers.post_bulk_edit, WRITE, HTTPStatus.CREATED, fails=FAILS),
    Route("GET", BULK, handlers.get_bulk_edits, READ),
    Route("GET", ONE, handlers.get_bulk_edit, READ),
    Route("POST", f"{ONE}/commit", handlers.post_bulk_commit, WRITE, fails=FAILS),
    Route("POST", f"{ONE}/undo", handlers.post_bulk_undo, WRITE, fails=FAILS),
]
