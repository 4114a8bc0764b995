"""The routes of estimates and triage."""

from libs.contracts.access import Action
from libs.web import Route
from services.qc import money_handlers as money
from services.qc.handlers import AnalysisForm

MONEY_ROUTES = [
    Route(
        "POST",
        "/v1/analyses/estimate",
        money.post_estimate,
        Action.RUN_ANALYSES,
        form=AnalysisForm,
    ),
    Route("GET", "/v1/triage", money.get_triage, Action.READ_ANALYSES),
]
