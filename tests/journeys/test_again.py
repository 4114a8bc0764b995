"""The same file again: what was measured is taken as it was, and only what was asked for runs."""

import json
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from deploy.sample import Sample, write_sample
from libs.api.gateway import GatewayApi
from libs.contracts.qc import Analysis
from libs.problems import Forbidden, Invalid, NotFound
from services.qc.decoders import Decoders
from tests.house import House
from tests.journeys.following import by_id, ended, with_cost

EXACT = ("image_resolution", "aspect_ratio", "file_naming", "spelling", "logo_visibility")


async def run(api: GatewayApi, file: Path, *only: str) -> Analysis:
    profile = "diageo_key_visual"
    return await ended(
        api, await api.analyse(file, "diageo", profile, {"only": ",".join(only or EXACT)})
    )


async def test_what_was_measured_is_taken_and_what_changed_is_measured(
    house_without_keys: House, sample: Sample, tmp_path: Path
) -> None:
    renamed = tmp_path / "Another Name.jpg"
    renamed.write_bytes(sample.creative.read_bytes())
    async with house_without_keys.signed_in() as api:
        await api.add_logo(sample.logo, "diageo")
        first = await run(api, sample.creative)
        again = [await run(api, sample.creative) for _ in range(3)]
        other_name = await run(api, renamed)
        Image.effect_noise((300, 200), 50).convert("RGB").save(tmp_path / "logo.png")
        await api.add_logo(tmp_path / "logo.png", "diageo")
        other_logo = await run(api, sample.creative)

    assert not any(result.cached for result in first.checks)
    for one in again:
        assert all(result.cached for result in one.checks)
        assert (one.verdict, one.score) == (first.verdict, first.score)
        measured = [result.model_copy(update={"duration_ms": None}) for result in first.checks]
        assert [
            r.model_copy(update={"cached": False, "duration_ms": None}) for r in one.checks
        ] == measured
    assert by_id(other_name)["file_naming"].state == "failed", "a name is measured as it is"
    assert not by_id(other_logo)["logo_visibility"].cached, "a new logo is looked for"


async def test_second_run_needs_no_child(
    house_without_keys: House, sample: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_child(*_: object) -> AsyncIterator[object]:
        raise AssertionError("a child was asked")
        yield

    async with house_without_keys.signed_in() as api:
        first = await run(api, sample.creative)
        monkeypatch.setattr(Decoders, "_converse", no_child)
        again = await run(api, sample.creative)

    assert again.state == "done"
    assert (again.score, again.creative, again.previews) == (
        first.score,
        first.creative,
        first.previews,
    )


async def test_another_client_measures_for_itself(
    house_without_keys: House, sample: Sample
) -> None:
    async with house_without_keys.signed_in() as api:
        for client in ("diageo", "unilever"):
            analysis_id = await api.analyse(
                sample.creative, client, "general_key_visual", {"only": "image_resolution"}
            )
            assert not any(result.cached for result in (await ended(api, analysis_id)).checks)


async def test_only_the_checks_that_were_asked_for_are_run_and_judged(
    house_without_keys: House, sample: Sample
) -> None:
    async with house_without_keys.signed_in() as api:
        part = await run(api, sample.creative, "image_resolution", "file_naming")
        whole = await ended(api, await api.analyse(sample.creative, "diageo", "diageo_key_visual"))
        events = [event async for event in api.events(part.analysis_id)]

    assert sorted(part.only) == ["file_naming", "image_resolution"]
    assert {result.check_id for result in part.checks} == set(part.only)
    assert (part.verdict, part.coverage) == ("pass", 100), "of these two"
    assert whole.only == [] and len(whole.checks) > 2 and whole.verdict == "incomplete"
    assert all(event.total == 2 for event in events) and events[-1].done == 2


async def test_a_check_that_the_profile_does_not_have_is_refused(
    house_without_keys: House, sample: Sample
) -> None:
    async with house_without_keys.signed_in() as api:
        with pytest.raises(Invalid, match=r"no check 'brand_colors'\. It has: .*file_naming"):
            await run(api, sample.creative, "file_naming", "brand_colors")


async def test_findings_are_shown_by_crops_and_pages_of_their_own_analysis_alone(
    house_without_keys: House, tmp_path: Path
) -> None:
    creative = write_sample(tmp_path, "typo").creative
    async with house_without_keys.signed_in() as api:
        first = await run(api, creative, "spelling")
        again = await run(api, creative, "spelling")
        other = await run(api, creative, "image_resolution")
        [finding] = by_id(first)["spelling"].findings
        crop = await api.crop(first.analysis_id, finding.crop or "")
        page = await api.page(again.analysis_id, 1)
        with pytest.raises(NotFound):
            await api.crop(other.analysis_id, finding.crop or "")
        with pytest.raises(NotFound):
            await api.crop(first.analysis_id, first.creative.sha256)
        with pytest.raises(NotFound):
            await api.page(first.analysis_id, 2)
    async with house_without_keys.signed_in("viewer") as stranger:
        with pytest.raises((NotFound, Forbidden)):
            await stranger.crop(first.analysis_id, finding.crop or "")

    assert max(Image.open(BytesIO(crop)).size) <= 400
    [preview] = again.previews
    assert Image.open(BytesIO(page)).size == (preview.width_px, preview.height_px) == (1600, 1600)
    assert again.previews == first.previews == other.previews
    assert by_id(again)["spelling"].findings == [finding], "its crop is kept with it"


async def test_report_is_one_page_with_the_picture_in_it(
    house_without_keys: House, tmp_path: Path
) -> None:
    creative = write_sample(tmp_path, "typo").creative.rename(tmp_path / "<b>a\u202e.jpg")
    async with house_without_keys.signed_in() as api:
        analysis = await with_cost(api, (await run(api, creative, "spelling")).analysis_id)
        text = (await api.analysis_report(analysis.analysis_id)).decode()
        pdf = await api.analysis_report(analysis.analysis_id, "pdf")
        document = json.loads(await api.analysis_report(analysis.analysis_id, "json"))
        with pytest.raises(Invalid, match="format"):
            await api.analysis_report(analysis.analysis_id, "docx")
    async with house_without_keys.signed_in("viewer") as stranger:
        with pytest.raises((NotFound, Forbidden)):
            await stranger.analysis_report(analysis.analysis_id)

    assert text.startswith("<!DOCTYPE html>") and "sumemr" in text
    assert text.count("data:image/jpeg;base64,") == 2, "the page and one crop"
    assert "<b>a" not in text and "&lt;b&gt;a" in text
    assert analysis.creative.sha256 in text and analysis.profile_hash in text
    assert pdf.startswith(b"%PDF") and len(pdf) > 50_000, "the picture is in it"
    assert document["analysis"]["analysis_id"] == str(analysis.analysis_id)
    assert document["provenance"]["result_sha256"] in text
