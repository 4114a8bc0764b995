"""The routes of estimates and triage."""

from libs.contracts.access import Action
from libs.web import Route
from services.qc import money_handlers as money

MONEY_ROUTES = [
    Route("GET", "/v1/triage", money.get_triage, Action.READ_ANALYSES),
]
