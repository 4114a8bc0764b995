"""A small GET through the gateway, with all that it does for a request, beside the direct way."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from http.cookies import BaseCookie

from aiohttp import ClientSession, CookieJar
from yarl import URL

from libs.api.gateway import GatewayApi
from tests.bench import load
from tests.bench.board import ROUNDS, Board, at_least, at_most, in_turn, typical
from tests.bench.load import Load
from tests.bench.plain_backend import BODY
from tests.bench.running import Running
from tests.factories import admin
from tests.trust import Trust

BENCH = "gateway"
CONNECTIONS = 32
REQUESTS = 960
SINGLE_REQUESTS = 200
NGINX_OF_DIRECT = 0.89
"""What nginx kept of the direct rate where PERFORMANCE.md was measured; it is not needed here."""

HOUR = timedelta(hours=1)
Headers = dict[str, str]


async def test_gateway_beside_the_service_direct(
    running: Running, trust: Trust, board: Board
) -> None:
    profiles = running.start("profiles")
    plain = running.start_module("usage", "tests.bench.plain_backend", "/readyz")
    gateway = running.start("gateway")
    cookie = await _signed_in(gateway.url)
    passport = {"Authorization": trust.bearer("profiles", admin(), life=HOUR)}
    asked: Mapping[str, tuple[URL, Headers]] = {
        "plain": (plain.url / "v1/entries", {}),
        "plain through": (gateway.url / "api/entries", cookie),
        "service": (profiles.url / "v1/clients", passport),
        "service through": (gateway.url / "api/clients", cookie),
    }
    await _answers_are_equal(asked)
    for url, headers in asked.values():
        await load.get(url, headers, CONNECTIONS, 10 * CONNECTIONS)
    cpu_s = gateway.cpu_s()
    many = await in_turn({name: _many(*where) for name, where in asked.items()})
    cpu_us = (gateway.cpu_s() - cpu_s) / (2 * ROUNDS * REQUESTS) * 1e6
    single = await in_turn({name: _single(*where) for name, where in asked.items()})
    _write(board, many, single, cpu_us)


def _many(url: URL, headers: Headers) -> Callable[[], Awaitable[Load]]:
    return lambda: load.get(url, headers, CONNECTIONS, REQUESTS)


def _single(url: URL, headers: Headers) -> Callable[[], Awaitable[Load]]:
    return lambda: load.get(url, headers, 1, SINGLE_REQUESTS)


async def _signed_in(url: URL) -> Headers:
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        await GatewayApi(session, url).sign_in("admin")
        kept: BaseCookie[str] = session.cookie_jar.filter_cookies(url)
    return {"Cookie": "; ".join(f"{name}={morsel.value}" for name, morsel in kept.items())}


async def _answers_are_equal(asked: Mapping[str, tuple[URL, Headers]]) -> None:
    """The gateway changes no byte of a body."""
    bodies = {}
    async with ClientSession() as session:
        for name, (url, headers) in asked.items():
            async with session.get(url, headers=headers) as answer:
                assert answer.status == 200, await answer.text()
                bodies[name] = await answer.read()
    assert bodies["plain through"] == bodies["plain"] == BODY
    assert bodies["service through"] == bodies["service"]


def _write(
    board: Board,
    many: Mapping[str, list[Load]],
    single: Mapping[str, list[Load]],
    cpu_us: float,
) -> None:
    rate = {name: typical(taken.per_s for taken in loads) for name, loads in many.items()}
    p50_ms = {
        name: typical(taken.latency_ms(0.5) for taken in loads) for name, loads in single.items()
    }
    p99_ms = typical(taken.latency_ms(0.99) for taken in many["plain through"])
    for name, words in (
        ("plain", "600 B straight from a plain server (ceiling)"),
        ("plain through", "the same through the gateway"),
        ("service", "profiles' clients direct (ceiling)"),
        ("service through", "the same through the gateway"),
    ):
        board.write(BENCH, f"requests/s, {words}", rate[name], ROUNDS)
    share = rate["plain through"] / rate["plain"]
    board.write(BENCH, "× plain server direct", share, ROUNDS, at_least(0.32 * NGINX_OF_DIRECT))
    board.write(BENCH, "× profiles direct", rate["service through"] / rate["service"], ROUNDS)
    for name, words in (("plain", "plain server"), ("service", "profiles")):
        added_ms = p50_ms[f"{name} through"] - p50_ms[name]
        board.write(BENCH, f"added p50 ms, 1 connection, {words}", added_ms, ROUNDS, at_most(0.3))
    board.write(BENCH, f"p99 ms through it, {CONNECTIONS} connections", p99_ms, ROUNDS)
    board.write(BENCH, "own CPU µs/request", cpu_us, ROUNDS)
    board.note(
        BENCH,
        "the limit for requests/s is 0.32 × nginx, taken as 0.89 of direct; two processes, "
        "uploads, LiteLLM and a passport cache are not measured.",
    )
