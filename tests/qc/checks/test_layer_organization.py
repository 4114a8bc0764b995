"""Rules of the check of layers, in Photoshop files and PDFs."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from PIL import Image

from services.qc.checks import run_check
from services.qc.checks.layer_organization import UNNAMED
from services.qc.checks.measured import Measured
from services.qc.checks.subject import Subject
from services.qc.decode import open_creative
from services.qc.domain.creative import Limits
from tests.qc.checks.conftest import SubjectOf
from tests.qc.drawn_files import psd, saved

DOT = Image.new("RGBA", (50, 25), "red")


def measure(path: Path, opened: ExitStack, **parameters: object) -> Measured:
    subject = Subject(opened.enter_context(open_creative(path, Limits())))
    return run_check("layer_organization", subject, parameters)  # type: ignore[arg-type]


@pytest.fixture
def document(tmp_path: Path) -> Any:
    return psd(tmp_path / "a.psd", Image.new("RGB", (100, 50), "white"))


def test_a_picture_has_no_layers(picture: SubjectOf) -> None:
    subject = picture(Image.new("RGB", (40, 40)))

    assert run_check("layer_organization", subject, {}).state == "not_applicable"


def test_named_and_visible_layers_pass(document: Any, tmp_path: Path, opened: ExitStack) -> None:
    group = document.create_group(name="Offer")
    for name in ("Logo", "Layered cake", "Group shot"):
        group.append(document.create_pixel_layer(DOT, name=name))

    measured = measure(saved(document, tmp_path / "a.psd"), opened)

    assert (measured.state, measured.score, measured.findings) == ("passed", 100, [])
    assert measured.measurements["layers"] == 4


def test_an_unnamed_layer_fails_where_it_is(
    document: Any, tmp_path: Path, opened: ExitStack
) -> None:
    document.create_pixel_layer(DOT, name="Layer 12", top=25, left=50)
    document.create_pixel_layer(DOT, name="Logo")
    path = saved(document, tmp_path / "a.psd")

    measured = measure(path, opened)

    (finding,) = measured.findings
    assert (measured.state, measured.score, finding.measured) == ("failed", 50, "Layer 12")
    assert finding.region is not None and (finding.region.x, finding.region.y) == (0.5, 0.5)
    assert measure(path, opened, max_unnamed=1).state == "passed"


def test_hidden_empty_and_double_layers_are_minor(
    document: Any, tmp_path: Path, opened: ExitStack
) -> None:
    document.create_pixel_layer(DOT, name="Draft").visible = False
    document.create_group(name="Old ideas")
    document.create_pixel_layer(DOT, name="Price")
    document.create_pixel_layer(DOT, name="Price")

    measured = measure(saved(document, tmp_path / "a.psd"), opened)

    assert measured.state == "passed"
    told = {finding.measured: finding.message for finding in measured.findings}
    assert "hidden" in told["Draft"] and "empty" in told["Old ideas"]
    assert "like another" in told["Price"]
    counts = measured.measurements
    assert (counts["hidden"], counts["empty"], counts["doubly_named"]) == (1, 1, 2)


def test_the_same_name_in_two_groups_is_fine(
    document: Any, tmp_path: Path, opened: ExitStack
) -> None:
    for name in ("Front", "Back"):
        group = document.create_group(name=name)
        group.append(document.create_pixel_layer(DOT, name="Logo"))

    assert measure(saved(document, tmp_path / "a.psd"), opened).findings == []


def test_a_flat_file_is_told_only_where_layers_are_asked_for(
    document: Any, tmp_path: Path, opened: ExitStack
) -> None:
    path = saved(document, tmp_path / "a.psd")

    assert measure(path, opened).state == "not_applicable"
    assert measure(path, opened, require_layers=True).findings[0].measured == "0 layers"


@pytest.mark.parametrize(
    ("name", "is_unnamed"),
    [
        ("Layer 1", True),
        ("layer 12 copy 3", True),
        ("Rectangle 4", True),
        ("Ebene 7 Kopie", True),
        ("Calque 2", True),
        ("<Path>", True),
        ("Untitled-3", True),
        ("图层 5", True),
        ("Player 1", False),
        ("Layer masks explained", False),
        ("Line extension 2", False),
        ("Background", False),
        ("Logo copy", False),
    ],
)
def test_only_names_that_programs_give_are_unnamed(name: str, is_unnamed: bool) -> None:
    assert bool(UNNAMED.fullmatch(name)) is is_unnamed


def layered_pdf(path: Path, names: list[str], off: list[str]) -> Path:
    pdf = pikepdf.new()
    pdf.add_blank_page()
    groups = [
        pdf.make_indirect(pikepdf.Dictionary(Type=pikepdf.Name.OCG, Name=name)) for name in names
    ]
    hidden = [group for group, name in zip(groups, names, strict=True) if name in off]
    pdf.Root.OCProperties = pikepdf.Dictionary(
        OCGs=pikepdf.Array(groups),
        D=pikepdf.Dictionary(
            OFF=pikepdf.Array(hidden),
            Order=pikepdf.Array([groups[0], pikepdf.Array(groups[1:])]),
        ),
    )
    pdf.save(path)
    return path


def test_the_layers_of_a_pdf_are_its_optional_content(tmp_path: Path, opened: ExitStack) -> None:
    path = layered_pdf(tmp_path / "a.pdf", ["Die line", "Layer 3", "Notes"], ["Notes"])

    measured = measure(path, opened)

    told = [(finding.severity, finding.evidence) for finding in measured.findings]
    assert told == [("major", "Die line / Layer 3"), ("minor", "Die line / Notes")]


def test_a_pdf_without_layers_is_not_judged(tmp_path: Path, opened: ExitStack) -> None:
    Image.new("RGB", (40, 40)).save(tmp_path / "a.pdf")

    assert measure(tmp_path / "a.pdf", opened).state == "not_applicable"
