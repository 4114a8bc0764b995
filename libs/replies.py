"""Answers: models as JSON, failures as problem documents (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus

import structlog
from aiohttp import ClientConnectionResetError, web
from aiohttp.typedefs import Handler
from pydantic import BaseModel

from libs import telemetry
from libs.contracts.common import ProblemDocument
from libs.problems import Problem

log = structlog.get_logger()

KEPT_HEADERS = {"Allow", "WWW-Authenticate", "Retry-After"}
CALLER_LEFT = (ConnectionError, web.RequestPayloadError)
_BEGUN: web.RequestKey[bool] = web.RequestKey("begun", bool)


def reply(body: BaseModel, status: HTTPStatus = HTTPStatus.OK) -> web.Response:
    return web.Response(
        text=body.model_dump_json(by_alias=True), status=status, content_type="application/json"
    )


async def note_begun(request: web.Request, _response: web.StreamResponse) -> None:
    """Remember that bytes of an answer are on their way."""
    request[_BEGUN] = True


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every failure as a problem document, and leak nothing about the unexpected ones.

    An answer that has begun cannot become a problem any more: its connection is cut, so
    that nobody takes the part for the whole.
    """
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < HTTPStatus.BAD_REQUEST:
            raise
        kept = {name: error.headers[name] for name in KEPT_HEADERS & error.headers.keys()}
        return _problem(HTTPStatus(error.status), "http_error", error.reason, kept)
    except Exception as error:
        if request.get(_BEGUN):
            _cut(request, error)
        return _of(request, error)


def _cut(request: web.Request, error: Exception) -> None:
    if isinstance(error, CALLER_LEFT):
        log.info("the caller left before the answer was complete", path=request.path)
    else:
        log.error("an answer broke off", path=request.path, why=repr(error))
    if request.transport:
        request.transport.abort()
    raise ClientConnectionResetError("the answer broke off") from error


def _of(request: web.Request, error: Exception) -> web.Response:
    if isinstance(error, Problem):
        wait = {"Retry-After": str(error.retry_after_s)} if error.retry_after_s else None
        return _problem(error.status, error.code, error.detail, wait, error.members)
    if isinstance(error, CALLER_LEFT):
        log.info("the caller left before the request was complete", path=request.path)
        return _problem(HTTPStatus.BAD_REQUEST, "request_broke_off", "The request broke off.")
    log.exception("unhandled error", method=request.method, path=request.path)
    return _problem(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "internal_error",
        f"A fault of ours. The log has it under {telemetry.request_id()}.",
    )


def _problem(
    status: HTTPStatus,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, object] | None = None,
) -> web.Response:
    own = {
        "title": status.phrase,
        "status": status.value,
        "code": code,
        "detail": detail,
        "request_id": telemetry.request_id(),
    }
    document = ProblemDocument.model_validate({**(members or {}), **own})
    response = reply(document, status)
    response.content_type = "application/problem+json"
    response.headers.update(headers or {})
    return response
