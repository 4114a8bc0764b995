"""Moves that are to come: made, listed, cancelled, carried out once."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deploy.database import Dsns
from libs.postgres import Pool, open_pool, transaction
from services.profiles.activations import firing, schedule_rows
from tests.profiles.activations.conftest import (
    active,
    make_due,
    schedule,
    schedules,
    want_approval,
)
from tests.profiles.conftest import ADMIN, EDITOR, STRANGER, VIEWER, Api
from tests.profiles.factories import draft, draft_for


@pytest.fixture(autouse=True)
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service under test looks when a test says so."""
    monkeypatch.setattr(firing, "LOOK_EVERY_S", 3600)


async def test_what_is_due_happens_once(api: Api, three: str, owner: Pool, run: Pool) -> None:
    made = await schedule(api, "my_profile", actor=EDITOR, note="season is over")
    assert (made.status, made.json["state"]) == (201, "pending")
    assert made.json["expected_profile_id"] == "my_profile_v3"
    assert await firing.fire_due(run) == 0
    assert await active(api) == 3

    await make_due(owner)
    assert await firing.fire_due(run) == 1
    assert await firing.fire_due(run) == 0

    assert await active(api) == 1
    [over] = await schedules(api)
    assert (over["state"], over["ended_by"], over["reason"]) == ("done", "dora", "")
    newest = (await api.get("/v1/profiles/my_profile/activations")).json["activations"][0]
    assert (newest["reason"], newest["note"], newest["activated_by"]) == (
        "schedule", "season is over", "dora",
    )  # fmt: skip


async def test_it_fires_by_itself_in_a_running_service(
    api: Api, three: str, monkeypatch: pytest.MonkeyPatch, run: Pool
) -> None:
    monkeypatch.setattr(firing, "LOOK_EVERY_S", 0.02)
    made = await schedule(api, "my_profile", in_s=0.3)
    assert made.status == 201, made.json

    looking = asyncio.create_task(firing.run(run))
    for _ in range(200):
        if await active(api) == 1:
            break
        await asyncio.sleep(0.02)
    looking.cancel()

    [over] = await schedules(api)
    assert (over["state"], await active(api)) == ("done", 1)
    assert over["ended_at"] >= over["activate_at"]


async def test_of_many_workers_one_moves(
    api: Api, three: str, owner: Pool, dsns: Mapping[str, Dsns]
) -> None:
    for slug in ("Other", "Third"):
        await api.create(draft(name=slug))
        await api.save(slug.lower(), pass_threshold=1)
        await schedule(api, slug.lower())
    await schedule(api, "my_profile")
    await make_due(owner)

    dsn = dsns["profiles"].run
    async with open_pool(dsn, "profiles") as one, open_pool(dsn, "profiles") as two:
        fired = await asyncio.gather(*(firing.fire_due(pool) for pool in [one, two] * 4))

    assert sum(fired) == 3
    async with transaction(owner) as db:
        moves = await db.fetchval("SELECT count(*) FROM activation WHERE reason = 'schedule'")
        audit = await db.fetchval("SELECT count(*) FROM audit_event WHERE action = 'schedule.done'")
    assert (moves, audit) == (3, 3)


