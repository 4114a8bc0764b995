"""HTTP in, HTTP out, for models."""

from http import HTTPStatus

from aiohttp import web

from libs.contracts.access import Action
from libs.contracts.models import (
    ModelChange,
    ModelName,
    ModelRow,
    ModelRows,
    ModelsQuery,
    ProbeRequest,
    Probes,
)
from libs.web import ACTOR, Route
from services.qc.domain.routing import ModelRef, model_ref
from services.qc.model_book import ModelBook, refs
from services.qc.model_probe import Prober

BOOK: web.AppKey[ModelBook] = web.AppKey("model_book")
PROBER: web.AppKey[Prober] = web.AppKey("prober")


async def get_models(request: web.Request, query: ModelsQuery) -> ModelRows:
    """What is known of the models: limits, shutdown and successor, and whether each works."""
    return ModelRows(models=await request.app[BOOK].rows(query))


async def post_model(request: web.Request, body: ModelChange) -> ModelRow:
    """Add a model, or say otherwise of one, from now on; what was said before is kept."""
    return await request.app[BOOK].change(body, request[ACTOR])


async def post_model_reset(request: web.Request, body: ModelName) -> ModelRow:
    """Let what is shipped count again."""
    return await request.app[BOOK].reset(model_ref(body.model), request[ACTOR])


async def post_model_probe(request: web.Request, body: ProbeRequest) -> Probes:
    """Ask models whether they work, and mark those that do not. Each is one small paid call."""
    asked = refs(body.models) or [
        ModelRef(row.provider, row.model)
        for row in await request.app[BOOK].rows(ModelsQuery())
        if row.configured
    ]
    return Probes(probed=await request.app[PROBER].probe(asked, request[ACTOR]))


MODEL_ROUTES = [
    Route("GET", "/v1/models", get_models, Action.READ_ANALYSES),
    Route(
        "POST",
        "/v1/models",
        post_model,
        Action.MANAGE_MODELS,
        HTTPStatus.CREATED,
        fails=(HTTPStatus.CONFLICT,),
    ),
    Route(
        "POST",
        "/v1/models/reset",
        post_model_reset,
        Action.MANAGE_MODELS,
        fails=(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
    ),
    Route("POST", "/v1/models/probe", post_model_probe, Action.MANAGE_MODELS),
]
