"""The way to one configured server: aiohttp under the SDKs' httpx2.

It costs half the CPU of httpx2's own, and it tells what was sent from what was not: a call
that left may have been billed. The aiohttp client that comes with the openai SDK reports a
connection that broke in the middle as one that was never made.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx2
from yarl import URL

from services.qc.providers.bodies import Body, carried_now

MAX_ANSWER_BYTES = 16 << 20
MOST_CONNECTIONS = 1_000
CONNECT_TIMEOUT_S = 10.0
_NOT_PASSED_ON = (b"content-encoding", b"content-length", b"transfer-encoding", b"set-cookie")
_SET_HERE = ("content-length", "transfer-encoding")


class Transport(httpx2.AsyncBaseTransport):
    """Speaks to the origin of `base_url` and to no other, and follows no redirect.

    Each call has a connection of its own: an answer that came twice over a shared one would be
    taken for that of the next call, with its usage. How many calls are in flight is decided
    above it: MOST_CONNECTIONS is only a stop. A proxy of the environment is used as everywhere,
    but never for loopback. With `only_headers`, no other is sent: SDKs add some from the
    environment. Open it inside a loop.
    """

    def __init__(self, base_url: str, only_headers: Collection[str] | None = None) -> None:
        url = httpx2.URL(base_url)
        self._only_headers = only_headers
        self._origin = _origin(url)
        self._proxy = _proxy(url)
        # A certificate store takes a tenth of a second to load.
        ssl = httpx2.create_ssl_context() if url.scheme == "https" else True
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=MOST_CONNECTIONS, ssl=ssl, force_close=True),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if _origin(request.url) != self._origin:
            raise httpx2.UnsupportedProtocol("this host is not the configured one")
        carried = carried_now()
        body = carried.body(request.content)
        with _as_httpx2():
            async with self._session.request(
                request.method,
                URL(str(request.url), encoded=True),
                headers=self._headers(request, body),
                data=carried.chunks(body) if body.size_bytes else None,
                proxy=self._proxy,
                allow_redirects=False,
                timeout=_timeout(request),
            ) as answer:
                return httpx2.Response(
                    answer.status,
                    headers=[
                        (name, value)
                        for name, value in answer.raw_headers
                        if name.lower() not in _NOT_PASSED_ON
                    ],
                    content=await _whole(answer),
                    request=request,
                )

    def _headers(self, request: httpx2.Request, body: Body) -> list[tuple[str, str]]:
        passed = [
            (name, value)
            for name, value in request.headers.multi_items()
            if name.lower() not in _SET_HERE
            and (self._only_headers is None or name.lower() in self._only_headers)
        ]
        return [*passed, ("content-length", str(body.size_bytes))]

    async def aclose(self) -> None:
        await self._session.close()


class Client(httpx2.AsyncClient):
    """What an SDK is given to send with: no cookies, no redirects, no address but a whole one.

    httpx2 looks for all of these on each call anew, which takes a tenth of all that a call does.
    """

    def __init__(self, transport: Transport) -> None:
        super().__init__(transport=transport, follow_redirects=False, trust_env=False)
        self._sends_by = transport
        self._by_default = self.headers.multi_items()

    def build_request(self, method: str, url: httpx2.URL | str, **given: Any) -> httpx2.Request:
        more = {name for name, value in given.items() if value is not None}
        if more != {"content", "headers", "timeout"}:
            return super().build_request(method, url, **given)
        headers = given["headers"]
        named = [*(headers.items() if isinstance(headers, Mapping) else headers)]
        names = {name.lower() for name, _ in named}
        own = [(name, value) for name, value in self._by_default if name not in names]
        return httpx2.Request(
            method,
            url,
            headers=[*own, *named],
            content=given["content"],
            extensions={"timeout": httpx2.Timeout(given["timeout"]).as_dict()},
        )

    async def send(self, request: httpx2.Request, **_how: Any) -> httpx2.Response:
        return await self._sends_by.handle_async_request(request)


def http_client(base_url: str, only_headers: Collection[str] | None = None) -> httpx2.AsyncClient:
    return Client(Transport(base_url, only_headers))


def _origin(url: httpx2.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port or {"https": 443, "http": 80}.get(url.scheme)


def _proxy(url: httpx2.URL) -> str | None:
    if url.host in ("localhost", "127.0.0.1", "::1") or proxy_bypass(url.host):
        return None
    proxies = getproxies()
    return proxies.get(url.scheme) or proxies.get("all")


def _timeout(request: httpx2.Request) -> aiohttp.ClientTimeout:
    steps = request.extensions.get("timeout") or {}
    connect_s = steps.get("connect")
    return aiohttp.ClientTimeout(
        total=None,
        sock_connect=min(CONNECT_TIMEOUT_S, connect_s or CONNECT_TIMEOUT_S),
        sock_read=steps.get("read"),
    )


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    """The answer, unpacked; more of it than any answer has is taken for a broken one."""
    parts, size_bytes = [], 0
    async for part in answer.content.iter_any():
        size_bytes += len(part)
        if size_bytes > MAX_ANSWER_BYTES:
            raise httpx2.ReadError("the answer is far too long")
        parts.append(part)
    return b"".join(parts)


@contextmanager
def _as_httpx2() -> Iterator[None]:
    """aiohttp's errors as the SDKs know them: what matters is whether the request had left."""
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx2.ConnectTimeout(str(error)) from None
    except (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError) as error:
        raise httpx2.ConnectError(str(error)) from None
    except aiohttp.ServerTimeoutError as error:
        raise httpx2.ReadTimeout(str(error)) from None
    except (aiohttp.ClientError, ConnectionError) as error:
        raise httpx2.ReadError(str(error)) from None
