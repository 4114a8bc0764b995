"""Rules of the resolution of placed pictures."""

import pytest
from pikepdf import Array, Name

from services.qc.checks import run_check
from tests.qc.checks.conftest import SubjectOf
from tests.qc.checks.drawn_pdfs import Sheet, image, placed


def sheet_with(pixels: int, points: float, **keys: object) -> Sheet:
    picture = image(pixels, pixels, **keys)  # type: ignore[arg-type]
    return Sheet(placed("I", points, points), resources={"XObject": {"I": picture}})


@pytest.mark.parametrize(
    ("pixels", "points", "state", "score"),
    [(300, 72, "passed", 100), (100, 72, "failed", 66.7), (300, 216, "failed", 66.7)],
)
def test_resolution_is_pixels_over_the_placed_size(
    pixels: int, points: float, state: str, score: float, pdf: SubjectOf
) -> None:
    measured = run_check("pdf_images", pdf(sheet_with(pixels, points)), {})

    assert (measured.state, measured.score) == (state, score)


def test_a_poor_picture_is_found_where_it_lies(pdf: SubjectOf) -> None:
    (finding,) = run_check("pdf_images", pdf(sheet_with(60, 72)), {}).findings

    assert finding.measured == "60 ppi (60 x 60 px)"
    width = 100 / 25.4 * 72 + 2 * 15 / 25.4 * 72
    assert finding.region is not None
    assert finding.region.w == pytest.approx(72 / width, abs=0.001)


def test_between_the_limit_and_the_wish_is_a_remark(pdf: SubjectOf) -> None:
    measured = run_check("pdf_images", pdf(sheet_with(200, 72)), {})

    assert measured.state == "passed"
    assert [finding.severity for finding in measured.findings] == ["minor"]


def test_line_work_needs_more(pdf: SubjectOf) -> None:
    bitonal = sheet_with(400, 72, space=Name.DeviceGray, components=1, BitsPerComponent=1)
    mask = sheet_with(400, 72, ImageMask=True, BitsPerComponent=1)

    assert run_check("pdf_images", pdf(bitonal), {}).state == "failed"
    assert run_check("pdf_images", pdf(mask), {}).state == "failed"
    assert run_check("pdf_images", pdf(sheet_with(400, 72)), {}).state == "passed"


def test_the_forms_around_a_picture_scale_it_too(pdf: SubjectOf) -> None:
    from pikepdf import Dictionary, Stream

    def form(made: object) -> object:
        stream = Stream(made, b"72 0 0 72 0 0 cm /I Do")  # type: ignore[arg-type]
        stream.Subtype, stream.BBox = Name.Form, Array([0, 0, 72, 72])
        stream.Matrix = Array([2, 0, 0, 2, 0, 0])
        stream.Resources = Dictionary(XObject=Dictionary(I=image(300, 300)(made)))
        return stream

    sheet = Sheet("q 1.5 0 0 1.5 20 20 cm /X Do Q", resources={"XObject": {"X": form}})

    assert run_check("pdf_images", pdf(sheet), {}).measurements["lowest_ppi"] == 100


def test_a_tint_of_one_pixel_is_no_picture(pdf: SubjectOf) -> None:
    assert run_check("pdf_images", pdf(sheet_with(1, 200)), {}).state == "not_applicable"


def test_a_picture_outside_its_clip_is_not_there(pdf: SubjectOf) -> None:
    sheet = sheet_with(20, 72)
    sheet.content = f"q 200 200 10 10 re W n {sheet.content} Q"

    assert run_check("pdf_images", pdf(sheet), {}).state == "not_applicable"


def test_the_unit_of_the_page_counts(pdf: SubjectOf) -> None:
    sheet = sheet_with(300, 72)
    sheet.extra = {"UserUnit": 2}

    assert run_check("pdf_images", pdf(sheet), {}).measurements["lowest_ppi"] == 150
