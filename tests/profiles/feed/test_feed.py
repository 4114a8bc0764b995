"""The change feed: nothing lost, nothing twice, nothing that is not the listener's."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from libs.contracts.access import Action, Actor
from libs.contracts.feed import ProfileEvent
from libs.postgres import Connection, Pool, transaction
from libs.problems import TooMany
from services.profiles.app import create_app
from services.profiles.feed.feed import Feed
from services.profiles.feed.handlers import FEED
from services.profiles.settings import ProfilesSettings
from tests.factories import service
from tests.profiles.conftest import ADMIN, EDITOR, STRANGER, VIEWER, Api
from tests.profiles.factories import draft, draft_for
from tests.trust import Trust

EVENTS = "/v1/profile-events"


class Listener:
    """Reads server-sent events as a browser does."""

    def __init__(self, lines: Any) -> None:
        self._lines = lines
        self.last_id = ""

    async def next(self, within_s: float = 10.0) -> dict[str, Any]:
        fields: dict[str, str] = {}
        async with asyncio.timeout(within_s):
            while line := (await self._lines.readline()).decode():
                name, colon, value = line.rstrip("\n").partition(": ")
                if colon and name:
                    fields[name] = value
                elif "data" in fields:
                    event: dict[str, Any] = json.loads(fields["data"])
                    assert (str(event["seq"]), event["kind"]) == (fields["id"], fields["event"])
                    self.last_id = fields["id"]
                    return event
        raise EOFError

    async def take(self, count: int) -> list[tuple[str, str, int]]:
        events = [await self.next() for _ in range(count)]
        return [(one["kind"], one["object_id"], one["revision"]) for one in events]


@asynccontextmanager
async def listening(
    api: Api, actor: Actor = ADMIN, last_id: str = "", query: str = ""
) -> AsyncIterator[Listener]:
    """Connected, and told so."""
    headers = {"Authorization": api._trust.bearer("profiles", actor)}
    headers |= {"Last-Event-ID": last_id} if last_id else {}
    async with api.http.get(EVENTS + query, headers=headers) as response:
        assert response.status == 200, await response.text()
        assert response.content_type == "text/event-stream"
        listener = Listener(response.content)
        assert (await listener.next())["kind"] == "ready"
        yield listener


async def test_listener_is_told_of_every_change_from_now_on(api: Api) -> None:
    await api.create(draft(name="Before"))
    async with listening(api) as listener:
        await api.create(draft())
        await api.save("my_profile", name="Renamed")
        await api.call("PUT", "/v1/clients/diageo/brand", EDITOR, {"words": ["Smirnoff"]})

        created = await listener.next()
        rest = await listener.take(2)

    assert (created["kind"], created["profile_id"], created["actor"]) == (
        "profile.create", "my_profile", "ada",
    )  # fmt: skip
    assert rest == [("profile.save", "my_profile", 2), ("brand.save", "diageo", 1)]


async def test_saved_version_is_named_by_its_id(api: Api) -> None:
    await api.create(draft())
    async with listening(api) as listener:
        await api.save("my_profile", name="Renamed")
        event = await listener.next()

    assert (event["profile_id"], event["version"]) == ("my_profile_v2", 2)
    assert "details" not in event


async def test_listener_that_comes_back_misses_nothing_and_hears_nothing_twice(api: Api) -> None:
    await api.create(draft())
    async with listening(api) as listener:
        await api.save("my_profile", pass_threshold=1)
        await listener.take(1)
    await api.save("my_profile", pass_threshold=2)
    await api.save("my_profile", pass_threshold=3)

    async with listening(api, last_id=listener.last_id) as again:
        assert await again.take(2) == [
            ("profile.save", "my_profile", 3),
            ("profile.save", "my_profile", 4),
        ]
        with pytest.raises(TimeoutError):
            await again.next(within_s=1.5)


async def test_whole_past_is_told_from_number_0(api: Api) -> None:
    everything = (await api.get("/v1/audit/verify")).json["rows"]

    async with listening(api, query="?after=0") as listener:
        told = await listener.take(everything)

    assert len(set(told)) == everything


async def test_number_that_was_never_drawn_means_from_now_on(api: Api) -> None:
    async with listening(api, last_id="999999999") as listener:
        assert int(listener.last_id) < 999_999_999
        await api.create(draft())
        assert await listener.take(1) == [("profile.create", "my_profile", 1)]


async def test_listener_is_told_of_what_it_may_see_only(api: Api) -> None:
    async with listening(api, VIEWER) as listener:
        await api.create(draft_for("loreal", name="Foreign"), STRANGER)
        await api.call("PUT", "/v1/clients/loreal/brand", ADMIN, {"words": ["Elvive"]})
        await api.create(draft_for("diageo", name="Mine"))
        await api.create(draft(name="Of all"))

        assert await listener.take(2) == [
            ("profile.create", "mine", 1),
            ("profile.create", "of_all", 1),
        ]


@pytest.mark.parametrize("query", ["?after=-1", "?after=x", "?after=" + "9" * 30, "?since=1"])
async def test_bad_place_to_start_is_refused(api: Api, query: str) -> None:
    answer = await api.get(EVENTS + query)

    assert (answer.status, answer.json["code"]) == (422, "bad_query")


async def test_it_takes_the_right_to_read_profiles(api: Api) -> None:
    assert (await api.get(EVENTS, service(Action.READ_USAGE))).status == 403
    async with api.http.get(EVENTS) as response:
        assert response.status == 401


async def add(db: Connection, object_id: str) -> None:
    await db.execute(
        "INSERT INTO audit_event (object_kind, object_id, revision, actor, action, after_hash, "
        "details) VALUES ('client', $1, 1, 'x', 'client.create', 'x', '{}')",
        object_id,
    )


async def test_change_that_commits_late_is_told_before_those_with_higher_numbers(
    api: Api, run: Pool
) -> None:
    async with listening(api) as listener:
        async with transaction(run) as late:
            await add(late, "first")
            async with transaction(run) as early:
                await add(early, "second")
            with pytest.raises(TimeoutError):
                await listener.next(within_s=2.0)

        assert await listener.take(2) == [
            ("client.create", "first", 1),
            ("client.create", "second", 1),
        ]


async def test_change_that_was_taken_back_holds_nothing_up(api: Api, run: Pool) -> None:
    async with listening(api) as listener:
        with pytest.raises(ZeroDivisionError):
            async with transaction(run) as db:
                await add(db, "never")
                raise ZeroDivisionError
        async with transaction(run) as db:
            await add(db, "there")

        assert await listener.take(1) == [("client.create", "there", 1)]


async def test_nothing_is_lost_or_told_twice_among_many_writers(api: Api, run: Pool) -> None:
    """Writers that hold their transactions open for odd times; the listener comes and goes."""
    names = [f"c{number}" for number in range(120)]

    async def write(number: int) -> None:
        async with transaction(run) as db:
            await add(db, names[number])
            await asyncio.sleep((number * 7919 % 50) / 200)

    async def listen() -> list[str]:
        heard: list[str] = []
        last_id = start
        while len(heard) < len(names):
            async with listening(api, last_id=last_id) as listener:
                for _ in range(min(17, len(names) - len(heard))):
                    heard.append((await listener.next())["object_id"])
                last_id = listener.last_id
        return heard

    async with listening(api) as listener:
        start = listener.last_id
    async with asyncio.TaskGroup() as group:
        heard = group.create_task(listen())
        for number in range(len(names)):
            group.create_task(write(number))

    assert sorted(heard.result()) == sorted(names)


async def test_two_processes_tell_the_same(
    api: Api, settings: ProfilesSettings, trust: Trust
) -> None:
    async with TestClient(TestServer(create_app(settings))) as http:
        other = Api(http, trust)
        async with listening(other) as listener:
            await api.create(draft())
            assert await listener.take(1) == [("profile.create", "my_profile", 1)]
        await api.save("my_profile", name="Renamed")
        async with listening(api, last_id=listener.last_id) as again:
            assert await again.take(1) == [("profile.save", "my_profile", 2)]


async def test_stream_ends_when_the_service_stops(api: Api) -> None:
    async with listening(api) as listener:
        api.http.app[FEED].stop()
        with pytest.raises(EOFError):
            await listener.next(within_s=5.0)


async def test_listeners_are_bounded_and_a_place_is_free_again_when_one_leaves(
    api: Api, run: Pool
) -> None:
    feed = Feed(run, max_listeners=1)
    async with aclosing(feed.listen(None, None)) as first:
        ready = await anext(first)
        assert isinstance(ready, ProfileEvent) and ready.kind == "ready"
        async with aclosing(feed.listen(None, None)) as second:
            with pytest.raises(TooMany):
                await anext(second)
    async with aclosing(feed.listen(None, None)) as third:
        assert await anext(third)


async def test_listener_that_left_frees_its_place(api: Api) -> None:
    feed = api.http.app[FEED]
    async with listening(api):
        assert feed._listeners == 1
    await api.create(draft())

    async with asyncio.timeout(15):
        while feed._listeners:
            await asyncio.sleep(0.1)
