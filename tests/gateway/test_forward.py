"""Forwarding: the right service, as the right actor, and as a stream."""

import asyncio
import hashlib
import os
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from aiohttp import ClientError, ClientSession
from yarl import URL

from libs.actor import Service, Verifier
from libs.contracts.access import Role
from tests.gateway.conftest import PIECES, Behind
from tests.trust import Trust


@pytest.mark.parametrize(
    ("path", "service", "there"),
    [
        ("/api/analyses/7", "qc", "/v1/analyses/7"),
        ("/api/profiles?client=diageo", "profiles", "/v1/profiles?client=diageo"),
        ("/api/all_clients", "profiles", "/v1/clients"),
        ("/api/clients/diageo/resolve/x_v2", "profiles", "/v1/clients/diageo/resolve/x_v2"),
        ("/api/reports/usage?last_days=3", "usage", "/v1/reports/usage?last_days=3"),
        ("/api/entries", "usage", "/v1/entries"),
    ],
)
async def test_path_goes_to_its_owner_with_a_passport_for_it_alone(
    editor: ClientSession, behind: Behind, trust: Trust, path: str, service: Service, there: str
) -> None:
    async with editor.get(path) as response:
        assert (await response.json())["path"] == there

    token = behind.seen[-1]["Authorization"].removeprefix("Bearer ")
    actor = Verifier(service, trust.keys).actor(token, datetime.now(UTC))
    assert (actor.subject, actor.clients["diageo"]) == ("editor", Role.EDITOR)


@pytest.mark.parametrize(
    "path",
    [
        "/api/events",
        "/api/nothing",
        "/api/v1",
        "/api/..%2fhealthz",
        "/api/analyses/..%2f..%2fmetrics",
        "/api/analyses/%2e%2e/%2E%2E/metrics",
        "/api/prices/%2e%2e/events",
        "/api/analyses/.%2e/x",
        "/api/analyses//metrics",
        "/api/analyses/%5c..%5cmetrics",
        "/api/analyses/a%00b",
    ],
)
async def test_path_that_nobody_owns_is_not_passed_on(
    editor: ClientSession, gateway: URL, behind: Behind, path: str
) -> None:
    async with editor.get(gateway.join(URL(path, encoded=True))) as response:
        assert response.status == 404
    assert behind.seen == []


async def test_encoded_name_arrives_as_it_was_written(editor: ClientSession, gateway: URL) -> None:
    path = "/api/profiles/caf%C3%A9%20%25"
    async with editor.get(gateway.join(URL(path, encoded=True))) as response:
        assert (await response.json())["path"] == "/v1/profiles/caf%C3%A9%20%25"


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "CONNECT", "M-SEARCH"])
async def test_odd_method_is_not_passed_on(
    editor: ClientSession, behind: Behind, method: str
) -> None:
    async with editor.request(method, "/api/profiles") as response:
        assert response.status in (400, 404, 405)
    assert behind.seen == []


async def test_answer_that_breaks_off_behind_breaks_off_in_front(editor: ClientSession) -> None:
    with pytest.raises(ClientError):
        async with editor.get("/api/analyses/broken/file") as response:
            assert response.status == 200
            await response.read()


async def test_identity_from_outside_is_dropped(editor: ClientSession, behind: Behind) -> None:
    forged = {
        "Authorization": "Bearer forged",
        "X-User": "admin",
        "X-Forwarded-User": "admin",
        "X-Forwarded-For": "10.0.0.1",
        "Forwarded": "for=10.0.0.1",
    }
    async with editor.get("/api/profiles", headers=forged):
        pass

    seen = behind.seen[-1]
    assert "forged" not in seen["Authorization"]
    assert not [name for name in (*forged, "Cookie") if name != "Authorization" and name in seen]


async def test_cookies_and_server_names_stay_behind(editor: ClientSession) -> None:
    async with editor.get("/api/profiles") as response:
        assert "Set-Cookie" not in response.headers
        assert "secret" not in response.headers.get("Server", "")
        assert response.headers["ETag"] == '"e1"'


async def test_one_request_id_goes_all_the_way(editor: ClientSession, behind: Behind) -> None:
    async with editor.get("/api/profiles", headers={"X-Request-Id": "abc-12345678"}) as response:
        assert response.headers["X-Request-Id"] == "abc-12345678"
    assert behind.seen[-1]["X-Request-Id"] == "abc-12345678"


async def test_large_body_arrives_whole(editor: ClientSession) -> None:
    body = os.urandom(5 << 20)
    async with editor.post("/api/analyses", data=body) as response:
        assert response.status == 202
        told = await response.json()

    assert told == {"sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}


async def test_body_of_unknown_length_arrives_whole(editor: ClientSession) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"x" * 1000

    async with editor.post("/api/analyses", data=pieces()) as response:
        assert (await response.json())["bytes"] == 10_000


async def test_early_refusal_reaches_a_sender_that_is_not_done(editor: ClientSession) -> None:
    async with editor.post("/api/analyses/refuse", data=os.urandom(2 << 20)) as response:
        assert response.status == 413


async def test_large_answer_arrives_whole(editor: ClientSession) -> None:
    async with editor.get("/api/analyses/7/file") as response:
        assert len(await response.read()) == 3 << 20


async def test_events_arrive_one_by_one(editor: ClientSession, behind: Behind) -> None:
    arrivals: list[float] = []
    headers = {"Last-Event-ID": "3"}
    async with editor.get("/api/analyses/7/events", headers=headers) as response:
        assert response.content_type == "text/event-stream"
        async for line in response.content:
            if line.startswith(b"id: "):
                arrivals.append(time.monotonic())

    assert len(arrivals) == PIECES
    assert arrivals[-1] - arrivals[0] > 0.1, "they were kept back and sent together"
    assert behind.seen[-1]["Last-Event-ID"] == "3"


async def test_listener_that_leaves_frees_the_service(
    editor: ClientSession, behind: Behind
) -> None:
    async with editor.get("/api/analyses/endless/events") as response:
        await response.content.readline()
        response.close()

    await asyncio.wait_for(behind.gone.wait(), 5)


async def test_service_that_is_away_is_a_clear_answer(
    editor: ClientSession, behind: Behind
) -> None:
    await behind.server.stop()

    async with editor.get("/api/profiles") as response:
        assert response.status == 502
        document = await response.json(content_type=None)
    assert document["code"] == "service_away"
    assert "profiles" in document["detail"]


async def test_address_opened_in_a_browser_says_what_is_here(browser: ClientSession) -> None:
    async with browser.get("/") as response:
        assert response.content_type == "text/html"
        assert "AI QC is running" in await response.text()
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
