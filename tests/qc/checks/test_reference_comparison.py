"""Rules of the comparison with the approved picture."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from services.qc.checks import run_check
from services.qc.checks.measured import Measured
from services.qc.checks.subject import Subject
from services.qc.decode import open_creative
from services.qc.domain.creative import Limits
from tests.qc.checks.artwork import PANEL, SIZE, artwork, exported_again, overlap
from tests.qc.factories import brief_with

Compare = Callable[..., Measured]


@pytest.fixture
def compare(tmp_path: Path) -> Compare:
    def measured(new: Image.Image, old: Image.Image | None, **parameters: Any) -> Measured:
        new.save(tmp_path / "new.png")
        if old:
            old.save(tmp_path / "approved.png")
        brief = brief_with(reference=[tmp_path / "approved.png"] if old else [])
        with open_creative(tmp_path / "new.png", Limits()) as creative:
            return run_check("reference_comparison", Subject(creative, brief), parameters)

    return measured


def test_without_a_reference_the_input_is_missing(compare: Compare) -> None:
    assert compare(artwork(), None).state == "missing_input"


def test_the_approved_file_itself_has_no_difference(compare: Compare) -> None:
    measured = compare(artwork(), artwork())

    assert (measured.state, measured.score, measured.findings) == ("passed", 100, [])


@pytest.mark.parametrize("width", [450, 900, 1300])
def test_another_export_is_no_difference(compare: Compare, width: int) -> None:
    again = exported_again(artwork()).resize((width, width * SIZE[1] // SIZE[0]))

    assert compare(again, artwork()).findings == []


@pytest.mark.parametrize(
    ("change", "box", "message"),
    [
        ({"panel": "#2c4a86"}, PANEL, "A colour was changed."),
        ({"price": "3.49"}, None, None),
        ({"mark_at": 260}, (260, 380, 320, 440), "Something was moved."),
    ],
)
def test_exactly_the_changed_place_is_found(
    compare: Compare,
    change: dict[str, Any],
    box: tuple[int, int, int, int] | None,
    message: str | None,
) -> None:
    measured = compare(exported_again(artwork(**change)), artwork())

    assert measured.state == "failed"
    [finding] = measured.findings
    if box:
        assert overlap(finding.region, box) > 0.8
        assert finding.message == message
    else:
        assert overlap(finding.region, (207, 567, 219, 584)) > 0.3
        assert finding.region and finding.region.w < 20 / SIZE[0]


def test_what_is_added_and_what_is_taken_away_is_told_apart(compare: Compare) -> None:
    extended = artwork()
    ImageDraw.Draw(extended).text((300, 470), "NEW", font=ImageFont.load_default(50), fill="red")

    [added] = compare(extended, artwork()).findings
    [removed] = compare(artwork(), extended).findings

    assert added.message == "Something was added."
    assert removed.message == "Something was removed."


def test_a_box_that_may_change_is_left_out(compare: Compare) -> None:
    box = {"x": 0.05, "y": 0.75, "w": 0.5, "h": 0.2}

    assert compare(artwork(price="3.49"), artwork(), ignore=[box]).state == "passed"
    assert compare(artwork(mark_at=260), artwork(), ignore=[box]).state == "failed"


def test_tolerated_colour_and_least_area_are_parameters(compare: Compare) -> None:
    off = artwork(panel="#2c4a86")

    assert compare(off, artwork(), tolerated_delta_e=12).state == "passed"
    assert compare(off, artwork(), min_area_px=100_000).state == "passed"


def test_a_crop_is_a_finding_unless_it_is_allowed(compare: Compare) -> None:
    cropped = artwork().crop((0, 0, 900, 600))

    assert [f.message for f in compare(cropped, artwork()).findings] == [
        "The picture is cut differently."
    ]
    assert compare(cropped, artwork(), allow_crop=True).state == "passed"


def test_another_picture_is_critical(compare: Compare) -> None:
    other = Image.effect_noise(SIZE, 90).convert("RGB")

    [finding] = compare(other, artwork()).findings

    assert finding.severity == "critical"
    assert finding.message == "This is another picture than the approved one."


def test_plain_pictures_are_compared_frame_on_frame(compare: Compare) -> None:
    plain = Image.new("RGB", SIZE, "#1e3c78")

    assert compare(plain, plain.copy()).state == "passed"
    assert compare(Image.new("RGB", SIZE, "#e2583e"), plain).state == "unsure"


def test_a_reference_is_chosen_by_its_name(compare: Compare) -> None:
    assert compare(artwork(), artwork(), reference="approved").state == "passed"
    assert compare(artwork(), artwork(), reference="spring").state == "error"


def test_pages_are_compared_one_by_one(tmp_path: Path) -> None:
    first, second = artwork(), artwork(price="5.20")
    first.save(tmp_path / "old.pdf", save_all=True, append_images=[second], resolution=150)
    first.save(tmp_path / "new.pdf", save_all=True, append_images=[first], resolution=150)

    with open_creative(tmp_path / "new.pdf", Limits()) as creative:
        subject = Subject(creative, brief_with(reference=[tmp_path / "old.pdf"]))
        measured = run_check("reference_comparison", subject, {})

    assert {finding.page for finding in measured.findings} == {2}


@pytest.mark.parametrize("size", [(1, 1), (1200, 3), (50, 50)])
def test_tiny_pictures_are_compared_without_breaking(
    compare: Compare, size: tuple[int, int]
) -> None:
    tiny = Image.effect_noise(size, 90).convert("RGB")

    assert compare(tiny, tiny.copy()).state == "passed"
    assert compare(tiny, artwork()).state in ("failed", "unsure")
