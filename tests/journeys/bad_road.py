"""A road to the ledger on which deliveries come twice, late or not at all, and answers get lost."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle

from aiohttp import ClientError, ClientSession, web

from tests.serving import Serving

LATE_S = 0.5
LUCK = ("answer lost", "twice", "never arrives", "late", "fine")
"""In turn. Only events are sent on the bad road, questions arrive."""

_NOT_PASSED_ON = {"host", "content-length", "transfer-encoding", "connection"}


class BadRoad:
    """Passes on to `ledger`; `happened` counts what became of the deliveries."""

    def __init__(self, session: ClientSession) -> None:
        self.ledger = ""
        self.happened: Counter[str] = Counter()
        self._luck = cycle(LUCK)
        self._session = session

    async def handle(self, request: web.Request) -> web.StreamResponse:
        luck = next(self._luck) if request.method == "POST" else "fine"
        self.happened[luck] += 1
        if luck == "late":
            await asyncio.sleep(LATE_S)
        if luck == "never arrives":
            return _hung_up(request)
        body = await request.read()
        answers = [await self._passed_on(request, body) for _ in range(1 + (luck == "twice"))]
        return _hung_up(request) if luck == "answer lost" else answers[-1]

    async def _passed_on(self, request: web.Request, body: bytes) -> web.StreamResponse:
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _NOT_PASSED_ON}
        url = f"{self.ledger.rstrip('/')}{request.rel_url}"
        try:
            async with self._session.request(
                request.method, url, data=body, headers=headers
            ) as answer:
                return web.Response(
                    body=await answer.read(),
                    status=answer.status,
                    content_type=answer.content_type,
                )
        except (ClientError, OSError):
            return _hung_up(request)


def _hung_up(request: web.Request) -> web.StreamResponse:
    if request.transport:
        request.transport.close()
    return web.Response()


@asynccontextmanager
async def bad_road() -> AsyncIterator[tuple[BadRoad, str]]:
    """The road and its address."""
    async with ClientSession() as session:
        road = BadRoad(session)
        app = web.Application(client_max_size=64 << 20)
        app.router.add_route("*", "/{path:.*}", road.handle)
        async with Serving(app) as serving:
            yield road, str(serving.url)
