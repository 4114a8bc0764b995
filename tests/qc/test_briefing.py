"""What an analysis is held against: settled once, kept with it, and the same when it is resumed."""

from contextlib import AsyncExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from libs.contracts.brand import Placement, StoredBrand
from libs.contracts.profiles import Profile, Resolved, StoredCheck
from libs.ids import uuid7
from libs.postgres import Pool, transaction
from libs.problems import Invalid
from services.qc import assets, briefing, plans, repository
from services.qc.assets import NewContent
from services.qc.briefing import StoredBrief, Wishes
from services.qc.domain.plan_sheet import ReadPlan
from services.qc.plans import NewPlan
from services.qc.store import Store
from tests.factories import user
from tests.qc.factories import CREATIVE, NOON, profile

STORY = Placement(name="Story", market="de", width_px=1080)
LOGO = profile(logo_visibility=StoredCheck(kind="exact"))
COMPARED = profile(reference_comparison=StoredCheck(kind="exact"))
PLANNED = profile(media_plan_format=StoredCheck(kind="exact"))


def hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()


async def add(pool: Pool, name: str, kind: str = "logo", content: str = "a") -> UUID:
    file = CREATIVE.model_copy(update={"sha256": hashed(content)})
    new = NewContent("diageo", kind, name, file, "ada", NOON)
    async with transaction(pool, ["diageo"]) as db:
        return (await assets.add_content(db, new, None)).asset_id


async def add_plan(pool: Pool, *placements: Placement, active: bool = True) -> UUID:
    read = ReadPlan(placements=list(placements))
    new = NewPlan("diageo", "Summer", "a.csv", hashed(str(placements)), 1, read, "ada", NOON)
    async with transaction(pool, ["diageo"]) as db:
        plan_id = await plans.add_plan(db, new)
        if active:
            await plans.activate(db, "diageo", plan_id, "ada", NOON)
    return plan_id


async def settle(
    pool: Pool, of: Profile, file_name: str = "kv.png", brand: StoredBrand | None = None, **w: str
) -> StoredBrief:
    resolved = Resolved(
        client_id="diageo", binding="floating", profile=of, brand=brand or StoredBrand()
    )
    async with transaction(pool, ["diageo"]) as db:
        return await briefing.settle(db, resolved, Wishes(**w), file_name)


async def stored(pool: Pool, of: Profile, brief: StoredBrief | None) -> UUID:
    analysis_id = uuid7()
    async with transaction(pool, ["diageo"]) as db:
        await repository.add_analysis(
            db, analysis_id, "diageo", user(), of, CREATIVE, "r", NOON, brief=brief
        )
    return analysis_id


async def taken_up(pool: Pool, of: Profile, analysis_id: UUID) -> tuple[StoredBrief, Any]:
    async with transaction(pool, ["diageo"]) as db:
        return await briefing.brief_of(db, "diageo", analysis_id, of)


def names(brief: StoredBrief) -> list[str]:
    return [asset.name for asset in brief.given.assets]


async def test_run_that_is_taken_up_later_uses_what_there_was_at_the_upload(pool: Pool) -> None:
    logo = await add(pool, "Crest", content="old")
    plan_id = await add_plan(pool, STORY)
    of = profile(
        logo_visibility=StoredCheck(kind="exact"), media_plan_format=StoredCheck(kind="exact")
    )
    brand = StoredBrand(words=("Smirnoff",))
    analysis_id = await stored(pool, of, await settle(pool, of, brand=brand))

    await add(pool, "Crest", content="new")
    await add_plan(pool, STORY.model_copy(update={"width_px": 1}))
    brief, plan = await taken_up(pool, of, analysis_id)

    [used] = brief.given.assets
    assert (used.asset_id, used.version, used.sha256) == (logo, 1, hashed("old"))
    assert (brief.given.plan_id, plan) == (plan_id, (STORY,))
    assert brief.brand.words == ("Smirnoff",)


async def test_analysis_of_before_gets_what_there_is(pool: Pool) -> None:
    await add(pool, "Crest")
    analysis_id = await stored(pool, LOGO, None)

    brief, plan = await taken_up(pool, LOGO, analysis_id)

    assert (names(brief), plan) == (["Crest"], ())


