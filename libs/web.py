"""Typed routes over aiohttp: the handler's signature says what comes in and what goes out.

    async def get_thing(request, path: ThingPath, query: ThingQuery, body: Thing) -> Thing

Each of `path`, `query` and `body` is a pydantic model and may be left out. The same signature
makes the OpenAPI document (libs.openapi), so neither can lie about the other.
"""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from typing import Any, get_type_hints

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, ValidationError

from libs import metrics, openapi, telemetry
from libs.actor import Service, Verifier, may
from libs.contracts.access import Action, Actor
from libs.contracts.common import Health
from libs.invalid import invalid
from libs.problems import (
    BadRequest,
    Forbidden,
    TooLarge,
    Unauthenticated,
    Unsupported,
)
from libs.replies import note_begun, problems, reply

log = structlog.get_logger()

ACTOR: web.RequestKey[Actor] = web.RequestKey("actor", Actor)
READY: web.AppKey["ReadyCheck"] = web.AppKey("ready")
BODY_TIMEOUT_S = 60.0
QUIET_ROUTES = {"/healthz", "/readyz", "/metrics"}

ReadyCheck = Callable[[], Awaitable[list[str]]]
"""Names what is wrong with what the service stands on; empty when it can work."""


@dataclass(frozen=True, slots=True)
class Route:
    """One operation. `action` None means that anybody may call it.

    `form` describes the fields of a multipart body and `produces` the media types of an
    answer that is not JSON: the handler then makes that answer itself.
    `headers` are request headers that it reads, `fails` statuses beyond those of every route.
    """

    method: str
    path: str
    handler: Callable[..., Awaitable[BaseModel | web.StreamResponse]]
    action: Action | None
    status: HTTPStatus = HTTPStatus.OK
    form: type[BaseModel] | None = None
    produces: Sequence[str] = ()
    headers: Sequence[str] = ()
    fails: Sequence[HTTPStatus] = ()


def create_service(
    service: Service,
    routes: Sequence[Route],
    verifier: Verifier | None,
    max_body_bytes: int = 1 << 20,
) -> web.Application:
    """An application with the routes, and with what every service has.

    `verifier` None is for the gateway, which finds the actor by itself in a middleware.
    """
    app = web.Application(middlewares=[_observe(service), problems], client_max_size=max_body_bytes)
    app.on_response_prepare.append(note_begun)
    app[READY] = _always_ready
    for route in routes:
        app.router.add_route(route.method, route.path, _endpoint(route, verifier))
    app.router.add_get("/openapi.json", _openapi(service, routes))
    app.router.add_get("/healthz", _health(service))
    app.router.add_get("/readyz", _ready(service))
    app.router.add_get("/metrics", _metrics)
    return app


def _endpoint(route: Route, verifier: Verifier | None) -> Handler:
    hints = get_type_hints(route.handler)
    takes = {name: hints[name] for name in ("path", "query", "body") if name in hints}

    async def endpoint(request: web.Request) -> web.StreamResponse:
        if route.action and verifier:
            request[ACTOR] = _authenticate(request, verifier, route.action)
        given = {name: await _READERS[name](request, model) for name, model in takes.items()}
        answer = await route.handler(request, **given)
        return answer if isinstance(answer, web.StreamResponse) else reply(answer, route.status)

    endpoint.__doc__ = inspect.getdoc(route.handler)
    return endpoint


def _authenticate(request: web.Request, verifier: Verifier, action: Action) -> Actor:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated(
            "no_passport", "Send a bearer token: `aiqc token --service …` prints one."
        )
    actor = verifier.actor(token, datetime.now(UTC))
    telemetry.bind(actor=actor.subject)
    if not may(actor, action):
        raise Forbidden("not_allowed", f"{action.value} is not among your rights.")
    return actor


async def _read_body(request: web.Request, model: type[BaseModel]) -> BaseModel:
    if request.content_type != "application/json":
        raise Unsupported("json_wanted", "Send the body as Content-Type: application/json.")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Unsupported("encoded_body", "Send the body without Content-Encoding.")
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            content = await request.read()
        return model.model_validate_json(content)
    except TimeoutError as error:
        raise BadRequest("body_stalled", "The body did not arrive in time.") from error
    except web.HTTPRequestEntityTooLarge as error:
        most = f"{request.client_max_size:,}"
        raise TooLarge(
            "body_too_large", f"A body has {most} bytes at most here: send less at once."
        ) from error
    except ValidationError as error:
        if any(e["type"] == "json_invalid" for e in error.errors(include_url=False)):
            raise BadRequest("bad_json", "The body is not valid JSON.") from error
        raise invalid(error, "bad_request_body") from error


async def _read_query(request: web.Request, model: type[BaseModel]) -> BaseModel:
    given = {name: request.query.getall(name) for name in request.query}
    try:
        return model.model_validate(
            {name: values[0] if len(values) == 1 else values for name, values in given.items()}
        )
    except ValidationError as error:
        raise invalid(error, "bad_query") from error


async def _read_path(request: web.Request, model: type[BaseModel]) -> BaseModel:
    try:
        return model.model_validate(dict(request.match_info))
    except ValidationError as error:
        raise invalid(error, "bad_path") from error


_READERS: Mapping[str, Callable[[web.Request, Any], Awaitable[BaseModel]]] = {
    "path": _read_path,
    "query": _read_query,
    "body": _read_body,
}


def _observe(service: str) -> Middleware:
    @web.middleware
    async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
        request_id = telemetry.begin_request(request.headers.get(telemetry.REQUEST_ID_HEADER))
        started = time.perf_counter()
        response = await handler(request)
        seconds = time.perf_counter() - started
        resource = request.match_info.route.resource
        route = resource.canonical if resource else "unknown"
        metrics.REQUESTS.labels(service, request.method, route, response.status).observe(seconds)
        if route not in QUIET_ROUTES:
            log.info(
                f"{request.method} {request.path}",
                status=response.status,
                ms=round(seconds * 1000, 1),
            )
        if not response.prepared:
            response.headers[telemetry.REQUEST_ID_HEADER] = request_id
        return response

    return observe


def _openapi(service: Service, routes: Sequence[Route]) -> Handler:
    """Made when somebody first asks: it builds the schema of every model, a start needs few."""

    @cache
    def document() -> openapi.Json:
        return openapi.document(service, routes)

    async def openapi_json(_request: web.Request) -> web.Response:
        return web.json_response(document())

    return openapi_json


async def _always_ready() -> list[str]:
    return []


def _health(service: Service) -> Handler:
    async def get_health(_request: web.Request) -> web.Response:
        return reply(Health(service=service, status="ok"))

    return get_health


def _ready(service: Service) -> Handler:
    async def get_ready(request: web.Request) -> web.Response:
        wrong = await request.app[READY]()
        status = HTTPStatus.SERVICE_UNAVAILABLE if wrong else HTTPStatus.OK
        health = Health(service=service, status="not ready" if wrong else "ok", problems=wrong)
        return reply(health, status)

    return get_ready


async def _metrics(_request: web.Request) -> web.Response:
    return web.Response(
        body=generate_latest(metrics.REGISTRY), headers={"Content-Type": CONTENT_TYPE_LATEST}
    )
