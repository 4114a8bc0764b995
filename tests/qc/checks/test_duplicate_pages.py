"""Rules of pages that show the same."""

from pathlib import Path

from PIL import Image

from services.qc.checks import run_check
from services.qc.checks.subject import Subject
from services.qc.decode import open_creative
from services.qc.domain.creative import Limits
from tests.qc.checks.conftest import SubjectOf
from tests.qc.checks.drawn_pdfs import Sheet, text


def page(words: str, number: int = 1) -> Sheet:
    return Sheet(
        text(words, 24, 20, 120) + "1 0 0 0 k 20 40 200 60 re f" + text(f"{number}", 5, 5, 5),
        marks_mm=None,
    )


def test_the_same_page_twice_fails_at_the_second(pdf: SubjectOf) -> None:
    measured = run_check("duplicate_pages", pdf(page("Spring"), page("Autumn"), page("Spring")), {})

    (finding,) = measured.findings
    assert (measured.state, measured.score) == ("failed", 66.7)
    assert (finding.page, finding.message) == (3, "Page 3 shows the same as page 1.")


def test_another_headline_makes_another_page(pdf: SubjectOf) -> None:
    assert run_check("duplicate_pages", pdf(page("Spring"), page("Sprung")), {}).findings == []


def test_a_page_number_does_not_make_another_page(pdf: SubjectOf) -> None:
    subject = pdf(page("Spring", 1), page("Spring", 8))

    (finding,) = run_check("duplicate_pages", subject, {}).findings

    assert (finding.severity, "nearly" in finding.message) == ("minor", True)
    assert run_check("duplicate_pages", subject, {"report_near": False}).findings == []


def test_empty_pages_and_other_shapes_are_not_compared(pdf: SubjectOf) -> None:
    empty = Sheet(ground_mm=None, marks_mm=None)
    tall = Sheet(page("Spring").content, trim_mm=(80, 100), marks_mm=None)

    measured = run_check("duplicate_pages", pdf(empty, empty, page("Spring"), tall), {})

    assert (measured.state, measured.measurements["blank_pages"]) == ("passed", [1, 2])


def test_one_page_has_nothing_to_be_compared_with(pdf: SubjectOf) -> None:
    assert run_check("duplicate_pages", pdf(page("Spring")), {}).state == "not_applicable"


def test_the_frames_of_a_tiff_are_pages(tmp_path: Path) -> None:
    noise = [Image.effect_noise((300, 200), 60 + 20 * index) for index in range(2)]
    noise[0].save(tmp_path / "pages.tif", save_all=True, append_images=[noise[1], noise[0]])

    with open_creative(tmp_path / "pages.tif", Limits()) as creative:
        measured = run_check("duplicate_pages", Subject(creative), {})

    assert [finding.page for finding in measured.findings] == [3]
