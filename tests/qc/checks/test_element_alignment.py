"""Rules of the check of edges that nearly line up."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from services.qc.checks import run_check
from services.qc.checks.seen import Line
from services.qc.checks.subject import Subject
from services.qc.decode import open_creative
from services.qc.domain.creative import Limits
from services.qc.domain.geometry import Quad, region_of
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


def set_lines(picture: SubjectOf, *lines: tuple[str, int, int]) -> Subject:
    """Lines of text, their left edge and size, one below the other, read without a fault."""
    page = Image.new("RGB", (1000, 600), "#faf6ee")
    draw = ImageDraw.Draw(page)
    read = []
    top = 40
    for text, left, size in lines:
        font = ImageFont.load_default(size)
        draw.text((left, top), text, font=font, fill="#0e1e3a")
        x0, y0, x1, y1 = draw.textbbox((left, top), text, font=font)
        quad: Quad = ((x0 - 5, y0 - 5), (x1 + 5, y0 - 5), (x1 + 5, y1 + 5), (x0 - 5, y1 + 5))
        read.append(Line(text, 1.0, quad, region_of(quad, 1000, 600)))
        top += round(1.5 * size)
    subject = picture(page)
    subject._lines[1] = read
    return subject


def found(subject: Subject) -> list[tuple[str, str | None]]:
    measured = run_check("element_alignment", subject, {})
    return [(finding.severity, finding.evidence) for finding in measured.findings]


FAMILY = [("Hand picked", 100, 40), ("Lime and mint", 100, 40), ("Elderflower", 100, 40)]


def middle_px(text: str, size: int) -> float:
    """Of a line, from its left edge."""
    return ImageFont.load_default(size).getlength(text) / 2


def test_a_middle_that_meets_one_of_the_family_by_chance_is_no_excuse(picture: SubjectOf) -> None:
    wide, stray = "Hand picked at noon", "Drink it very cold"
    wanted_px = middle_px(wide, 40) - 9
    size = min(range(20, 60), key=lambda size: abs(middle_px(stray, size) - wanted_px))

    lines = (*FAMILY[:2], (wide, 100, 40), (stray, 109, size))
    assert abs(middle_px(stray, size) - wanted_px) <= 4
    assert found(set_lines(picture, *lines)) == [("major", f"{stray} · {wide}")]


def test_a_block_that_is_centred_in_itself_is_no_slip(picture: SubjectOf) -> None:
    upper, lower = ("Made in Kent", 109, 30), "Kind"
    below = (lower, round(109 + middle_px(upper[0], 30) - middle_px(lower, 30)), 30)

    alone, paired = (
        found(set_lines(picture, *FAMILY, upper)),
        found(set_lines(picture, *FAMILY, upper, below)),
    )
    assert [severity for severity, _ in alone] == ["major"]
    assert "major" not in [severity for severity, _ in paired]


def test_beside_two_of_a_kind_a_near_miss_is_a_remark_only(picture: SubjectOf) -> None:
    stray = ("Drink it very cold", 109, 40)

    three, two = (found(set_lines(picture, *lines, stray)) for lines in (FAMILY, FAMILY[1:]))
    assert [severity for severity, _ in three] == ["major"]
    assert [severity for severity, _ in two] == ["minor"]


def test_lines_of_a_page_that_is_slightly_turned_are_no_slips(picture: SubjectOf) -> None:
    words = ("Hand", "Kind", "Mild", "Neat", "Real", "Blue", "Dark", "Drum", "Ripe", "Lime", "Rum")
    turned = [(text, 100 + row, 24) for row, text in enumerate(words)]

    assert found(set_lines(picture, *turned)) == []


def test_a_letter_that_hangs_over_the_edge_is_no_slip(picture: SubjectOf) -> None:
    big = ("Join us", 92, 80)

    assert found(set_lines(picture, *FAMILY, big)) == []


def test_words_divided_at_the_end_of_even_columns_are_no_slip(shared_data: Path) -> None:
    """A real document of two even columns, set by TeX."""
    with open_creative(shared_data / "creative/pdfs/pypdf__multicolumn.pdf", Limits()) as creative:
        measured = run_check("element_alignment", Subject(creative), {})

    assert (measured.state, measured.findings) == ("passed", [])
