"""Webhooks to a real receiver: signed, tried again, never led elsewhere."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import ClientTimeout, web

from libs.contracts.campaigns import CampaignEnded, WebhookState
from libs.postgres import Pool, transaction
from services.qc.campaigns import webhooks
from services.qc.campaigns.sums import webhooks as states
from services.qc.campaigns.webhooks import Webhooks, enqueue, open_session
from services.qc.domain.webhook import AllowedHosts, signed_headers
from tests.qc.campaigns.factories import stored
from tests.serving import Serving

KEYS = [b"k" * 24]
AT_ONCE = (timedelta(),) * 3
Answer = Callable[[web.Request], web.Response]


@dataclass
class Receiver:
    """Answers as scripted, with 200 when the script is empty, and remembers what came."""

    script: list[Answer] = field(default_factory=list)
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    async def post(self, request: web.Request) -> web.Response:
        self.calls.append((dict(request.headers), await request.read()))
        return self.script.pop(0)(request) if self.script else web.Response()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"


def status(code: int, **headers: str) -> Answer:
    return lambda _request: web.Response(status=code, headers=headers)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/{tail:.*}", receiver.post)
    async with Serving(app) as serving:
        receiver.port = serving.port
        yield receiver


@asynccontextmanager
async def opened(
    pool: Pool, *private: str, public: frozenset[str] = frozenset()
) -> AsyncIterator[Webhooks]:
    hosts = AllowedHosts(public, frozenset(private))
    async with open_session(hosts) as session:
        yield Webhooks(pool, session, hosts, KEYS, AT_ONCE)


async def due(pool: Pool, url: str) -> Callable[[], Awaitable[WebhookState]]:
    """A campaign that has ended with a webhook; returns how to ask what became of that."""
    row = await stored(pool, state="done", webhook_url=url)
    async with transaction(pool, ["diageo"]) as db:
        await enqueue(db, row, datetime.now(UTC))

    async def state() -> WebhookState:
        async with transaction(pool, ["diageo"]) as db:
            return (await states(db, [row]))[row.campaign_id]

    return state


async def test_message_is_signed_and_sent_once(pool: Pool, receiver: Receiver) -> None:
    state = await due(pool, receiver.url)
    async with opened(pool, receiver.host) as hooks:
        sent = [await hooks.send_one() for _ in range(3)]

    [(headers, body)] = receiver.calls
    told = CampaignEnded.model_validate_json(body)
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    assert sent == [True, False, False]
    assert (told.type, told.data.state, told.data.cells.total) == ("campaign.finished", "done", 2)
    assert signed_headers(headers["webhook-id"], at, body, KEYS).items() <= headers.items()
    assert abs(datetime.now(UTC) - at) < timedelta(seconds=30)
    assert headers["Content-Type"] == "application/json"
    assert (await state()).state == "delivered"


async def test_failure_is_tried_again_with_the_same_message(pool: Pool, receiver: Receiver) -> None:
    receiver.script = [status(500), status(404)]
    state = await due(pool, receiver.url)
    async with opened(pool, receiver.host) as hooks:
        await hooks.send_one()
        between = await state()
        while await hooks.send_one():
            pass

    assert (between.state, between.error, between.tries) == ("waiting", "It answered 500.", 1)
    assert len(receiver.calls) == 3
    assert len({(headers["webhook-id"], body) for headers, body in receiver.calls}) == 1
    after = await state()
    assert (after.state, after.error, after.tries) == ("delivered", None, 3)


@pytest.mark.parametrize(("answers", "tries"), [([status(500)] * 9, 4), ([status(410)], 1)])
async def test_receiver_that_never_takes_it_is_given_up(
    pool: Pool, receiver: Receiver, answers: list[Answer], tries: int
) -> None:
    receiver.script = list(answers)
    state = await due(pool, receiver.url)
    async with opened(pool, receiver.host) as hooks:
        while await hooks.send_one():
            pass

    assert len(receiver.calls) == tries
    assert ((await state()).state, (await state()).tries) == ("given_up", tries)


@pytest.mark.parametrize("code", [301, 302, 307, 308])
async def test_redirect_is_not_followed(pool: Pool, receiver: Receiver, code: int) -> None:
    receiver.script = [status(code, Location=f"{receiver.url}/elsewhere")]
    state = await due(pool, receiver.url)
    async with opened(pool, receiver.host) as hooks:
        await hooks.send_one()

    assert len(receiver.calls) == 1
    assert (await state()).error == f"It answered {code}; redirects are not followed."


async def test_host_that_is_no_longer_configured_is_not_called(
    pool: Pool, receiver: Receiver
) -> None:
    state = await due(pool, receiver.url)
    async with opened(pool) as hooks:
        await hooks.send_one()

    assert receiver.calls == []
    assert "may not go to" in ((await state()).error or "")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_name_that_leads_inside_is_refused_when_it_is_looked_up(
    pool: Pool, receiver: Receiver, host: str
) -> None:
    """Whatever it led to when the campaign was made: names change hands in a second."""
    name = f"{host}:{receiver.port}"
    state = await due(pool, f"https://{name}/hook")
    async with opened(pool, public=frozenset({name})) as hooks:
        await hooks.send_one()

    assert receiver.calls == []
    assert (await state()).state == "waiting"
    assert (await state()).error in (
        "It cannot be reached.",
        f"{host} is an address inside a network.",
    )


async def test_name_inside_may_be_called_when_the_settings_say_so(
    pool: Pool, receiver: Receiver
) -> None:
    url = receiver.url.replace("127.0.0.1", "localhost")
    state = await due(pool, url)
    async with opened(pool, f"localhost:{receiver.port}") as hooks:
        await hooks.send_one()

    assert (await state()).state == "delivered"


async def test_receiver_that_is_not_there_is_an_error_without_addresses(pool: Pool) -> None:
    state = await due(pool, "http://127.0.0.1:1/hook")
    async with opened(pool, "127.0.0.1:1") as hooks:
        await hooks.send_one()

    assert (await state()).error == "It cannot be reached."


async def test_sender_that_dies_in_the_middle_leaves_it_due_again(
    pool: Pool, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "TRY_FOR", timedelta())
    state = await due(pool, receiver.url)

    async with opened(pool, receiver.host) as hooks:
        await hooks._claim()  # and it never comes back
        assert (await state()).state == "waiting"
        await hooks.send_one()

    assert len(receiver.calls) == 1
    assert ((await state()).state, (await state()).tries) == ("delivered", 2)


async def test_two_senders_do_not_send_it_twice(pool: Pool, receiver: Receiver) -> None:
    await due(pool, receiver.url)
    async with opened(pool, receiver.host) as one, opened(pool, receiver.host) as other:
        await asyncio.gather(*(hooks.send_one() for hooks in (one, other) for _ in range(4)))

    assert len(receiver.calls) == 1


async def test_what_a_receiver_sends_back_is_kept_nowhere(pool: Pool, receiver: Receiver) -> None:
    receiver.script = [lambda _r: web.Response(status=500, text="<b>secret</b>" * 1000)]
    state = await due(pool, receiver.url)
    async with opened(pool, receiver.host) as hooks:
        await hooks.send_one()

    assert json.loads((await state()).model_dump_json())["error"] == "It answered 500."


async def test_receiver_that_never_answers_holds_nobody_up(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "TIMEOUT", ClientTimeout(total=0.3))

    async def say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    state = await due(pool, f"http://127.0.0.1:{port}/hook")
    async with asyncio.timeout(5), opened(pool, f"127.0.0.1:{port}") as hooks:
        await hooks.send_one()
    server.close()

    assert (await state()).error == "It did not answer within 0.3 s."


async def test_answer_without_an_end_is_not_read(pool: Pool) -> None:
    sent = 0

    async def for_ever(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        with suppress(ConnectionError):
            while sent < 200:
                writer.write(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
                await writer.drain()
                sent += 1

    server = await asyncio.start_server(for_ever, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    state = await due(pool, f"http://127.0.0.1:{port}/hook")
    async with asyncio.timeout(5), opened(pool, f"127.0.0.1:{port}") as hooks:
        await hooks.send_one()
    server.close()

    assert (await state()).state == "delivered"
    assert sent < 200, "the connection was closed long before the end"
