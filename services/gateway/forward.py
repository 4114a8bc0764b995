"""Passing a request on to the service that owns it, body and answer as streams."""

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, web
from multidict import CIMultiDict
from yarl import URL

from libs import telemetry
from libs.actor import Service
from libs.contracts.access import Actor
from libs.problems import NotFound, UpstreamFailed
from services.gateway.passport import Passports

TIMEOUT = ClientTimeout(total=None, sock_connect=3, sock_read=180)
SMALL_BYTES = 64 << 10
CHUNK_BYTES = 1 << 16

PREFIXES: Mapping[str, tuple[Service, str]] = {
    "analyses": ("qc", "/v1/analyses"),
    "checks": ("qc", "/v1/checks"),
    "reliability": ("qc", "/v1/reliability"),
    "models": ("qc", "/v1/models"),
    "reference-assets": ("qc", "/v1/reference-assets"),
    "triage": ("qc", "/v1/triage"),
    "media-plans": ("qc", "/v1/media-plans"),
    "campaigns": ("qc", "/v1/campaigns"),
    "replays": ("qc", "/v1/replays"),
    "profiles": ("profiles", "/v1/profiles"),
    "drafts": ("profiles", "/v1/drafts"),
    "bulk-edits": ("profiles", "/v1/bulk-edits"),
    "profile-files": ("profiles", "/v1/profile-files"),
    "profile-schema": ("profiles", "/v1/profile-schema"),
    "profile-uses": ("profiles", "/v1/profile-uses"),
    "profile-events": ("profiles", "/v1/profile-events"),
    "audit": ("profiles", "/v1/audit"),
    "clients": ("profiles", "/v1/clients"),
    "all_clients": ("profiles", "/v1/clients"),
    "reports": ("usage", "/v1/reports"),
    "entries": ("usage", "/v1/entries"),
    "prices": ("usage", "/v1/prices"),
}
"""First word of the path under /api: whose it is, and what it is called there."""

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
ODD_PATH = re.compile(r"(^|/)(\.|%2e){1,2}(/|$)|%2f|%5c|%00|//|\\", re.IGNORECASE)

REQUEST_HEADERS = (
    "Accept",
    "Content-Type",
    "Content-Length",
    "Content-Encoding",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "Range",
)
REPLY_HEADERS = (
    "Cache-Control",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Range",
    "Content-Type",
    "ETag",
    "Retry-After",
    "X-Content-Type-Options",
    "Allow",
)
"""Named one by one: whatever else a caller sends, an identity above all, goes no further."""


@dataclass(frozen=True, slots=True)
class Forwarder:
    session: ClientSession
    passports: Passports
    urls: Mapping[Service, URL]

    async def forward(self, request: web.Request, actor: Actor) -> web.StreamResponse:
        """Raises NotFound for a path that nobody owns, UpstreamFailed when its owner is away."""
        service, url = self._target(request)
        headers = CIMultiDict(_kept(request.headers, REQUEST_HEADERS))
        headers.update(self.passports.header(actor, service))
        if request_id := telemetry.request_id():
            headers[telemetry.REQUEST_ID_HEADER] = request_id
        try:
            async with self.session.request(
                request.method,
                url,
                data=_body(request) if request.can_read_body else None,
                headers=headers,
                timeout=TIMEOUT,
                allow_redirects=False,
            ) as upstream:
                return await _answer(request, upstream)
        except (ClientError, TimeoutError, OSError) as error:
            if request.transport is None or request.transport.is_closing():
                raise
            raise UpstreamFailed(
                "service_away", f"The {service} service does not answer; try again in a moment.", 2
            ) from error

    def _target(self, request: web.Request) -> tuple[Service, URL]:
        """Whose the path is, as it was written: what is encoded stays encoded.

        Dot segments and encoded slashes are refused. A service would read them as another path.
        """
        raw = request.rel_url.raw_path.removeprefix("/api/")
        first, slash, rest = raw.partition("/")
        if first not in PREFIXES or request.method not in METHODS or ODD_PATH.search(raw):
            raise NotFound("unknown_path", f"There is nothing at {request.path[:200]}.")
        service, path = PREFIXES[first]
        target = self.urls[service].with_path(f"{path}{slash}{rest}", encoded=True)
        return service, target.with_query(request.query)


async def _body(request: web.Request) -> AsyncIterator[bytes]:
    async for chunk in request.content.iter_chunked(CHUNK_BYTES):
        yield chunk


async def _answer(request: web.Request, upstream: ClientResponse) -> web.StreamResponse:
    headers = CIMultiDict(_kept(upstream.headers, REPLY_HEADERS))
    if request_id := telemetry.request_id():
        headers[telemetry.REQUEST_ID_HEADER] = request_id
    length = upstream.content_length
    if length is not None and length <= SMALL_BYTES:
        return web.Response(status=upstream.status, body=await upstream.read(), headers=headers)
    if length is not None:
        headers["Content-Length"] = str(length)
    response = web.StreamResponse(status=upstream.status, headers=headers)
    await response.prepare(request)
    async for chunk in upstream.content.iter_any():
        await response.write(chunk)
    await response.write_eof()
    return response


def _kept(headers: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: headers[name] for name in names if name in headers}
