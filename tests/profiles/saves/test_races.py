"""Many who save one profile at once."""

import asyncio
from collections import Counter
from itertools import count, pairwise

import pytest

from libs.postgres import Connection, Pool, transaction
from services.profiles import registry, repository
from services.profiles.domain.family import Family, Version
from tests.profiles.conftest import ADMIN, Api
from tests.profiles.factories import draft
from tests.profiles.saves.test_stale import FIRST, accept, told

EDITORS = 40
SAVES = 200


async def race(api: Api) -> Counter[int]:
    answers = await asyncio.gather(
        *(api.save("my_profile", if_match=FIRST, pass_threshold=n) for n in range(EDITORS))
    )
    return Counter(answer.status for answer in answers)


async def test_of_forty_editors_with_one_tag_one_wins_and_all_others_learn_why(api: Api) -> None:
    await api.create(draft())

    answers = await asyncio.gather(
        *(api.save("my_profile", if_match=FIRST, pass_threshold=n) for n in range(EDITORS))
    )

    won = [number for number, answer in enumerate(answers) if answer.status == 200]
    lost = [told(answer) for answer in answers if answer.status != 200]
    assert (len(won), len(lost)) == (1, EDITORS - 1)
    assert {one.current.etag for one in lost} == {'"my_profile_v2.2"'}
    assert {one.conflicts[0].theirs for one in lost} == {won[0]}
    assert len((await api.get("/v1/profiles/my_profile/versions")).json["versions"]) == 2


async def test_without_the_lock_more_than_one_would_believe_to_have_won(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the race above can fail: the lock is what lets it pass."""
    await api.create(draft())
    two_have_read = asyncio.Barrier(2)
    readers = count(1)

    async def unlocked(db: Connection, slug: str, number: int) -> tuple[Family, Version] | None:
        family = await repository.family(db, slug)
        version = await repository.version(db, slug, number)
        if next(readers) <= two_have_read.parties:
            await two_have_read.wait()
        return (family, version) if family and version else None

    monkeypatch.setattr(registry, "lock_with_version", unlocked)

    assert set(await race(api)) - {200, 412} == {500}


async def test_editors_of_different_places_all_get_in_by_accepting_what_is_offered(
    api: Api,
) -> None:
    body = draft()["checks"]["call_to_action"]
    checks = {f"check_{n}": body for n in range(8)}
    await api.create(draft(checks=checks))

    async def edit(number: int) -> int:
        mine = checks | {f"check_{number}": body | {"weight": 10 + number}}
        answer = await api.save("my_profile", if_match=FIRST, checks=mine)
        tries = 1
        while answer.status == 412:
            answer = await accept(api, answer)
            tries += 1
        assert answer.status == 200, answer.json
        return tries

    tries = await asyncio.gather(*(edit(n) for n in range(len(checks))))

    active = (await api.get("/v1/profiles?client=diageo")).json["profiles"]
    [newest] = [one["profile_id"] for one in active if one["name"] == "My profile"]
    saved = (await api.get(f"/v1/profiles/{newest}")).json["checks"]
    assert [saved[f"check_{n}"]["weight"] for n in range(8)] == [10 + n for n in range(8)]
    assert min(tries) == 1 < max(tries)


async def test_two_hundred_saves_at_once_make_dense_versions_and_a_whole_history(
    api: Api, owner: Pool
) -> None:
    await api.create(draft())

    answers = await asyncio.gather(
        *(api.save("my_profile", ADMIN, description=f"Save {n}") for n in range(SAVES))
    )

    assert Counter(answer.status for answer in answers) == {200: SAVES}
    expected = list(range(2, SAVES + 2))
    assert sorted(answer.json["version"] for answer in answers) == expected
    history = (await api.get("/v1/profiles/my_profile/versions")).json["versions"]
    assert [version["version"] for version in history] == list(range(SAVES + 1, 0, -1))
    times = [version["created_at"] for version in history]
    assert times == sorted(times, reverse=True)
    assert [version["active"] for version in history] == [True] + [False] * SAVES
    await _is_whole(owner)


async def _is_whole(owner: Pool) -> None:
    """Revisions without a gap, each state of the audit following on the one before it, and the
    active pointer where the last activation put it.
    """
    async with transaction(owner) as db:
        events = await db.fetch(
            "SELECT * FROM audit_event WHERE object_id = 'my_profile' ORDER BY revision"
        )
        moves = await db.fetch(
            "SELECT * FROM activation WHERE slug = 'my_profile' ORDER BY revision"
        )
        active = await db.fetchval("SELECT active_version FROM profile WHERE slug = 'my_profile'")
    assert [event["revision"] for event in events] == list(range(1, SAVES + 2))
    assert [move["version"] for move in moves] == list(range(1, SAVES + 2))
    assert active == moves[-1]["version"]
    for before, after in pairwise(events):
        assert after["before_hash"] == before["after_hash"]
        assert after["at"] > before["at"]
