"""The routes of what people do with finished analyses."""

from http import HTTPStatus

from libs.contracts.access import Action
from libs.web import Route
from services.qc.review import compare_handlers, handlers, report_handlers
from services.qc.review.forms import MEDIA_TYPES

ANALYSIS = "/v1/analyses/{analysis_id}"
READ, REVIEW = Action.READ_ANALYSES, Action.REVIEW_ANALYSES
CONFLICT = (HTTPStatus.CONFLICT,)

REVIEW_ROUTES = [
    Route("GET", "/v1/reliability", handlers.get_reliability, READ),
    Route(
        "GET",
        f"{ANALYSIS}/compare/{{other_id}}",
        compare_handlers.get_comparison,
        READ,
        produces=("application/json", "text/html"),
        fails=CONFLICT,
    ),
    Route(
        "GET",
        f"{ANALYSIS}/report",
        report_handlers.get_report,
        READ,
        produces=tuple(MEDIA_TYPES.values()),
        fails=(HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE),
    ),
    Route(
        "POST",
        f"{ANALYSIS}/checks/{{check_id}}/overrides",
        handlers.post_overrides,
        REVIEW,
        HTTPStatus.CREATED,
        fails=CONFLICT,
    ),
    Route(
        "POST",
        f"{ANALYSIS}/confirm",
        handlers.post_confirm,
        REVIEW,
        HTTPStatus.CREATED,
        fails=CONFLICT,
    ),
    Route(
        "POST",
        f"{ANALYSIS}/rerun",
        handlers.post_rerun,
        Action.RUN_ANALYSES,
        HTTPStatus.ACCEPTED,
        fails=(*CONFLICT, HTTPStatus.TOO_MANY_REQUESTS),
    ),
]
