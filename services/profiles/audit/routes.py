"""The routes of the audit."""

from libs.contracts.access import Action
from libs.web import Route
from services.profiles.audit import handlers

ROUTES = [
    Route(
        "GET",
        "/v1/audit",
        handlers.get_audit,
        Action.READ_AUDIT,
        produces=("application/json", handlers.JSONL, handlers.CSV),
    ),
    Route("GET", "/v1/audit/verify", handlers.get_verification, Action.READ_AUDIT),
    Route("POST", "/v1/audit/anchors", handlers.post_anchors, Action.READ_AUDIT),
]
