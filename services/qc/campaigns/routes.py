"""The routes of campaigns."""

from http import HTTPStatus

from libs.contracts.access import Action
from libs.web import Route
from services.qc.campaigns import handlers

CAMPAIGNS = "/v1/campaigns"
CAMPAIGN = f"{CAMPAIGNS}/{{campaign_id}}"
READ, RUN = Action.READ_ANALYSES, Action.RUN_ANALYSES

CAMPAIGN_ROUTES = [
    Route("POST", CAMPAIGNS, handlers.post_campaigns, RUN, HTTPStatus.CREATED),
    Route("GET", CAMPAIGNS, handlers.get_campaigns, READ),
    Route(
        "POST",
        f"{CAMPAIGNS}/estimate",
        handlers.post_campaign_estimate,
        RUN,
        form=handlers.EstimateForm,
        fails=(HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS),
    ),
    Route("GET", CAMPAIGN, handlers.get_campaign, READ),
    Route(
        "POST",
        f"{CAMPAIGN}/files",
        handlers.post_campaign_file,
        RUN,
        form=handlers.FileForm,
    ),
    Route("GET", f"{CAMPAIGN}/files", handlers.get_campaign_files, READ),
    Route(
        "POST",
        f"{CAMPAIGN}/archive",
        handlers.post_campaign_archive,
        RUN,
        form=handlers.ArchiveForm,
    ),
    Route("POST", f"{CAMPAIGN}/start", handlers.post_campaign_start, RUN),
    Route("POST", f"{CAMPAIGN}/cancel", handlers.post_campaign_cancel, RUN),
    Route("POST", f"{CAMPAIGN}/retry", handlers.post_campaign_retry, RUN),
    Route(
        "GET",
        f"{CAMPAIGN}/events",
        handlers.get_campaign_events,
        READ,
        produces=("text/event-stream",),
        headers=("Last-Event-ID",),
    ),
    Route(
        "GET",
        f"{CAMPAIGN}/matrix",
        handlers.get_campaign_matrix,
        READ,
        produces=("application/json", handlers.CSV, handlers.XLSX),
    ),
]
