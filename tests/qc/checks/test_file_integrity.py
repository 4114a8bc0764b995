"""Rules of the check of damaged JPEGs."""

import random
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from services.qc.checks import run_check
from services.qc.checks.measured import Measured
from services.qc.checks.subject import Subject
from services.qc.decode import open_creative
from services.qc.domain.creative import Limits, Unreadable
from tests.qc.checks.conftest import SubjectOf
from tests.qc.checks.test_blur_upscale import texture

PAGE = texture((640, 480))
KINDS: dict[str, dict[str, Any]] = {
    "plain": {"quality": 85},
    "colours whole": {"quality": 95, "subsampling": 0},
    "progressive": {"quality": 85, "progressive": True},
    "restarts": {"quality": 85, "restart_marker_rows": 1},
}


def look(path: Path) -> Measured:
    with open_creative(path, Limits()) as creative:
        return run_check("file_integrity", Subject(creative), {})


def is_told(path: Path) -> bool:
    """By the check, or at once when it cannot even be opened."""
    try:
        return look(path).state == "failed"
    except Unreadable:
        return True


def saved(folder: Path, page: Image.Image = PAGE, **options: Any) -> Path:
    path = folder / "picture.jpg"
    page.save(path, **options)
    return path


def changed(path: Path, **pieces: bytes) -> None:
    """Put a piece `before` the first scan, or `after` the end."""
    content = path.read_bytes()
    scan = content.index(b"\xff\xda")
    before, after = pieces.get("before", b""), pieces.get("after", b"")
    path.write_bytes(content[:scan] + before + content[scan:] + after)


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_what_an_encoder_wrote_is_whole(mode: str, options: dict[str, Any], tmp_path: Path) -> None:
    measured = look(saved(tmp_path, PAGE.convert(mode), **options))

    assert (measured.state, measured.score) == ("passed", 100)
    assert measured.measurements == {"whole": True}


@pytest.mark.parametrize("options", KINDS.values(), ids=KINDS)
def test_lost_bytes_are_told(options: dict[str, Any], tmp_path: Path) -> None:
    path = saved(tmp_path, **options)
    whole = path.read_bytes()
    chance, found = random.Random(7), 0
    for _ in range(20):
        lost = chance.randrange(whole.index(b"\xff\xda") + 20, len(whole) - 1_100)
        path.write_bytes(whole[:lost] + whole[lost + 1_024 :])
        found += is_told(path)

    assert found >= 19


def test_the_finding_says_what_to_do(tmp_path: Path) -> None:
    path = saved(tmp_path, quality=85)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2] + whole[len(whole) // 2 + 2_000 :])

    measured = look(path)

    [finding] = measured.findings
    assert (measured.state, measured.score, finding.severity) == ("failed", 0, "critical")
    assert "damaged" in finding.message and "Export it again" in (finding.fix or "")


@pytest.mark.parametrize(
    "pieces",
    [
        {"after": b"what a camera appends" * 50},
        {"before": b"\xff\xe1\x00\x0eExif\x00\x00MM\x00*\xff\xff"},
        {"before": b"\xff\xff\xff\xfe\x00\x05ab\xff"},
    ],
    ids=["appended", "broken EXIF", "fill and comment"],
)
def test_what_is_beside_the_picture_is_no_damage_to_it(
    pieces: dict[str, bytes], tmp_path: Path
) -> None:
    path = saved(tmp_path, quality=85)
    changed(path, **pieces)

    assert look(path).state == "passed"


def test_a_kind_that_is_not_known_is_not_judged(tmp_path: Path) -> None:
    """Arithmetic coding, which no encoder at hand writes: only the marker says so here."""
    path = saved(tmp_path, quality=85)
    content = path.read_bytes()
    with open_creative(path, Limits()) as creative:
        path.write_bytes(content.replace(b"\xff\xc0\x00\x11\x08", b"\xff\xc9\x00\x11\x08"))
        measured = run_check("file_integrity", Subject(creative), {})

    assert measured.state == "not_applicable"


def test_other_pictures_are_not_judged(picture: SubjectOf) -> None:
    assert run_check("file_integrity", picture(PAGE), {}).state == "not_applicable"


def test_real_jpegs_are_whole_and_the_broken_one_of_the_hostile_is_not(shared_data: Path) -> None:
    whole = sorted((shared_data / "creative" / "pictures").glob("*.jpg"))

    assert whole
    assert {look(path).state for path in whole} == {"passed"}
    shuffled = shared_data / "creative" / "hostile" / "pillow__hopper_bad_exif.jpg"
    assert look(shuffled).state == "failed", "half of it is black and white noise"