async def test_only_kinds_that_a_check_needs_are_given_and_the_logo_always(pool: Pool) -> None:
    for kind in ("logo", "reference", "product", "brand_asset"):
        await add(pool, kind, kind)

    assert names(await settle(pool, profile())) == ["logo"]
    assert sorted(names(await settle(pool, COMPARED))) == ["logo", "reference"]


async def test_of_many_assets_the_newest_twenty_and_those_that_a_check_names(pool: Pool) -> None:
    for number in range(25):
        await add(pool, f"logo {number}", content=f"{number}")
    check = StoredCheck(kind="exact", parameters={"required": ["Logo 3"]})

    given = names(await settle(pool, profile(logo_visibility=check)))

    assert len(given) == 20
    assert given[0] == "logo 3"


async def test_logos_of_the_brand_data_are_compared_with_in_their_order(pool: Pool) -> None:
    _, mark, crest = [await add(pool, name, content=name) for name in ("Old", "Mark", "Crest")]
    brand = StoredBrand(logos=(crest, mark))
    named = profile(logo_visibility=StoredCheck(kind="exact", parameters={"required": ["Old"]}))

    assert names(await settle(pool, LOGO, brand=brand)) == ["Crest", "Mark"]
    assert names(await settle(pool, named, brand=brand)) == ["Old", "Crest", "Mark"]
    assert sorted(names(await settle(pool, LOGO))) == ["Crest", "Mark", "Old"]


async def test_logo_of_the_brand_data_that_is_archived_is_passed_over(pool: Pool) -> None:
    crest, mark = await add(pool, "Crest"), await add(pool, "Mark", content="b")
    async with transaction(pool, ["diageo"]) as db:
        for_good = await assets.asset(db, crest)
        assert for_good
        await assets.set_archived(db, for_good, "ada", NOON)

    assert names(await settle(pool, LOGO, brand=StoredBrand(logos=(crest, mark)))) == ["Mark"]
    assert names(await settle(pool, LOGO, brand=StoredBrand(logos=(crest,)))) == ["Mark"]


async def test_of_several_references_only_the_one_that_is_meant_counts(pool: Pool) -> None:
    for name in ("Approved", "Summer KV", "Other"):
        await add(pool, name, "reference", name)
    named = profile(
        reference_comparison=StoredCheck(kind="exact", parameters={"reference": "other"})
    )

    assert names(await settle(pool, COMPARED)) == []
    assert names(await settle(pool, COMPARED, reference="approved")) == ["Approved"]
    assert names(await settle(pool, COMPARED, "summer kv.png")) == ["Summer KV"]
    assert names(await settle(pool, named)) == ["Other"]
    assert names(await settle(pool, named, reference="Approved")) == ["Approved", "Other"]


async def test_unknown_reference_tells_the_nearest(pool: Pool) -> None:
    await add(pool, "Approved", "reference")

    with pytest.raises(Invalid, match="Did you mean “Approved”"):
        await settle(pool, COMPARED, reference="aproved")


async def test_named_placement_gives_its_market_and_leaves_the_plan_out(pool: Pool) -> None:
    await add_plan(pool, STORY, Placement(name="Feed", width_px=9))

    brief = await settle(pool, PLANNED, placement="STORY")
    kept, plan = await taken_up(pool, PLANNED, await stored(pool, PLANNED, brief))

    assert (kept.placement, kept.given.market, plan) == (STORY, "de", ())
    assert (await settle(pool, PLANNED, placement="feed", market="AT")).given.market == "at"


async def test_placement_without_an_active_plan_is_refused(pool: Pool) -> None:
    await add_plan(pool, STORY, active=False)

    with pytest.raises(Invalid) as refused:
        await settle(pool, PLANNED, placement="Story")

    assert refused.value.code == "no_active_plan"


async def test_files_are_fetched_and_one_that_is_gone_is_left_out(
    pool: Pool, tmp_path: Path
) -> None:
    store = Store(f"file://{tmp_path / 'objects'}", tmp_path)
    (tmp_path / "a").write_text("a")
    await store.put(hashed("a"), tmp_path / "a")
    await add(pool, "There", content="a")
    await add(pool, "Gone", content="b")
    settled = await settle(pool, LOGO)

    async with AsyncExitStack() as stack:
        brief = await briefing.fetch(settled, (), store, stack)
        [file] = brief.files("logo")
        content = file.path.read_text()

    assert (file.name, file.sha256, content) == ("There", hashed("a"), "a")
    assert not file.path.exists()
