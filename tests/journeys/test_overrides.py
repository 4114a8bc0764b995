"""Reviewers say otherwise: what counts changes everywhere, what was found stays."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from deploy.sample import write_sample
from libs.api.gateway import GatewayApi
from libs.api.review import ReviewApi
from libs.contracts.qc import Analysis
from libs.contracts.review import OverrideRequest
from libs.postgres import open_pool, transaction
from libs.problems import Conflict, Forbidden, Invalid, NotFound
from tests.house import House
from tests.journeys.following import by_id, with_cost

ONLY = {"only": "spelling,image_resolution"}
PROFILE = {"unilever": "general_key_visual"}


@pytest.fixture(scope="module")
def misspelt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample(tmp_path_factory.mktemp("misspelt"), "typo").creative


@pytest.fixture
async def admin(house_without_keys: House) -> AsyncIterator[GatewayApi]:
    async with house_without_keys.signed_in() as api:
        yield api


async def found_by(api: GatewayApi, file: Path, client: str = "diageo") -> Analysis:
    profile = PROFILE.get(client, "diageo_key_visual")
    return await with_cost(api, await api.analyse(file, client, profile, ONLY))


def passed(**facts: object) -> OverrideRequest:
    return OverrideRequest.model_validate({"state": "passed", "reason": "It is a name."} | facts)


async def test_override_changes_what_counts_and_a_second_keeps_the_first(
    admin: GatewayApi, misspelt: Path
) -> None:
    api = ReviewApi(admin.caller)
    found = await found_by(admin, misspelt)
    first = await api.override(found.analysis_id, "spelling", passed())
    second = await api.override(
        found.analysis_id, "spelling", OverrideRequest(state="failed", score=0, reason="No.")
    )
    back = await api.override(
        found.analysis_id, "spelling", OverrideRequest(state=None, reason="As it was.")
    )

    assert (by_id(found)["spelling"].state, found.verdict) == ("failed", "pass")
    assert (by_id(first)["spelling"].state, by_id(first)["spelling"].score) == ("passed", 100)
    assert (first.verdict, first.score) == ("pass", 100)
    assert first.cost_usd is not None, "what it cost is known as before"
    assert first.found and (first.found.verdict, first.found.score) == ("pass", found.score)
    assert (second.verdict, by_id(second)["spelling"].score) == ("fail", 0)
    assert [(said.by_name, said.reason) for said in by_id(second)["spelling"].overrides] == [
        ("Ada Admin", "It is a name."),
        ("Ada Admin", "No."),
    ]
    assert (back.verdict, back.score, back.found) == (found.verdict, found.score, None)
    assert len(by_id(back)["spelling"].overrides) == 3
    assert await admin.analysis(found.analysis_id) == back


async def test_usage_report_takes_the_score_that_counts_on_the_day_of_the_analysis(
    admin: GatewayApi, misspelt: Path
) -> None:
    found = await found_by(admin, misspelt)
    await ReviewApi(admin.caller).override(found.analysis_id, "spelling", passed())

    async with asyncio.timeout(30):
        while True:
            report = json.loads(await admin.report({"last_days": "1", "format": "json"}))
            told = report["by_client"].get("diageo", {})
            if told.get("average_score") == 100:
                break
            await asyncio.sleep(0.2)
    assert (report["total_analyses"], told["count"]) == (1, 1)


async def test_reviewer_may_viewer_may_not_and_a_stranger_sees_nothing(
    house_without_keys: House, admin: GatewayApi, misspelt: Path
) -> None:
    async with house_without_keys.signed_in("reviewer") as reviewer:
        own = await found_by(reviewer, misspelt, "unilever")
        counted = await ReviewApi(reviewer.caller).override(own.analysis_id, "spelling", passed())
        foreign = await found_by(admin, misspelt)
        with pytest.raises(NotFound):
            await ReviewApi(reviewer.caller).override(foreign.analysis_id, "spelling", passed())
    async with house_without_keys.signed_in("viewer") as viewer:
        with pytest.raises((Forbidden, NotFound)):
            await ReviewApi(viewer.caller).override(foreign.analysis_id, "spelling", passed())

    assert by_id(counted)["spelling"].overrides[0].by_name == "Rui Reviewer"


async def test_what_makes_no_sense_is_refused_with_what_to_do(
    admin: GatewayApi, misspelt: Path
) -> None:
    api = ReviewApi(admin.caller)
    one = (await found_by(admin, misspelt)).analysis_id

    with pytest.raises(Invalid, match="Say why"):
        await api.override(one, "spelling", OverrideRequest(state="passed"))
    with pytest.raises(Invalid, match="Say why"):
        await api.override(one, "spelling", OverrideRequest(state="passed", reason=" \n"))
    with pytest.raises(NotFound, match="no result of 'barcode'"):
        await api.override(one, "barcode", passed())
    with pytest.raises(NotFound):
        await api.override(one, "../../" + str(one), passed())
    with pytest.raises(Conflict, match="nothing to take back"):
        await api.override(one, "spelling", OverrideRequest(state=None, reason="x"))
    await api.override(one, "spelling", passed(seen=0))
    with pytest.raises(Conflict, match="look again"):
        await api.override(one, "spelling", passed(seen=0))


async def test_two_reviewers_at_once_are_both_kept(admin: GatewayApi, misspelt: Path) -> None:
    api = ReviewApi(admin.caller)
    one = (await found_by(admin, misspelt)).analysis_id

    await asyncio.gather(
        *(api.override(one, "spelling", passed(reason=f"reason {n}")) for n in range(5))
    )

    said = by_id(await admin.analysis(one))["spelling"].overrides
    assert [word.number for word in said] == [1, 2, 3, 4, 5]
    assert {word.reason for word in said} == {f"reason {n}" for n in range(5)}


async def test_a_word_that_was_taken_back_leaves_the_result_to_be_confirmed(
    admin: GatewayApi, misspelt: Path
) -> None:
    api = ReviewApi(admin.caller)
    found = await found_by(admin, misspelt)
    await api.override(found.analysis_id, "spelling", passed())
    await api.override(
        found.analysis_id, "spelling", OverrideRequest(state=None, reason="As it was.")
    )

    counted = by_id(await api.confirm(found.analysis_id, ["spelling"]))["spelling"]
    again = by_id(await api.confirm(found.analysis_id, ["spelling"]))["spelling"]

    assert [(word.number, word.state) for word in counted.overrides] == [
        (1, "passed"),
        (2, None),
        (3, "failed"),
    ]
    assert again.overrides == counted.overrides


async def test_confirming_says_who_looked_and_changes_no_score(
    admin: GatewayApi, misspelt: Path
) -> None:
    api = ReviewApi(admin.caller)
    found = await found_by(admin, misspelt)
    await api.override(found.analysis_id, "spelling", passed())

    counted = await api.confirm(found.analysis_id, reason="Looked at all.")
    again = await api.confirm(found.analysis_id)

    assert len(by_id(counted)["spelling"].overrides) == 1, "somebody has said of it already"
    [said] = by_id(counted)["image_resolution"].overrides
    assert (said.state, said.reason) == ("passed", "Looked at all.")
    assert by_id(counted)["image_resolution"].found is None
    assert again.checks == counted.checks


async def test_what_was_found_is_not_touched_in_the_database(
    house_without_keys: House, admin: GatewayApi, misspelt: Path
) -> None:
    found = await found_by(admin, misspelt)
    before = await stored(house_without_keys, found.analysis_id)
    await ReviewApi(admin.caller).override(found.analysis_id, "spelling", passed())

    assert await stored(house_without_keys, found.analysis_id) == before
    async with open_pool(house_without_keys.dsns["qc"].run, "qc") as pool:
        for statement in ("UPDATE check_override SET reason = ''", "DELETE FROM check_override"):
            with pytest.raises(Exception, match="permission denied"):
                async with transaction(pool) as db:
                    await db.execute(statement)


async def stored(house: House, analysis_id: UUID) -> list[tuple[object, ...]]:
    async with open_pool(house.dsns["qc"].run, "qc") as pool, transaction(pool) as db:
        rows = await db.fetch(
            "SELECT result FROM check_result WHERE analysis_id = $1 ORDER BY check_id", analysis_id
        )
        whole = await db.fetchrow(
            "SELECT verdict, score, coverage FROM analysis WHERE analysis_id = $1", analysis_id
        )
        return [tuple(row) for row in (*rows, whole) if row]
