"""Crops and previews: the right place, small, bounded, and never the reason of a failure."""

from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from libs.contracts.qc import CheckResult, Finding, Region
from services.qc import evidence as drawing
from services.qc.checks.measured import Measured, judged
from services.qc.decode import open_creative
from services.qc.domain.creative import Creative, Limits, Unreadable
from services.qc.evidence import MAX_CROPS, MAX_CROPS_OF_CHECK, Evidence
from services.qc.pictures import keep_pictures, without_lost_crops
from services.qc.store import Store

RED_BOX = (1200, 600, 1400, 700)
RED = Region(x=0.6, y=0.6, w=0.1, h=0.1)


@pytest.fixture
def creative(tmp_path: Path) -> Creative:
    image = Image.new("RGB", (2000, 1000), "white")
    ImageDraw.Draw(image).rectangle(RED_BOX, fill=(255, 0, 0))
    image.save(tmp_path / "a.png")
    return open_creative(tmp_path / "a.png", Limits())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "evidence").mkdir()
    return tmp_path / "evidence"


def at(region: Region | None, **facts: object) -> Finding:
    given = {"severity": "major", "message": "Red.", "region": region}
    return Finding.model_validate(given | facts)


def strip(place: int) -> Region:
    return Region(x=place / 100, y=0.1, w=0.01, h=0.2)


def crops_of(measured: Measured) -> list[str]:
    return [finding.crop for finding in measured.findings if finding.crop]


def test_crop_shows_the_region_with_a_margin_and_is_named_by_its_content(
    creative: Creative, folder: Path
) -> None:
    [crop] = crops_of(Evidence(creative, folder).with_crops(judged([at(RED)], {})))

    content = (folder / crop).read_bytes()
    assert sha256(content).hexdigest() == crop
    pixels = np.asarray(Image.open(folder / crop))
    assert pixels.shape == (160, 260, 3), "200 x 100 px and 30 px on each side"
    assert pixels[80, 130].tolist() == pytest.approx([254, 0, 0], abs=4)
    assert pixels[5, 5].min() > 250


@pytest.mark.parametrize(
    "region",
    [
        Region(x=0, y=0, w=0.5, h=0.5),
        Region(x=1, y=1, w=0, h=0),
        Region(x=0.999, y=0, w=0.001, h=1),
        Region(x=0.9, y=0.9, w=1, h=1),
        Region(x=0.5, y=0.5, w=1e-9, h=1e-9),
    ],
    ids=str,
)
def test_crop_at_the_edge_is_small_and_not_empty(
    creative: Creative, folder: Path, region: Region
) -> None:
    [crop] = crops_of(Evidence(creative, folder).with_crops(judged([at(region)], {})))

    assert max(Image.open(folder / crop).size) <= 400


@pytest.mark.parametrize(
    "finding",
    [at(None), at(Region(x=0, y=0, w=1, h=1)), at(RED, page=7)],
    ids=["no place", "whole page", "page that is not there"],
)
def test_finding_without_a_place_of_its_own_has_no_crop(
    creative: Creative, folder: Path, finding: Finding
) -> None:
    assert crops_of(Evidence(creative, folder).with_crops(judged([finding], {}))) == []


def test_of_many_findings_the_worst_are_shown(creative: Creative, folder: Path) -> None:
    minor = [at(strip(place), severity="minor") for place in range(30)]
    critical = at(strip(90), severity="critical")

    measured = Evidence(creative, folder).with_crops(judged([*minor, critical], {}))

    assert measured.findings[-1].crop
    assert len(crops_of(measured)) == MAX_CROPS_OF_CHECK


def test_an_analysis_has_so_many_crops_and_no_more(creative: Creative, folder: Path) -> None:
    evidence = Evidence(creative, folder)

    found = [evidence.with_crops(judged([at(strip(n))], {})) for n in range(MAX_CROPS + 5)]
    same = evidence.with_crops(judged([at(strip(0))], {}))

    assert sum(bool(crops_of(measured)) for measured in found) == MAX_CROPS
    assert crops_of(same) == crops_of(found[0]), "drawn once"


def test_preview_is_small_and_says_its_size(creative: Creative, folder: Path) -> None:
    [preview] = Evidence(creative, folder).previews()

    assert (preview.page, preview.width_px, preview.height_px) == (1, 1600, 800)
    assert Image.open(folder / preview.sha256).size == (1600, 800)


def test_pages_with_findings_are_shown_first_when_there_is_no_time_for_all(
    shared_data: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "MAX_PREVIEWS", 2)
    files = sorted((shared_data / "creative" / "pdfs").glob("*.pdf"))
    for file in files:
        with open_creative(file, Limits()) as creative:
            if len(creative.pages) < 3:
                continue
            evidence = Evidence(creative, folder)
            evidence.with_crops(judged([at(RED, page=3)], {}))

            assert [preview.page for preview in evidence.previews()] == [1, 3]
            return
    pytest.fail("no PDF with three pages among the shared files")


def test_what_cannot_be_drawn_leaves_the_result_as_it_is(
    creative: Creative, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_page: object) -> None:
        raise Unreadable("damaged", "no")

    monkeypatch.setattr(creative, "rgb", broken)
    measured = judged([at(RED)], {})
    evidence = Evidence(creative, folder)

    assert evidence.with_crops(measured) == measured
    assert evidence.previews() == []


async def test_only_pictures_that_are_what_their_name_says_are_stored(
    folder: Path, tmp_path: Path
) -> None:
    good, secret = sha256(b"good").hexdigest(), sha256(b"secret").hexdigest()
    (folder / good).write_bytes(b"good")
    (folder / ("a" * 64)).write_bytes(b"something else")
    (tmp_path / "secret").write_bytes(b"secret")
    (folder / secret).symlink_to(tmp_path / "secret")
    store = Store(f"file://{tmp_path / 'objects'}", tmp_path)

    kept = await keep_pictures(store, folder, [good, "a" * 64, "b" * 64, secret, "../secret"])

    assert kept == {good}
    async with store.fetch(good) as file:
        assert file.read_bytes() == b"good"
    lost = CheckResult(
        check_id="a", state="failed", findings=[at(RED, crop=good), at(RED, crop="a" * 64)]
    )
    assert [f.crop for f in without_lost_crops(lost, kept).findings] == [good, None]
