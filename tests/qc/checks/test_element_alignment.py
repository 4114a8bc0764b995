"""Rules of the check of edges that nearly line up."""

from PIL import Image, ImageDraw, ImageFont

from services.qc.checks import run_check
from tests.qc.checks.conftest import SubjectOf

LINES = ("Elderflower", "Lime and mint", "Hand picked", "Hot summer days")


def column(*offsets: int, size: int = 44, anchor: str = "la") -> Image.Image:
    """One line below the other, each moved to the right by its offset."""
    page = Image.new("RGB", (1000, 600), "#faf6ee")
    draw = ImageDraw.Draw(page)
    at = {"la": 100, "ma": 500, "ra": 900}[anchor]
    for number, (text, offset) in enumerate(zip(LINES, offsets, strict=False)):
        font = ImageFont.load_default(size)
        draw.text((at + offset, 60 + 90 * number), text, font=font, fill="#0e1e3a", anchor=anchor)
    return page


def test_lines_on_one_edge_or_axis_are_aligned(picture: SubjectOf) -> None:
    for anchor in ("la", "ma", "ra"):
        measured = run_check("element_alignment", picture(column(0, 0, 0, 0, anchor=anchor)), {})

        assert (measured.state, measured.score, measured.findings) == ("passed", 100, [])


def test_a_line_that_is_a_little_off_its_column_is_found(picture: SubjectOf) -> None:
    measured = run_check("element_alignment", picture(column(0, 0, 10, 0)), {"near_share": 0.015})

    assert measured.findings
    assert all("Hand picked" in (finding.evidence or "") for finding in measured.findings)
    assert measured.findings[0].severity == "major"
    assert measured.findings[0].region and measured.findings[0].region.x < 0.11


def test_an_indent_that_is_meant_is_none(picture: SubjectOf) -> None:
    measured = run_check("element_alignment", picture(column(0, 60, 60, 0)), {})

    assert measured.findings == []


def panels_at(second_top: int) -> Image.Image:
    page = Image.new("RGB", (1000, 600), "#faf6ee")
    draw = ImageDraw.Draw(page)
    draw.rectangle((80, 100, 459, 500), fill="#1e3c78")
    draw.rectangle((520, second_top, 900, second_top + 400), fill="#147840")
    return page


def test_panels_side_by_side_are_held_to_a_row(picture: SubjectOf) -> None:
    [finding] = run_check("element_alignment", picture(panels_at(107)), {}).findings

    assert (finding.severity, finding.measured) == ("minor", "7 px apart")
    assert run_check("element_alignment", picture(panels_at(100)), {}).findings == []
    assert run_check("element_alignment", picture(panels_at(160)), {}).findings == []


def test_a_lone_element_lines_up_with_nothing(picture: SubjectOf) -> None:
    measured = run_check("element_alignment", picture(column(0)), {})

    assert (measured.state, measured.score) == ("not_applicable", None)


def test_what_letters_stand_off_by_themselves_is_no_slip(picture: SubjectOf) -> None:
    page = Image.new("RGB", (1200, 700), "#faf6ee")
    draw = ImageDraw.Draw(page)
    for number, (text, size) in enumerate((("Hand picked", 120), ("The best", 120), ("Rum", 60))):
        font = ImageFont.load_default(size)
        draw.text((100, 60 + 170 * number), text, font=font, fill="#0e1e3a", anchor="ls")
    draw.text((100, 620), "Always", font=ImageFont.load_default(60), fill="#0e1e3a", anchor="ls")

    assert run_check("element_alignment", picture(page), {}).findings == []
