"""Rules of the check of transparency."""

from contextlib import ExitStack
from pathlib import Path

import pikepdf
import pytest
from PIL import Image

from services.qc.checks import run_check
from services.qc.checks.measured import Measured
from services.qc.checks.subject import Subject
from services.qc.decode import open_creative
from services.qc.domain.creative import Limits
from tests.qc.checks.conftest import SubjectOf


def cut_out(margin_px: int = 0) -> Image.Image:
    """A red box on nothing, 200 pixels square with its margin."""
    picture = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    box = Image.new("RGBA", (200 - 2 * margin_px,) * 2, (200, 30, 30, 255))
    box.paste((200, 30, 30, 120), (10, 10, 40, 40))
    picture.paste(box, (margin_px, margin_px))
    return picture


def state(picture: SubjectOf, image: Image.Image, name: str = "a.png", **given: object) -> str:
    return run_check("transparency", picture(image, name), given).state  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["a.png", "a.webp"])
def test_transparent_pixels_are_found_where_they_are(name: str, picture: SubjectOf) -> None:
    result = run_check("transparency", picture(cut_out(), name, lossless=True), {})

    [finding] = result.findings
    assert finding.region is not None
    assert (finding.region.x, finding.region.w) == pytest.approx((0.05, 0.15), abs=0.01)


def test_an_alpha_channel_that_is_opaque_is_no_transparency(picture: SubjectOf) -> None:
    opaque = Image.new("RGBA", (50, 50), (1, 2, 3, 255))

    assert state(picture, opaque) == "passed"
    assert state(picture, opaque, rule="required") == "failed"


def test_pictures_without_alpha_are_opaque(picture: SubjectOf) -> None:
    plain = Image.new("RGB", (50, 50))

    assert state(picture, plain, "a.jpg") == "passed"
    assert state(picture, plain, "a.jpg", rule="required") == "failed"


def test_empty_borders_are_told_side_by_side(picture: SubjectOf) -> None:
    result = run_check("transparency", picture(cut_out(20)), {"rule": "required"})

    assert [finding.message for finding in result.findings] == [
        f"The {side} border is empty." for side in ("left", "top", "right", "bottom")
    ]
    assert result.findings[0].measured == "10.0 % of the side"
    assert state(picture, cut_out(20), rule="required", max_border_share=0.1) == "passed"
    assert state(picture, cut_out(), rule="required") == "passed"


def pdf_with(path: Path, opened: ExitStack, **state: object) -> Measured:
    """Two pages; the second draws a form whose graphics state is `state`."""
    with pikepdf.new() as pdf:
        for _ in range(2):
            pdf.add_blank_page(page_size=(200, 200))
        graphics = pikepdf.Dictionary({f"/{key}": value for key, value in state.items()})
        form = pdf.make_stream(b"/G gs 0 0 100 100 re f")
        form.Type, form.Subtype = pikepdf.Name.XObject, pikepdf.Name.Form
        form.BBox = [0, 0, 200, 200]
        form.Resources = pikepdf.Dictionary(ExtGState={"/G": graphics})
        pdf.pages[1].Resources = pikepdf.Dictionary(XObject={"/F": form})
        pdf.pages[1].Contents = pdf.make_stream(b"/F Do")
        pdf.save(path)
    creative = opened.enter_context(open_creative(path, Limits()))
    return run_check("transparency", Subject(creative), {})


@pytest.mark.parametrize(
    ("graphics", "measured"),
    [
        ({"ca": 0.5}, "50 % opacity"),
        ({"BM": pikepdf.Name.Multiply}, "blend mode Multiply"),
        ({"SMask": pikepdf.Dictionary(S=pikepdf.Name.Luminosity)}, "a soft mask"),
    ],
)
def test_live_transparency_of_a_pdf_is_found_on_its_page(
    graphics: dict[str, object], measured: str, tmp_path: Path, opened: ExitStack
) -> None:
    result = pdf_with(tmp_path / "a.pdf", opened, **graphics)

    assert [(f.page, f.measured) for f in result.findings] == [(2, measured)]


def test_an_opaque_state_is_no_transparency(tmp_path: Path, opened: ExitStack) -> None:
    opaque = {"ca": 1, "BM": pikepdf.Name.Normal, "SMask": pikepdf.Name("/None"), "CA": "x"}

    assert pdf_with(tmp_path / "a.pdf", opened, **opaque).state == "passed"
