"""Rules of what a PDF carries beside its artwork."""

from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String

from services.qc.checks import run_check
from tests.qc.checks.conftest import SubjectOf
from tests.qc.checks.drawn_pdfs import SLUG, Sheet

SCRIPT = Dictionary(S=Name.JavaScript, JS=String("app.alert(1)"))
ON_THE_PAGE = [SLUG + 20, SLUG + 20, SLUG + 60, SLUG + 40]


def note(kind: Any = Name.Text, rect: list[float] = ON_THE_PAGE, **keys: Any) -> dict[str, Any]:
    return {"Annots": Array([Dictionary(Type=Name.Annot, Subtype=kind, Rect=Array(rect), **keys)])}


def attached(pdf: pikepdf.Pdf) -> Any:
    spec = Dictionary(Type=Name.Filespec, F="brief.docx")
    return Dictionary(EmbeddedFiles=Dictionary(Names=Array([String("brief.docx"), spec])))


def named_script(pdf: pikepdf.Pdf) -> Any:
    return Dictionary(JavaScript=Dictionary(Names=Array([String("boot"), SCRIPT])))


def form(pdf: pikepdf.Pdf) -> Any:
    field = Dictionary(FT=Name.Tx, T=String("name"))
    return Dictionary(Fields=Array([pdf.make_indirect(field)]))


def test_a_clean_sheet_passes(pdf: SubjectOf) -> None:
    assert run_check("pdf_contents", pdf(Sheet()), {}).state == "passed"


@pytest.mark.parametrize(
    ("sheet", "root", "severity", "parameters"),
    [
        (Sheet(), {"Names": named_script}, "critical", {"allow_scripts": True}),
        (Sheet(), {"OpenAction": SCRIPT}, "critical", {"allow_scripts": True}),
        (Sheet(extra={"AA": Dictionary(O=SCRIPT)}), {}, "critical", {"allow_scripts": True}),
        (Sheet(), {"Names": attached}, "major", {"allow_embedded_files": True}),
        (Sheet(), {"AcroForm": form}, "major", {"allow_forms": True}),
        (Sheet(extra=note()), {}, "major", {"allowed_annotations": ["Text"]}),
        (
            Sheet(extra=note(Name.Link, A=Dictionary(S=Name.Launch, F=String("calc.exe")))),
            {},
            "critical",
            {"allow_scripts": True},
        ),
    ],
    ids=["script", "open action", "page action", "attachment", "form", "note", "launch"],
)
def test_what_does_not_belong_fails_unless_it_is_allowed(
    sheet: Sheet, root: dict[str, Any], severity: str, parameters: Any, pdf: SubjectOf
) -> None:
    measured = run_check("pdf_contents", pdf(sheet, root=root), {})

    assert measured.state == "failed"
    assert measured.findings[0].severity == severity
    assert run_check("pdf_contents", pdf(sheet, root=root), parameters).state == "passed"


@pytest.mark.parametrize(
    "extra",
    [
        note(Name.Link, A=Dictionary(S=Name.URI, URI=String("https://example.com"))),
        note(rect=[2, 2, 20, 20]),
        note(F=2),
        {"AA": Dictionary(O=Dictionary(S=Name.GoTo, D=Array([0, Name.Fit])))},
    ],
    ids=["a link", "outside the bleed", "hidden", "going to a page"],
)
def test_what_does_no_harm_passes(extra: dict[str, Any], pdf: SubjectOf) -> None:
    assert run_check("pdf_contents", pdf(Sheet(extra=extra)), {}).state == "passed"


def test_a_note_is_found_where_it_lies(pdf: SubjectOf) -> None:
    (finding,) = run_check("pdf_contents", pdf(Sheet(extra=note())), {}).findings

    assert finding.region is not None and 0.1 < finding.region.x < 0.3


def test_encryption_fails(pdf: SubjectOf) -> None:
    locked = pikepdf.Encryption(owner="owner", user="", allow=pikepdf.Permissions(extract=False))

    measured = run_check("pdf_contents", pdf(Sheet(), encryption=locked), {})

    assert measured.findings[0].measured == "encrypted, with limited rights"


def test_hidden_layers_are_listed_and_their_artwork_is_not_judged(pdf: SubjectOf) -> None:
    groups: list[Any] = []

    def layer(made: pikepdf.Pdf) -> Any:
        groups.append(made.make_indirect(Dictionary(Type=Name.OCG, Name=String("Old price"))))
        return groups[0]

    def properties(made: pikepdf.Pdf) -> Any:
        return Dictionary(OCGs=Array(groups), D=Dictionary(OFF=Array(groups)))

    sheet = Sheet(
        "/OC /L BDC 1 0 0 rg 20 20 50 50 re f EMC", resources={"Properties": {"L": layer}}
    )
    subject = pdf(sheet, root={"OCProperties": properties})

    assert run_check("pdf_colour", subject, {}).state == "passed"
    measured = run_check("pdf_contents", subject, {"allow_hidden_layers": False})
    assert measured.measurements["layers"] == ["Old price"]
    assert [finding.severity for finding in measured.findings] == ["minor"]
