"""The routes of replays."""

from http import HTTPStatus

from libs.contracts.access import Action
from libs.web import Route
from services.qc.replays import handlers

REPLAYS = "/v1/replays"
REPLAY = f"{REPLAYS}/{{replay_id}}"
READ, RUN = Action.READ_ANALYSES, Action.RUN_ANALYSES
CONFLICT = (HTTPStatus.CONFLICT,)

ROUTES = [
    Route("POST", f"{REPLAYS}/estimate", handlers.post_replay_estimate, RUN, fails=CONFLICT),
    Route("POST", REPLAYS, handlers.post_replays, RUN, HTTPStatus.ACCEPTED, fails=CONFLICT),
    Route("GET", REPLAYS, handlers.get_replays, READ),
    Route(
        "GET",
        REPLAY,
        handlers.get_replay,
        READ,
        produces=("application/json", "text/html", "text/plain"),
    ),
    Route(
        "GET",
        f"{REPLAY}/events",
        handlers.get_replay_events,
        READ,
        produces=("text/event-stream",),
        headers=("Last-Event-ID",),
    ),
    Route("POST", f"{REPLAY}/cancel", handlers.post_replay_cancel, RUN),
]
