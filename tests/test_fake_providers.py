"""The fake providers as a process of their own: scripted and read over HTTP."""

import asyncio
import sys
from collections.abc import AsyncIterator

import aiohttp
import pytest


@pytest.fixture
async def url() -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.fake_providers", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    yield (await asyncio.wait_for(process.stdout.readline(), 20)).decode().strip()
    process.terminate()
    await process.wait()


async def test_a_script_comes_in_and_the_bill_goes_out_over_http(url: str) -> None:
    answers = [{"status": 500, "contains": "logo"}, {"text": "{}", "delay_s": 0.01}]
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Is the logo there?"}]}
    async with aiohttp.ClientSession(headers={"X-Client-Request-Id": "attempt-1"}) as web:
        await web.post(f"{url}/_script", json={"reset": True, "answers": answers})
        failed = await web.post(f"{url}/v1/chat/completions", json=body)
        answered = await web.post(f"{url}/v1/chat/completions", json=body)
        usage = (await answered.json())["usage"]
        bill = await (await web.get(f"{url}/_billed")).json()
        calls = await (await web.get(f"{url}/_calls")).json()

    assert (failed.status, answered.status) == (500, 200)
    assert len(calls["calls"]) == 2
    (billed,) = bill["billed"]
    assert (billed["attempt_id"], billed["provider"]) == ("attempt-1", "openai")
    assert (billed["model"], billed["usage"], billed["fully_sent"]) == ("gpt-4o", usage, True)


async def test_the_same_request_costs_the_same_every_time(url: str) -> None:
    body = {"contents": [{"parts": [{"text": "Is the logo there?"}]}]}
    async with aiohttp.ClientSession() as web:
        path = f"{url}/v1beta/models/gemini-2.5-pro:generateContent"
        first = await (await web.post(path, json=body)).json()
        second = await (await web.post(path, json=body)).json()

    assert first == second
    counts = first["usageMetadata"]
    parts = ("promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount")
    assert counts["totalTokenCount"] == sum(counts[part] for part in parts)