async def test_a_worker_that_dies_in_the_middle_leaves_it_to_the_next(
    api: Api, three: str, owner: Pool, run: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    await schedule(api, "my_profile")
    await make_due(owner)
    moved = asyncio.Event()
    end = schedule_rows.end

    async def dies(*_: Any) -> None:
        moved.set()
        await asyncio.sleep(3600)

    monkeypatch.setattr(schedule_rows, "end", dies)
    worker = asyncio.create_task(firing.fire_due(run))
    await asyncio.wait_for(moved.wait(), 10)
    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker
    assert await active(api) == 3

    monkeypatch.setattr(schedule_rows, "end", end)
    assert await firing.fire_due(run) == 1
    assert await active(api) == 1


async def test_a_save_meanwhile_makes_it_a_conflict(
    api: Api, three: str, owner: Pool, run: Pool
) -> None:
    await schedule(api, "my_profile")
    await api.save("my_profile_v3", pass_threshold=12)
    await make_due(owner)

    await firing.fire_due(run)

    assert await active(api) == 4
    [over] = await schedules(api)
    assert over["state"] == "conflict"
    assert over["reason"] == "my_profile_v4 was active instead of my_profile_v3"


async def test_a_client_that_came_to_use_it_makes_it_a_conflict(
    api: Api, three: str, owner: Pool, run: Pool
) -> None:
    await schedule(api, "my_profile", actor=EDITOR)
    await api.save("my_profile_v3", visible_to_clients=["diageo", "loreal"])
    await make_due(owner)

    await firing.fire_due(run)

    assert await active(api) == 3
    assert "did not when this was scheduled" in (await schedules(api))[0]["reason"]


async def test_one_expects_what_the_one_before_it_leaves(
    api: Api, three: str, owner: Pool, run: Pool
) -> None:
    await schedule(api, "my_profile_v2", in_s=100)
    back = await schedule(api, "my_profile_v3", in_s=200)
    assert back.json["expected_profile_id"] == "my_profile_v2"
    await make_due(owner)

    assert await firing.fire_due(run) == 2

    assert [one["state"] for one in await schedules(api)] == ["done", "done"]
    assert await active(api) == 3


async def test_a_profile_that_fails_holds_up_no_other(
    api: Api, three: str, owner: Pool, run: Pool
) -> None:
    await api.create(draft(name="Other"))
    await api.save("other", pass_threshold=1)
    await schedule(api, "my_profile", in_s=100)
    await schedule(api, "other", in_s=200)
    await make_due(owner)
    async with transaction(owner) as db:
        await db.execute(
            "INSERT INTO audit_event (object_kind, object_id, revision, actor, action, "
            "after_hash, details) VALUES ('profile', 'my_profile', 4, 'x', 'x', 'x', '{}')"
        )

    assert await firing.fire_due(run) == 1

    assert (await active(api), await active(api, "other")) == (3, 1)


async def test_cancelling_twice_cancels_once(api: Api, three: str, owner: Pool, run: Pool) -> None:
    made = (await schedule(api, "my_profile")).json
    path = f"/v1/profiles/my_profile/schedules/{made['schedule_id']}"

    first, second = await api.call("DELETE", path), await api.call("DELETE", path, EDITOR)

    assert (first.status, second.status) == (200, 200)
    assert (first.json["state"], second.json["ended_by"]) == ("cancelled", "ada")
    await make_due(owner)
    assert await firing.fire_due(run) == 0
    async with transaction(owner) as db:
        rows = await db.fetch(
            "SELECT revision, action FROM audit_event WHERE object_kind = 'schedule'"
            " ORDER BY revision"
        )
    assert [tuple(row) for row in rows] == [(1, "schedule.create"), (2, "schedule.cancelled")]


async def test_what_is_over_is_not_cancelled(api: Api, three: str, owner: Pool, run: Pool) -> None:
    made = (await schedule(api, "my_profile")).json
    await make_due(owner)
    await firing.fire_due(run)

    path = f"/v1/profiles/my_profile/schedules/{made['schedule_id']}"
    answer = await api.call("DELETE", path)

    assert (answer.status, answer.json["code"]) == (409, "schedule_over")


@pytest.mark.parametrize("in_s", [-1, 0, 400 * 86_400])
async def test_an_instant_that_was_or_is_far_away_is_refused(
    api: Api, three: str, in_s: float
) -> None:
    answer = await schedule(api, "my_profile", in_s)

    assert (answer.status, answer.json["code"]) == (422, "bad_instant")


async def test_what_makes_no_sense_is_refused(api: Api, three: str) -> None:
    at = "2026-12-24T06:00:00+00:00"
    same = await schedule(api, "my_profile_v3")
    other = await schedule(api, "my_profile", expected_profile_id="general_key_visual")
    absent = await schedule(api, "my_profile_v9")
    zoneless = await schedule(api, "my_profile", activate_at=at[:19])
    first = await schedule(api, "my_profile", in_s=0, activate_at=(await _soon(api)))
    again = await schedule(api, "my_profile_v2", activate_at=first.json["activate_at"])

    assert (same.status, same.json["code"]) == (422, "no_move")
    assert (other.status, other.json["code"]) == (422, "other_profile")
    assert (absent.status, zoneless.status) == (404, 422)
    assert (again.status, again.json["code"]) == (409, "instant_taken")


async def _soon(api: Api) -> str:
    return (datetime.now(UTC) + timedelta(hours=5)).isoformat()


@pytest.mark.parametrize(("actor", "status"), [(VIEWER, 403), (STRANGER, 404), (EDITOR, 201)])
async def test_who_may_schedule(api: Api, three: str, actor: Any, status: int) -> None:
    assert (await schedule(api, "my_profile", actor=actor)).status == status


async def test_a_schedule_is_found_under_its_own_profile_only(api: Api, three: str) -> None:
    await api.create(draft_for("diageo", name="Other"))
    made = (await schedule(api, "my_profile")).json

    foreign = await api.call("DELETE", f"/v1/profiles/other/schedules/{made['schedule_id']}")
    hidden = await api.get("/v1/profiles/my_profile/schedules", STRANGER)

    assert (foreign.status, hidden.status) == (404, 404)
    assert (await schedules(api))[0]["state"] == "pending"


async def test_a_schedule_back_needs_no_approval(
    api: Api, three: str, owner: Pool, run: Pool
) -> None:
    await want_approval(owner, "diageo")
    assert (await schedule(api, "my_profile", actor=EDITOR)).status == 201
    await make_due(owner)

    await firing.fire_due(run)

    assert await active(api) == 1


async def test_schedules_of_others_are_hidden_and_ended_ones_stay(
    api: Api, three: str, run: Pool
) -> None:
    made = (await schedule(api, "my_profile")).json
    await api.call("DELETE", f"/v1/profiles/my_profile/schedules/{made['schedule_id']}", ADMIN)

    async with transaction(run, ["loreal"]) as db:
        assert await db.fetchval("SELECT count(*) FROM schedule") == 0
    for statement in (
        "UPDATE schedule SET state = 'pending', ended_at = NULL, ended_by = NULL",
        "UPDATE schedule SET state = 'done'",
    ):
        with pytest.raises(Exception, match="ends once"):
            async with transaction(run) as db:
                await db.execute(statement)
    for statement in ("DELETE FROM schedule", "UPDATE schedule SET version = 2"):
        with pytest.raises(Exception, match="permission denied"):
            async with transaction(run) as db:
                await db.execute(statement)
