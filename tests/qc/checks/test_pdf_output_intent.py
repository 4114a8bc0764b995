"""Rules of output intents and of claims to be PDF/X."""

from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name

from services.qc.checks import run_check
from services.qc.checks.subject import Subject
from tests.qc.checks.conftest import SubjectOf
from tests.qc.checks.drawn_pdfs import Sheet, fogra39, text

XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:pdfxid="http://www.npes.org/pdfx/ns/id/"
 pdfxid:GTS_PDFXVersion="%s"/></rdf:RDF></x:xmpmeta>"""


def claiming(version: bytes) -> dict[str, Any]:
    def metadata(pdf: pikepdf.Pdf) -> Any:
        stream = pikepdf.Stream(pdf, XMP % version)
        stream.Type, stream.Subtype = Name.Metadata, Name.XML
        return stream

    return {"OutputIntents": fogra39, "Metadata": metadata}


def claims(subject: Subject) -> list[str]:
    return [finding.message for finding in run_check("pdf_output_intent", subject, {}).findings]


def test_an_output_intent_is_needed_unless_it_is_not(pdf: SubjectOf) -> None:
    assert run_check("pdf_output_intent", pdf(Sheet()), {}).state == "failed"
    assert run_check("pdf_output_intent", pdf(Sheet()), {"require_intent": False}).state == "passed"


def test_a_condition_is_held_to_the_list(pdf: SubjectOf) -> None:
    subject = pdf(Sheet(), root={"OutputIntents": fogra39})

    measured = run_check("pdf_output_intent", subject, {"allowed_conditions": ["Fogra 39"]})
    assert (measured.state, measured.measurements["condition"]) == ("passed", "FOGRA39")
    refused = run_check("pdf_output_intent", subject, {"allowed_conditions": ["FOGRA51"]})
    assert "another printing condition: FOGRA39" in refused.findings[0].message


def test_an_intent_of_another_kind_is_none(pdf: SubjectOf) -> None:
    archive = Array([Dictionary(S=Name.GTS_PDFA1, OutputConditionIdentifier="sRGB")])

    assert run_check(
        "pdf_output_intent", pdf(Sheet(), root={"OutputIntents": archive}), {}
    ).findings


def test_pdfx_is_read_from_the_metadata_and_can_be_required(pdf: SubjectOf) -> None:
    x4 = pdf(Sheet(text("Hello")), root=claiming(b"PDF/X-4"))

    measured = run_check("pdf_output_intent", x4, {"allowed_pdfx": ["PDF/X-4"]})
    assert (measured.state, measured.measurements["pdfx"]) == ("passed", "PDF/X-4")
    assert run_check("pdf_output_intent", x4, {"allowed_pdfx": ["PDF/X-1a"]}).state == "failed"
    plain = pdf(Sheet(), root={"OutputIntents": fogra39})
    assert run_check("pdf_output_intent", plain, {"pdfx": "required"}).state == "failed"


def test_a_claim_that_the_file_does_not_keep_is_told(pdf: SubjectOf) -> None:
    x1 = claiming(b"PDF/X-1a:2003")
    see_through = Sheet(
        "/T gs 1 0 0 rg 9 9 9 9 re f " + text("Hello", font="H"),
        resources={"ExtGState": {"T": Dictionary(ca=0.5)}},
    )

    told = " ".join(claims(pdf(see_through, root=x1)))

    for fault in ("transparency", "RGB", "Helvetica is not embedded", "trapped"):
        assert fault in told
    assert "trim" not in told
    assert "neither trim nor art box" in " ".join(claims(pdf(Sheet(boxes=False), root=x1)))


def test_transparency_is_no_fault_in_pdfx_4(pdf: SubjectOf) -> None:
    sheet = Sheet("/T gs 9 9 9 9 re f", resources={"ExtGState": {"T": Dictionary(ca=0.5)}})

    assert claims(pdf(sheet, root=claiming(b"PDF/X-4"))) == []
