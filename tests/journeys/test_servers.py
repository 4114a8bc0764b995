"""Servers of one's own beside OpenAI and Gemini: named in a check, kept in the ledger."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

from aiohttp import ClientSession, CookieJar
from pydantic import SecretStr

from deploy.database import Dsns
from deploy.sample import Sample
from libs.api.gateway import GatewayApi
from tests.fake_providers import FakeProviders, Scripted
from tests.house import open_house
from tests.journeys.following import ended, entries_of
from tests.trust import Trust

LOCAL, FAR = "local/llava-1.6", "far/pixtral:large"
QUESTION = "Is the headline clear of the edge? Passes when it is."


async def test_a_check_is_asked_at_the_servers_that_it_names(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path, sample: Sample
) -> None:
    check = {"kind": "judged", "prompt": QUESTION, "models": [LOCAL, FAR]}
    profile = {"name": "Own servers", "checks": {"headline_edge": check}}
    async with FakeProviders() as local, FakeProviders() as far, AsyncExitStack() as stack:
        local.answer_with(Scripted(status=401, times=0))
        settings = {
            "servers": {"local": local.openai_base_url, "far": far.openai_base_url},
            "server_keys": {"far": SecretStr("key-of-far")},
        }
        house = await stack.enter_async_context(open_house(dsns, trust, tmp_path, None, **settings))
        session = await stack.enter_async_context(ClientSession(cookie_jar=CookieJar(unsafe=True)))
        api = GatewayApi(session, house.url("gateway"))
        await api.sign_in("admin")
        async with session.post(house.url("gateway") / "api/profiles", json=profile) as kept:
            assert kept.status == 201, await kept.text()
        analysis_id = await api.analyse(sample.creative, "diageo", "own_servers")
        analysis = await ended(api, analysis_id)
        async with asyncio.timeout(20):
            while len(entries := await entries_of(house, analysis_id)) < 2:
                await asyncio.sleep(0.1)

    [result] = analysis.checks
    assert result.state in ("passed", "failed")
    assert result.model_served == "pixtral:large"
    assert [entry.provider for entry in entries] == ["local", "far"]
    ours = {str(entry.event_id) for entry in entries}
    assert ours == {call.attempt_id for call in (*local.calls, *far.calls)}
    assert "Authorization" not in local.requests[0][0]
    assert far.requests[0][0]["Authorization"] == "Bearer key-of-far"
