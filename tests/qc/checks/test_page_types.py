"""Rules of page types: only artwork is judged, and when in doubt a page is artwork."""

import pytest
from pikepdf import Name

from services.qc.checks import run_check
from services.qc.checks.subject import Subject
from tests.qc.checks.conftest import SubjectOf
from tests.qc.checks.drawn_pdfs import Sheet, image, placed, text

ARTWORK = Sheet("1 0 0 0 k 20 20 200 100 re f " + text("Spring sale", 30, 20, 150))
PROSE = "please keep the logo clear of the fold and set the legal line in one size only"


def paper(*lines: tuple[str, float], drawn: str = "", **given: object) -> Sheet:
    """A page of paperwork: no bleed, no marks, lines of text from the top."""
    content, y = drawn, 200.0
    for words, size in lines:
        content += text(words, size, 10, y)
        y -= size * 1.4
    return Sheet(content, marks_mm=None, ground_mm=None, boxes=False, **given)  # type: ignore[arg-type]


def swatches(count: int) -> str:
    return "".join(
        f"{0.2 * index:.1f} 0.5 0.1 0 k {10 + 45 * index} 60 40 40 re f "
        for index in range(1, count + 1)
    ) + "0 0 0 1 k "  # fmt: skip


NOTES = paper(("Revision notes", 20), (PROSE, 8), (PROSE, 8))
PALETTE = paper(
    ("Colour palette", 20), ("Pantone 186 C", 8), ("C 0 M 90 Y 80 K 5", 8), drawn=swatches(4)
)
COVER = paper(("Northwind", 24), ("Client: Northwind", 9), ("Project: Summer", 9),
              ("Date: 1 May 2026", 9))  # fmt: skip


def types(subject: Subject) -> list[str]:
    return [kind.type for kind in subject.page_kinds.values()]


@pytest.mark.parametrize(
    ("page", "type"), [(NOTES, "notes"), (PALETTE, "palette"), (COVER, "cover")]
)
def test_paperwork_is_told_from_artwork(page: Sheet, type: str, pdf: SubjectOf) -> None:
    assert types(pdf(page, ARTWORK)) == [type, "artwork"]


@pytest.mark.parametrize(
    "page",
    [
        paper((PROSE, 12), ("notes", 6)),
        paper(("Notes", 20)),
        paper(("Notes of vanilla and oak for long evenings by the fire with good friends at home"
               " and away", 10)),
        paper(("Colour your summer", 20), ("Pantone 186 C", 8), ("#ff0000", 8)),
        paper(("Colour palette", 20), drawn=swatches(4)),
        paper(("Northwind", 24), ("Date: 1 May", 9)),
        paper(("Northwind", 24), ("Client: a", 9), ("Project: b", 9), ("Date: c", 9),
              *[(PROSE, 6)] * 6),
        Sheet(NOTES.content),
        Sheet(NOTES.content, boxes=False),
        paper(("Revision notes", 20), (PROSE, 8), drawn=placed("I", 250, 200, 0, 0),
              resources={"XObject": {"I": image(4, 4, space=Name.DeviceGray, components=1)}}),
        Sheet("0 0 1 0 k 0 0 99 99 re f", boxes=False, marks_mm=None),
    ],
    ids=["notes in small", "heading alone", "prose", "a pun", "no colours named", "one sign",
         "too many words", "trim box", "marks", "mostly picture", "no text"],
)  # fmt: skip
def test_when_in_doubt_a_page_is_artwork(page: Sheet, pdf: SubjectOf) -> None:
    assert types(pdf(page, ARTWORK)) == ["artwork", "artwork"]


def test_a_cover_comes_first(pdf: SubjectOf) -> None:
    assert types(pdf(ARTWORK, COVER)) == ["artwork", "artwork"]


def test_one_page_and_paperwork_alone_are_artwork(pdf: SubjectOf) -> None:
    assert types(pdf(NOTES)) == ["artwork"]
    assert types(pdf(COVER, NOTES)) == ["artwork", "artwork"]


def test_paperwork_cannot_fail_and_the_result_says_what_was_left_out(pdf: SubjectOf) -> None:
    subject = pdf(COVER, ARTWORK, NOTES)

    measured = run_check("print_bleed", subject, {})

    assert measured.state == "passed"
    assert measured.reason == "Not artwork and left out: pages 1 (cover), 3 (notes)."
    assert (measured.measurements["pages"], measured.measurements["pages_judged"]) == (3, 1)


def test_checks_of_pixels_leave_paperwork_out_too(pdf: SubjectOf) -> None:
    small = paper(("Revision notes", 20), (PROSE, 8), (PROSE, 8), trim_mm=(300, 100))
    square = Sheet(ARTWORK.content, trim_mm=(100, 100))
    subject = pdf(square, small)

    measured = run_check("aspect_ratio", subject, {"allowed": ["1:1"]})

    assert [page.number for page in subject.pages] == [1]
    assert (measured.state, measured.reason) == (
        "passed",
        "Not artwork and left out: page 2 (notes).",
    )


def test_a_picture_has_no_types_to_tell(sample: SubjectOf) -> None:
    assert types(sample()) == ["artwork"]
    assert run_check("file_weight", sample(), {}).reason is None
