"""Rules of the comparison with the previous version."""

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
        suffix = parameters.pop("suffix", "png")
        new.save(tmp_path / f"new.{suffix}")
        if old:
            old.save(tmp_path / f"old.{suffix}")
        brief = brief_with(previous_version=[tmp_path / f"old.{suffix}"] if old else [])
        with open_creative(tmp_path / f"new.{suffix}", Limits()) as creative:
            return run_check("version_comparison", Subject(creative, brief), parameters)

    return measured


def found(measured: Measured) -> list[tuple[str, str]]:
    return [(finding.message, finding.severity) for finding in measured.findings]


def test_without_a_previous_version_the_input_is_missing(compare: Compare) -> None:
    assert compare(artwork(), None).state == "missing_input"


def test_another_export_is_no_change(compare: Compare) -> None:
    measured = compare(exported_again(artwork()), artwork())

    assert (measured.state, measured.score, measured.findings) == ("passed", 100, [])


def test_a_changed_digit_is_critical_and_shown_where_it_is(compare: Compare) -> None:
    measured = compare(exported_again(artwork(price="3.49")), artwork())

    [finding] = measured.findings
    assert finding.severity == "critical"
    assert finding.measured == "“3.99” became “3.49”"
    assert finding.region and finding.region.x > 150 / SIZE[0]
    assert overlap(finding.region, (188, 563, 232, 588)) > 0.3


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ("Elderflower and Lime", "Capitals were changed."),
        ("Elderflower and lemon", "Words were replaced."),
        ("Elderflower and fresh lime", "Words were added."),
    ],
)
def test_a_change_of_words_has_its_kind(compare: Compare, claim: str, message: str) -> None:
    assert found(compare(artwork(claim=claim), artwork())) == [(message, "major")]


def test_the_picture_is_compared_as_well(compare: Compare) -> None:
    [finding] = compare(exported_again(artwork(panel="#2c4a86")), artwork()).findings

    assert finding.message == "The picture was changed."
    assert (finding.measured or "").startswith("recoloured")
    assert overlap(finding.region, PANEL) > 0.8


def test_allowed_kinds_and_expected_changes_are_fine(compare: Compare) -> None:
    new = artwork(price="3.49", claim="Elderflower and Lime")

    assert compare(new, artwork(), allowed=["case", "number"]).state == "passed"
    assert compare(new, artwork(), expected=["price", "and lime"]).findings == []
    assert found(compare(new, artwork(), expected=["price"])) == [
        ("Capitals were changed.", "major")
    ]


def test_an_expected_change_that_is_not_there_is_told(compare: Compare) -> None:
    measured = compare(artwork(), artwork(), expected=["price"])

    assert measured.state == "passed"
    assert found(measured) == [("A change that was asked for was not seen.", "minor")]


def test_a_line_that_moved_is_minor_and_not_a_change_of_the_picture(compare: Compare) -> None:
    pages = []
    for top in (260, 440):
        page = artwork()
        font = ImageFont.load_default(34)
        ImageDraw.Draw(page).text((80, top), "Lightly sparkling", font=font, fill="#0e1e3a")
        pages.append(page)

    assert found(compare(pages[1], pages[0])) == [("Words were moved.", "minor")]


def test_in_another_layout_the_words_are_compared(compare: Compare) -> None:
    def banner(price: str) -> Image.Image:
        page = Image.new("RGB", (900, 300), "white")
        draw = ImageDraw.Draw(page)
        draw.text((20, 40), "Elderflower and lime", font=ImageFont.load_default(60), fill="black")
        draw.text((420, 180), f"Now only {price}", font=ImageFont.load_default(50), fill="black")
        return page

    same, other = compare(banner("3.99"), artwork()), compare(banner("3.49"), artwork())
    allowed = compare(banner("3.99"), artwork(), allowed=["picture"])

    assert (same.state, same.score) == ("unsure", None)
    assert (allowed.state, allowed.measurements["pages_laid_out_anew"]) == ("passed", [1])
    assert [finding.severity for finding in other.findings] == ["critical"]


def test_pages_of_a_pdf_are_compared(compare: Compare) -> None:
    measured = compare(artwork(price="3.49"), artwork(), suffix="pdf")

    assert found(measured) == [("A number or unit was changed.", "critical")]


def test_another_picture_without_words_is_never_passed(compare: Compare) -> None:
    noise = Image.effect_noise(SIZE, 90).convert("RGB")

    assert compare(Image.new("RGB", SIZE, "white"), noise).state == "unsure"
