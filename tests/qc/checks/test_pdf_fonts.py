"""Rules of the fonts in a PDF."""

from pikepdf import Dictionary, Name
from pydantic import JsonValue

from services.qc.checks import run_check
from tests.qc.checks.conftest import SubjectOf
from tests.qc.checks.drawn_pdfs import Sheet, text


def test_embedded_fonts_pass(pdf: SubjectOf) -> None:
    measured = run_check("pdf_fonts", pdf(Sheet(text("Hello there"))), {})

    assert (measured.state, measured.score) == ("passed", 100)
    assert measured.measurements["fonts"] == ["Aileron (TrueType, embedded, subset)"]


def test_a_font_that_is_not_embedded_fails_where_it_is_used_first(pdf: SubjectOf) -> None:
    sheet = Sheet(text("Hello there") + text("Small print", 8, 20, 60, font="H"))

    measured = run_check("pdf_fonts", pdf(sheet), {})

    (finding,) = measured.findings
    assert (measured.state, measured.score) == ("failed", 50)
    assert finding.evidence == "Small print"
    assert finding.measured == "Helvetica (Type1, not embedded)"
    assert finding.region is not None and 0.4 < finding.region.y < 0.75


def test_a_font_that_only_lies_in_the_resources_is_not_used(pdf: SubjectOf) -> None:
    assert run_check("pdf_fonts", pdf(Sheet()), {}).state == "not_applicable"


def test_invisible_text_needs_no_font(pdf: SubjectOf) -> None:
    sheet = Sheet("BT 3 Tr /H 9 Tf 20 20 Td (scanned) Tj ET")

    assert run_check("pdf_fonts", pdf(sheet), {}).state == "not_applicable"


def test_only_the_brands_fonts_are_allowed(pdf: SubjectOf) -> None:
    subject = pdf(Sheet(text("Hello there")))

    assert run_check("pdf_fonts", subject, {"allowed": ["Aileron"]}).state == "passed"
    assert run_check("pdf_fonts", subject, {"allowed": ["Futura"]}).state == "failed"
    assert run_check("pdf_fonts", subject, {"forbidden": ["aileron"]}).state == "failed"


def test_courier_is_a_remark_unless_it_is_the_brands(pdf: SubjectOf) -> None:
    courier = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name("/Courier-Bold"))
    subject = pdf(Sheet(text("Hello there", font="C"), resources={"Font": {"C": courier}}))
    inside: dict[str, JsonValue] = {"require_embedded": False}

    (finding,) = run_check("pdf_fonts", subject, inside).findings

    assert (finding.severity, "stands in" in finding.message) == ("minor", True)
    assert run_check("pdf_fonts", subject, {**inside, "allowed": ["Courier"]}).findings == []
