"""What was live for a client at an instant."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from libs.postgres import Pool, transaction
from tests.profiles.activations.conftest import SLUG, pin
from tests.profiles.conftest import ADMIN, EDITOR, STRANGER, VIEWER, Api
from tests.profiles.factories import draft_for


async def live(api: Api, at: datetime | None = None, client: str = "diageo", actor=ADMIN) -> Any:  # type: ignore[no-untyped-def]
    path = f"/v1/clients/{client}/live/{SLUG}"
    return await api.get(path + (f"?at={quote(at.isoformat())}" if at else ""), actor)


async def tick(owner: Pool) -> datetime:
    """An instant of the database's clock between what was and what follows."""
    await asyncio.sleep(0.002)
    now: datetime = await owner.fetchval("SELECT clock_timestamp()")
    await asyncio.sleep(0.002)
    return now


async def test_it_tells_the_version_of_every_instant(api: Api, owner: Pool) -> None:
    instants = [await tick(owner)]
    await api.create(draft_for("diageo"), EDITOR)
    instants.append(await tick(owner))
    await api.save(SLUG, EDITOR, pass_threshold=90)
    instants.append(await tick(owner))
    await api.call("POST", f"/v1/profiles/{SLUG}/activate", EDITOR, {"note": "back"})
    instants.append(await tick(owner))

    told = [(await live(api, at)).json for at in instants]

    assert [one["profile_id"] for one in told] == [None, "my_profile", "my_profile_v2", SLUG]
    assert told[0]["why"] == "the profile was not there yet"
    assert (told[3]["by"], told[3]["note"], told[3]["binding"]) == ("dora", "back", "floating")
    assert instants[2] < datetime.fromisoformat(told[3]["since"]) < instants[3]


async def test_a_move_counts_from_its_very_instant(api: Api, three: str) -> None:
    moves = (await api.get(f"/v1/profiles/{SLUG}/activations")).json["activations"]
    at = datetime.fromisoformat(moves[0]["activated_at"])

    assert (await live(api, at)).json["version"] == 3
    assert (await live(api, at - timedelta(microseconds=1))).json["version"] == 2


async def test_the_pin_of_then_counts(api: Api, three: str, owner: Pool) -> None:
    floating = await tick(owner)
    await pin(owner, "diageo", SLUG, 2)
    pinned = await tick(owner)
    await pin(owner, "diageo", SLUG, 1)
    moved = await tick(owner)
    async with transaction(owner) as db:
        await db.execute("DELETE FROM client_binding")

    told = [(await live(api, at)).json for at in (floating, pinned, moved, None)]

    assert [(one["version"], one["binding"]) for one in told] == [
        (3, "floating"), (2, "pinned"), (1, "pinned"), (3, "floating"),
    ]  # fmt: skip
    assert datetime.fromisoformat(told[3]["since"]) > moved


async def test_the_audience_of_then_counts(api: Api, three: str, owner: Pool) -> None:
    before = await tick(owner)
    await api.save(f"{SLUG}_v3", visible_to_clients=["diageo", "loreal"])

    earlier, now = await live(api, before, "loreal"), await live(api, client="loreal")

    assert (earlier.json["profile_id"], now.json["profile_id"]) == (None, "my_profile_v3")
    assert earlier.json["why"] == "loreal could not use the profile"


@pytest.mark.parametrize(
    ("shelf", "why"),
    [
        (f"profiles/{SLUG}", "the profile was archived"),
        ("clients/diageo", "diageo was archived"),
    ],
)
async def test_nothing_was_live_while_one_of_the_two_was_archived(
    api: Api, three: str, owner: Pool, shelf: str, why: str
) -> None:
    before = await tick(owner)
    assert (await api.call("POST", f"/v1/{shelf}/archive", ADMIN)).status == 200
    then, told = await tick(owner), await live(api)
    assert (await api.call("POST", f"/v1/{shelf}/restore", ADMIN)).status == 200

    past = [(await live(api, at)).json for at in (before, then, None)]

    assert (told.json["profile_id"], told.json["why"]) == (None, why)
    assert [one["version"] for one in past] == [3, None, 3]
    assert past[1]["why"] == why
    assert datetime.fromisoformat(past[2]["since"]) > then


async def test_what_resolve_says_is_what_is_live_now(api: Api, three: str, owner: Pool) -> None:
    await pin(owner, "diageo", SLUG, 2)

    resolved = (await api.get(f"/v1/clients/diageo/resolve/{SLUG}")).json["profile"]
    told = (await live(api, actor=VIEWER)).json

    assert (told["profile_id"], told["content_hash"], told["scoring_hash"]) == (
        resolved["profile_id"], resolved["content_hash"], resolved["scoring_hash"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("client", "actor", "status"),
    [("diageo", STRANGER, 404), ("loreal", STRANGER, 404), ("nobody", ADMIN, 404)],
)
async def test_what_is_foreign_looks_absent(
    api: Api, three: str, client: str, actor: Any, status: int
) -> None:
    assert (await live(api, client=client, actor=actor)).status == status


async def test_the_future_and_times_without_a_zone_are_refused(api: Api, three: str) -> None:
    later = await live(api, datetime.now(UTC) + timedelta(hours=1))
    zoneless = await api.get(f"/v1/clients/diageo/live/{SLUG}?at=2026-01-01T00:00:00")
    version = await api.get(f"/v1/clients/diageo/live/{SLUG}_v2")

    assert (later.status, later.json["code"]) == (422, "not_yet")
    beyond = await api.get(f"/v1/clients/diageo/live/{SLUG}?at=0001-01-01T00:00:00%2B14:00")
    assert (zoneless.status, beyond.status) == (422, 422)
    assert version.status == 404


async def test_the_history_of_bindings_is_written_by_nobody_but_the_database(
    api: Api, three: str, owner: Pool, run: Pool
) -> None:
    await pin(owner, "diageo", SLUG, 2)

    for statement in (
        "INSERT INTO binding_history (client_id, slug, changed_by) VALUES ('diageo', 'x', 'x')",
        "UPDATE binding_history SET pinned_version = 1",
        "DELETE FROM binding_history",
    ):
        with pytest.raises(Exception, match="permission denied"):
            async with transaction(run) as db:
                await db.execute(statement)
    async with transaction(run, ["loreal"]) as db:
        assert await db.fetchval("SELECT count(*) FROM binding_history") == 0
    async with transaction(run, ["diageo"]) as db:
        assert await db.fetchval("SELECT count(*) FROM binding_history") == 1
        await db.execute("UPDATE client_binding SET pinned_version = 1")
        assert await db.fetchval("SELECT count(*) FROM binding_history") == 2
