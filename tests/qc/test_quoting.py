"""Rules of pricing what is expected."""

import asyncio
from decimal import Decimal

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from libs.api.call import Caller
from libs.api.usage import UsageApi
from services.qc.domain.estimate import Expected
from services.qc.domain.routing import ModelRef
from services.qc.quoting import Quotes


async def test_calls_that_are_alike_are_asked_once_even_side_by_side() -> None:
    asked = []

    async def quote(request: web.Request) -> web.Response:
        asked.append(await request.json())
        await asyncio.sleep(0.1)
        return web.json_response({"cost_usd": "0.002", "components": {}, "price_id": "p"})

    app = web.Application()
    app.router.add_post("/v1/prices/quote", quote)
    call = Expected(ModelRef("openai", "gpt-4o"), ("logo",), Decimal(2), 1000, 0, 100)
    async with TestServer(app) as ledger, ClientSession() as session:
        quotes = Quotes(UsageApi(Caller(session, ledger.make_url("/"), lambda: "passport")))
        told = await asyncio.gather(*(quotes.priced(call) for _ in range(40)))

    assert {one.cost_usd for one in told} == {Decimal("0.004")}
    assert len(asked) == 1
