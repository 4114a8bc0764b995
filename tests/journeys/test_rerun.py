"""Running again what failed or broke: a new analysis, with every other result carried on."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.sample import write_sample
from libs.api.gateway import GatewayApi
from libs.api.review import ReviewApi
from libs.contracts.qc import Analysis
from libs.contracts.review import OverrideRequest, RerunRequest
from libs.problems import Conflict, Forbidden, Invalid, NotFound
from services.qc.domain.judged_checks import JUDGED
from tests.fake_providers import Scripted
from tests.house import House
from tests.journeys.following import by_id, ended, with_cost

FAILED = RerunRequest()
JUDGED_CHECK = "visual_hierarchy"


@pytest.fixture(scope="module")
def misspelt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample(tmp_path_factory.mktemp("misspelt"), "typo").creative


@pytest.fixture
async def admin(house: House) -> AsyncIterator[GatewayApi]:
    async with house.signed_in() as api:
        yield api


async def analysed(api: GatewayApi, file: Path, *only: str, **given: str) -> Analysis:
    fields = {"only": ",".join(only), **given}
    analysis_id = await api.analyse(file, "diageo", "general_key_visual", fields)
    return await with_cost(api, analysis_id)


async def test_only_what_failed_or_broke_is_run_and_the_rest_is_carried_on(
    house: House, admin: GatewayApi, misspelt: Path
) -> None:
    assert house.fake and JUDGED_CHECK in JUDGED
    house.fake.answer_with(Scripted(status=400, times=0))
    first = await analysed(admin, misspelt, "spelling", "image_resolution", JUDGED_CHECK)
    house.fake.reset()

    queued = await ReviewApi(admin.caller).rerun(first.analysis_id, FAILED)
    again = await with_cost(admin, queued.analysis_id)
    events = [event async for event in admin.events(queued.analysis_id)]

    assert by_id(first)[JUDGED_CHECK].state == "error"
    assert (queued.checks, queued.carried) == (["spelling", JUDGED_CHECK], ["image_resolution"])
    assert again.given.rerun_of == queued.rerun_of == first.analysis_id
    assert by_id(again)[JUDGED_CHECK].state in ("passed", "failed")
    assert by_id(again)[JUDGED_CHECK].cost_usd, "it is paid for here"
    carried = by_id(again)["image_resolution"]
    assert carried.carried_from == first.analysis_id
    assert carried.model_copy(update={"carried_from": None}) == by_id(first)["image_resolution"]
    assert not by_id(again)["spelling"].cached, "it is measured, not taken"
    assert again.verdict != "incomplete" and again.coverage == 100
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert events[-1].done == events[-1].total == 3
    assert await with_cost(admin, first.analysis_id) == first, "it stays as it was"
    assert again.previews == first.previews and again.creative == first.creative


async def test_reruns_of_reruns_name_where_a_result_was_found_and_keep_what_was_said(
    admin: GatewayApi, misspelt: Path
) -> None:
    api = ReviewApi(admin.caller)
    first = await analysed(admin, misspelt, "spelling", "image_resolution")
    await api.override(
        first.analysis_id, "image_resolution", OverrideRequest(state="unsure", reason="Hm.")
    )
    second = await ended(admin, (await api.rerun(first.analysis_id, FAILED)).analysis_id)
    third = await ended(admin, (await api.rerun(second.analysis_id, FAILED)).analysis_id)

    result = by_id(third)["image_resolution"]
    assert result.carried_from == first.analysis_id
    assert (result.state, result.overrides[0].reason) == ("unsure", "Hm.")
    assert result.found and result.found.state == "passed"
    assert third.given.rerun_of == second.analysis_id


async def test_what_a_reviewer_passed_is_not_run_again_unless_it_is_named(
    admin: GatewayApi, misspelt: Path
) -> None:
    api = ReviewApi(admin.caller)
    first = await analysed(admin, misspelt, "spelling", "image_resolution")
    await api.override(first.analysis_id, "spelling", OverrideRequest(state="passed", reason="A."))

    with pytest.raises(Conflict, match="No check is failed, error"):
        await api.rerun(first.analysis_id, FAILED)
    queued = await api.rerun(first.analysis_id, RerunRequest(checks=["spelling"]))

    assert queued.checks == ["spelling"]
    assert by_id(await ended(admin, queued.analysis_id))["spelling"].overrides == []


async def test_asked_twice_at_once_it_is_run_once(
    house: House, admin: GatewayApi, misspelt: Path
) -> None:
    api = ReviewApi(admin.caller)
    first = await analysed(admin, misspelt, "spelling", "image_resolution")

    queued = await asyncio.gather(*(api.rerun(first.analysis_id, FAILED) for _ in range(4)))

    assert len({one.analysis_id for one in queued}) == 1
    later = await ended(admin, queued[0].analysis_id)
    assert (await api.rerun(first.analysis_id, FAILED)).analysis_id != later.analysis_id


async def test_what_makes_no_sense_is_refused(
    house: House, admin: GatewayApi, misspelt: Path
) -> None:
    api = ReviewApi(admin.caller)
    first = await analysed(admin, misspelt, "spelling")

    with pytest.raises(Invalid, match=r"no check 'barcode'. It has: spelling"):
        await api.rerun(first.analysis_id, RerunRequest(checks=["barcode"]))
    async with house.signed_in("reviewer") as stranger:
        with pytest.raises(NotFound):
            await ReviewApi(stranger.caller).rerun(first.analysis_id, FAILED)
    async with house.signed_in("viewer") as viewer:
        with pytest.raises((Forbidden, NotFound)):
            await ReviewApi(viewer.caller).rerun(first.analysis_id, FAILED)


async def test_fresh_analysis_takes_nothing_of_before(admin: GatewayApi, misspelt: Path) -> None:
    await analysed(admin, misspelt, "spelling")
    kept = await analysed(admin, misspelt, "spelling")
    fresh = await analysed(admin, misspelt, "spelling", fresh="true")

    assert by_id(kept)["spelling"].cached
    assert fresh.given.fresh and not by_id(fresh)["spelling"].cached
    with pytest.raises(Invalid, match="not true or false"):
        await analysed(admin, misspelt, "spelling", fresh="maybe")
