"""Who may replay what, and what may be in an order."""

from pathlib import Path
from uuid import uuid4

import pytest
from aiohttp import ClientSession, CookieJar

from libs.contracts.profiles import ProfileEdit
from libs.contracts.replays import ReplayQuestion
from libs.problems import BadRequest, Conflict, Forbidden, Invalid, NotFound
from tests.house import House
from tests.journeys.replaying import CLIENT, analysed, made, order, replayed

THEIRS = "unilever"
"""The reviewer's client."""
EDIT = ProfileEdit(pass_threshold=99.0)


async def test_replay_of_others_looks_absent_and_a_viewer_may_only_look(
    house_without_keys: House, tmp_path: Path
) -> None:
    async with house_without_keys.signed_in("admin") as admin:
        own = await made(admin, visible_to_clients=["loreal"])
        wanted = order(own, client="loreal", of="client")
        [one] = await analysed(admin, tmp_path, own, "red", client="loreal")
        replay = await replayed(admin, wanted)
    async with house_without_keys.signed_in("viewer") as viewer:
        assert (await viewer.replay(replay.replay_id)).items[0].source_id == one.analysis_id
        for denied in (viewer.start_replay(wanted), viewer.cancel_replay(replay.replay_id)):
            with pytest.raises(Forbidden):
                await denied
    async with house_without_keys.signed_in("reviewer") as stranger:
        for absent in (
            stranger.replay(replay.replay_id),
            stranger.replay_page(replay.replay_id, "html"),
            stranger.cancel_replay(replay.replay_id),
            stranger.start_replay(wanted),
            stranger.estimate_replay(ReplayQuestion(client="loreal", profile=own)),
            stranger.replays("loreal"),
            stranger.start_replay(order(own)),
        ):
            with pytest.raises(NotFound):
                await absent
        assert await stranger.replays() == []


async def test_reviewer_may_replay_a_version_and_no_content_of_their_own(
    house_without_keys: House, tmp_path: Path
) -> None:
    async with house_without_keys.signed_in("admin") as admin:
        profile = await made(admin, visible_to_clients=[THEIRS])
        await analysed(admin, tmp_path, profile, "red", client=THEIRS)
    async with house_without_keys.signed_in("reviewer") as reviewer:
        replay = await replayed(reviewer, order(profile, client=THEIRS))
        with pytest.raises(Forbidden):
            await reviewer.start_replay(order(profile, client=THEIRS, edit=EDIT))
        with pytest.raises(Forbidden):
            await reviewer.estimate_replay(ReplayQuestion(client=THEIRS, draft_id=uuid4()))

    assert replay.totals.replayed == 1


async def test_what_cannot_be_replayed_is_refused_with_what_to_do(
    house_without_keys: House, tmp_path: Path
) -> None:
    async with house_without_keys.signed_in("admin") as admin:
        profile = await made(admin)
        with pytest.raises(Conflict, match="no finished analysis of tried: name `of=client`"):
            await admin.start_replay(order(profile))
        with pytest.raises(NotFound, match="no_such"):
            await admin.start_replay(order("no_such"))
        with pytest.raises(NotFound):
            await admin.estimate_replay(ReplayQuestion(client=CLIENT, draft_id=uuid4()))


WRONG: list[tuple[dict[str, object], str]] = [
    ({}, "name either"),
    ({"profile": "x", "draft_id": str(uuid4())}, "name either"),
    ({"draft_id": str(uuid4()), "edit": {}}, "leave the edit out"),
    ({"profile": "x", "last": 51}, "last"),
    ({"profile": "x", "last": 0}, "last"),
    ({"profile": "x", "of": "all"}, "of"),
    ({"profile": "x", "budget_usd": "NaN"}, "budget_usd"),
    ({"profile": "x", "budget_usd": "-1"}, "budget_usd"),
    ({"profile": "x", "budget_usd": "1001"}, "budget_usd"),
    ({"profile": "x", "budget_usd": "1e-30"}, "budget_usd"),
    ({"profile": "x", "edit": {"checks": {}}}, "checks"),
    ({"profile": "x", "client": "../x"}, "client"),
    ({"profile": "x", "more": 1}, "more"),
]


async def test_bad_orders_are_refused_with_their_path(house_without_keys: House) -> None:
    async with house_without_keys.signed_in("admin") as admin:
        for wrong, path in WRONG:
            body = {"client": CLIENT, "budget_usd": "1"} | wrong
            status, text = await _post(house_without_keys, body)
            assert status in (400, 422) and path in text, (wrong, text)
        for strange in ("../x", "x/../y", "x\u0000y", "%2e%2e"):
            with pytest.raises((NotFound, Invalid, BadRequest)):
                await admin.start_replay(order(strange))


async def _post(house: House, body: dict[str, object]) -> tuple[int, str]:
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        url = house.url("gateway")
        await session.post(url / "api/session", json={"user": "admin"})
        async with session.post(url / "api/replays", json=body) as answer:
            return answer.status, await answer.text()
