"""Rules of the colours of a PDF: spaces, spots, ink, overprint, black."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from pikepdf import Array, Dictionary, Name, Stream
from PIL import Image
from pydantic import JsonValue

from services.qc.checks import run_check
from services.qc.checks.measured import Measured
from tests.qc.checks.conftest import SubjectOf
from tests.qc.checks.drawn_pdfs import Sheet, image, placed, separation, text

OVERPRINT = {"ExtGState": {"O": Dictionary(OP=True, op=True, OPM=1)}}


def spot(name: str) -> dict[str, dict[str, object]]:
    return {"ColorSpace": {"S": separation(name)}}


def messages(measured: Measured) -> list[str]:
    return [finding.message for finding in measured.findings]


def test_a_cmyk_sheet_passes(pdf: SubjectOf) -> None:
    sheet = Sheet(text("Hello", 14) + " 0 0 0 0 k 10 10 5 5 re f 0.2 g 20 10 5 5 re f")

    measured = run_check("pdf_colour", pdf(sheet), {})

    assert (measured.state, measured.score, measured.findings) == ("passed", 100, [])


def test_rgb_in_a_cmyk_job_is_found_where_it_is_largest(pdf: SubjectOf) -> None:
    sheet = Sheet("1 0 0 rg 10 10 5 5 re f 100 100 50 50 re f")

    measured = run_check("pdf_colour", pdf(sheet), {})

    (finding,) = measured.findings
    assert measured.state == "failed"
    assert finding.measured == "2 in RGB (path)"
    assert finding.region is not None and finding.region.x > 0.3
    parameters: dict[str, JsonValue] = {"allowed_spaces": ["rgb", "cmyk", "grey"]}
    assert run_check("pdf_colour", pdf(sheet), parameters).state == "passed"


def test_an_rgb_profile_is_rgb_and_a_cmyk_profile_is_not(pdf: SubjectOf) -> None:
    def icc(components: int) -> object:
        def make(made: object) -> object:
            stream = Stream(made, b"\0" * 200)  # type: ignore[arg-type]
            stream.N = components
            return Array([Name.ICCBased, stream])

        return make

    for components, state in ((3, "failed"), (4, "passed")):
        values = " ".join(["0.5"] * components)
        sheet = Sheet(
            f"/C cs {values} sc 20 20 50 50 re f", resources={"ColorSpace": {"C": icc(components)}}
        )
        assert run_check("pdf_colour", pdf(sheet), {}).state == state


def test_spot_colours_are_named_and_held_to_the_list(pdf: SubjectOf) -> None:
    subject = pdf(Sheet("/S cs 1 scn 20 20 50 50 re f", resources=spot("PANTONE 186 C")))

    measured = run_check("pdf_colour", subject, {})
    assert (measured.state, measured.measurements["spots"]) == ("passed", ["PANTONE 186 C"])
    for allowed, state in ((["Pantone 186 C"], "passed"), (["Gold"], "failed"), ([], "failed")):
        assert run_check("pdf_colour", subject, {"allowed_spots": [*allowed]}).state == state
    assert run_check("pdf_colour", subject, {"required_spots": ["Gold"]}).state == "failed"


def test_one_ink_with_two_names_fails(pdf: SubjectOf) -> None:
    spaces = {"A": separation("PANTONE 186 C"), "B": separation("Pantone 186 CVC")}
    sheet = Sheet(
        "/A cs 1 scn 9 9 9 9 re f /B cs 1 scn 30 9 9 9 re f", resources={"ColorSpace": spaces}
    )

    assert "two names" in messages(run_check("pdf_colour", pdf(sheet), {}))[0]


@pytest.mark.parametrize(
    ("content", "state", "most"),
    [
        ("0.9 0.8 0.8 0.5 k 20 20 60 60 re f", "passed", 300),
        ("0.9 0.8 0.8 0.6 k 20 20 60 60 re f", "failed", 310),
        ("0.9 0.8 0.8 0.6 k 20 20 6 6 re f", "passed", 100),
        ("0.9 0.8 0.8 0.6 k 20 20 60 60 re n", "passed", 10),
    ],
)
def test_total_ink_counts_over_an_area(
    content: str, state: str, most: float, pdf: SubjectOf
) -> None:
    measured = run_check("pdf_colour", pdf(Sheet(content)), {})

    assert measured.state == state
    if state == "failed":
        assert measured.findings[0].measured == f"{most} %"


def test_the_heaviest_place_of_a_picture_is_found(pdf: SubjectOf) -> None:
    samples = np.full((200, 200, 4), 40, np.uint8)
    samples[120:180, 20:80] = 230
    picture = image(200, 200, samples.tobytes())
    sheet = Sheet(placed("I", 144, 144, x=0, y=0), resources={"XObject": {"I": picture}})

    (finding,) = run_check("pdf_colour", pdf(sheet), {}).findings

    assert finding.measured == "361 %"
    assert finding.region is not None
    inverted = image(200, 200, (255 - samples).tobytes(), Decode=Array([1, 0] * 4))
    sheet = Sheet(placed("I", 144, 144), resources={"XObject": {"I": inverted}})
    assert run_check("pdf_colour", pdf(sheet), {}).findings[0].measured == "361 %"


def test_the_heaviest_stop_of_a_gradient_counts(pdf: SubjectOf) -> None:
    def gradient(*stops: list[float]) -> Dictionary:
        parts = [
            Dictionary(FunctionType=2, Domain=Array([0, 1]), N=1, C0=Array(one), C1=Array(other))
            for one, other in pairwise(stops)
        ]
        function = Dictionary(FunctionType=3, Functions=Array(parts))
        return Dictionary(ShadingType=2, ColorSpace=Name.DeviceCMYK, Function=function)

    for most, state in ((0.7, "passed"), (0.9, "failed")):
        shading = gradient([0, 0, 0, 0], [most] * 4, [0, 0, 0, 1])
        sheet = Sheet("q 0 0 90 90 re W n /G sh Q", resources={"Shading": {"G": shading}})
        assert run_check("pdf_colour", pdf(sheet), {}).state == state


def test_a_speck_of_heavy_ink_in_a_picture_dries(pdf: SubjectOf) -> None:
    samples = np.full((200, 200, 4), 40, np.uint8)
    samples[100:104, 100:104] = 255
    picture = image(200, 200, samples.tobytes())
    sheet = Sheet(placed("I", 144, 144), resources={"XObject": {"I": picture}})

    assert run_check("pdf_colour", pdf(sheet), {}).state == "passed"


def test_a_cmyk_jpeg_is_read_as_a_pdf_reads_it(pdf: SubjectOf, tmp_path: Path) -> None:
    Image.new("CMYK", (160, 160), (240, 240, 240, 240)).save(tmp_path / "ink.jpg")

    def made(file: object) -> object:
        stream = Stream(file, (tmp_path / "ink.jpg").read_bytes())  # type: ignore[arg-type]
        stream.Subtype, stream.Filter = Name.Image, Name.DCTDecode
        stream.Width, stream.Height, stream.BitsPerComponent = 160, 160, 8
        stream.ColorSpace, stream.Decode = Name.DeviceCMYK, Array([1, 0] * 4)
        return stream

    sheet = Sheet(placed("I", 144, 144), resources={"XObject": {"I": made}})

    (finding,) = run_check("pdf_colour", pdf(sheet), {}).findings
    assert finding.measured in {"376 %", "377 %"}


@pytest.mark.parametrize("what", [text("gone", 20), "20 20 50 50 re f"])
def test_white_that_overprints_vanishes(what: str, pdf: SubjectOf) -> None:
    sheet = Sheet(f"/O gs 0 0 0 0 k {what}", resources=OVERPRINT)

    measured = run_check("pdf_colour", pdf(sheet), {})

    assert measured.findings[0].severity == "critical"
    assert run_check("pdf_colour", pdf(Sheet(f"0 0 0 0 k {what}")), {}).state == "passed"


def test_small_text_in_rich_black_fails_and_a_headline_does_not(pdf: SubjectOf) -> None:
    rich = "0.6 0.4 0.4 1 k "

    (finding,) = run_check("pdf_colour", pdf(Sheet(rich + text("legal", 7))), {}).findings
    assert "7.0 pt in Cyan 60 %" in (finding.measured or "")
    assert run_check("pdf_colour", pdf(Sheet(rich + text("SALE", 30))), {}).state == "passed"


def test_small_black_text_on_a_tint_overprints(pdf: SubjectOf) -> None:
    knocked_out = run_check("pdf_colour", pdf(Sheet(text("legal", 7))), {})
    overprinted = Sheet("/O gs " + text("legal", 7), resources=OVERPRINT)
    on_paper = Sheet(text("legal", 7), ground_mm=None)

    assert [finding.severity for finding in knocked_out.findings] == ["minor"]
    assert run_check("pdf_colour", pdf(overprinted), {}).findings == []
    assert run_check("pdf_colour", pdf(on_paper), {}).findings == []


def test_the_registration_colour_is_for_marks_alone(pdf: SubjectOf) -> None:
    inside = Sheet("/S cs 1 scn 20 20 50 50 re f", resources=spot("All"))
    outside = Sheet("/S cs 1 scn 0 -35 5 5 re f", resources=spot("All"))

    assert "registration" in messages(run_check("pdf_colour", pdf(inside), {}))[-1]
    assert run_check("pdf_colour", pdf(outside), {}).state == "passed"


def test_overprint_in_mode_0_is_a_remark(pdf: SubjectOf) -> None:
    old = {"ExtGState": {"O": Dictionary(OP=True, op=True, OPM=0)}}
    sheet = Sheet("/O gs 1 0 0 0 k 20 20 50 50 re f", resources=old)

    assert "mode 0" in messages(run_check("pdf_colour", pdf(sheet), {}))[0]


def test_the_tile_of_a_pattern_is_looked_into(pdf: SubjectOf) -> None:
    def tile(made: object) -> object:
        stream = Stream(made, b"1 0 0 rg 0 0 5 5 re f")  # type: ignore[arg-type]
        stream.PatternType, stream.PaintType, stream.TilingType = 1, 1, 1
        stream.BBox, stream.XStep, stream.YStep = Array([0, 0, 10, 10]), 10, 10
        stream.Resources = Dictionary()
        return stream

    sheet = Sheet("/Pattern cs /P scn 20 20 80 80 re f", resources={"Pattern": {"P": tile}})

    assert "RGB" in messages(run_check("pdf_colour", pdf(sheet), {}))[0]
