"""Exact check: the output intent of a PDF, and whether the file keeps the PDF/X that it claims.

ISO 15930: PDF/X asks for one output intent of kind GTS_PDFX, a trim or art box on every page, a
statement about trapping, no encryption; X-1a and X-3 also for no transparency, X-1a for no RGB.
This is no proof of conformance: only what is listed here is looked at.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from libs.contracts.qc import Finding
from services.qc.checks.measured import ExactCheck, Measured, Parameters
from services.qc.checks.pdf_judging import artwork_marks, concluded, finding, not_a_pdf
from services.qc.checks.subject import Subject

if TYPE_CHECKING:
    from services.qc.preflight.facts import Mark, OutputIntent, PageFacts, PdfFacts

Name = Annotated[str, Field(min_length=1, max_length=120)]
OLD = ("PDF/X-1", "PDF/X-3")
EXPORT = "Export it as PDF/X with the right output intent."


class PdfOutputIntent(Parameters):
    require_intent: bool = Field(default=True, description="Whether an output intent is needed")
    allowed_conditions: list[Name] = Field(
        default=[], max_length=50, description="Printing conditions such as FOGRA51; empty: any"
    )
    pdfx: Literal["any", "required"] = Field(
        default="any", description="required: the file must say that it is PDF/X"
    )
    allowed_pdfx: list[Name] = Field(
        default=[], max_length=20, description="Beginnings such as PDF/X-4; empty allows any"
    )


def measure(subject: Subject, parameters: PdfOutputIntent) -> Measured:
    """Score: 0 or 100. A claim of PDF/X that the file does not keep is a fault."""
    facts = subject.pdf()
    if facts is None:
        return not_a_pdf("an output intent")
    intents = [one for one in facts.document.output_intents if one.kind == "GTS_PDFX"]
    findings = [*_intents(intents, parameters), *_pdfx(facts.document.pdfx, parameters)]
    if facts.document.pdfx:
        findings += _broken_claims(facts, subject.pdf_pages())
    first = intents[0] if intents else None
    measurements = {
        "pdf_version": facts.document.version,
        "pdfx": facts.document.pdfx,
        "condition": first.condition if first else None,
        "profile": first.profile if first else None,
    }
    return concluded(subject, findings, measurements)


def _intents(intents: "list[OutputIntent]", parameters: PdfOutputIntent) -> Iterator[Finding]:
    if not intents:
        if parameters.require_intent:
            message = "The file does not say for which printing condition it is made."
            yield finding("major", message, "no output intent", "an output intent", EXPORT)
        return
    conditions = {_plain(one.condition) for one in intents}
    names = ", ".join(one.condition or "unnamed" for one in intents)
    if len(conditions) > 1:
        message = "The file has several output intents that differ."
        yield finding("major", message, names, "one output intent", EXPORT)
    for intent in intents:
        if not intent.condition and not intent.profile:
            message = "The output intent names no printing condition and has no profile."
            yield finding("major", message, "unnamed", "a condition or a profile", EXPORT)
    allowed = {_plain(name) for name in parameters.allowed_conditions}
    known = {_plain(text) for one in intents for text in (one.condition, one.profile or "")}
    if allowed and not any(name and name in text for name in allowed for text in known):
        message = f"The file is made for another printing condition: {names}."
        rule = f"one of {', '.join(parameters.allowed_conditions)}"
        yield finding("major", message, names, rule, "Convert it to the right condition.")


def _plain(text: str) -> str:
    return "".join(letter for letter in text.lower() if letter.isalnum())


def _pdfx(claimed: str | None, parameters: PdfOutputIntent) -> Iterator[Finding]:
    if claimed is None:
        if parameters.pdfx == "required" or parameters.allowed_pdfx:
            rule = ", ".join(parameters.allowed_pdfx) or "PDF/X"
            yield finding("major", "The file is no PDF/X.", "no PDF/X", rule, EXPORT)
        return
    if parameters.allowed_pdfx and not claimed.startswith(tuple(parameters.allowed_pdfx)):
        rule = f"one of {', '.join(parameters.allowed_pdfx)}"
        yield finding("major", f"The file is {claimed}.", claimed, rule, EXPORT)


def _broken_claims(facts: "PdfFacts", pages: "list[PageFacts]") -> Iterator[Finding]:
    document, claimed = facts.document, facts.document.pdfx or ""
    rule = f"what {claimed} asks for"
    message = f"The file says that it is {claimed}, but "
    if not any(one.kind == "GTS_PDFX" for one in document.output_intents):
        yield finding("major", f"{message}has no output intent.", "none", rule, EXPORT)
    if document.encrypted:
        yield finding("major", f"{message}is encrypted.", "encrypted", rule, EXPORT)
    if document.trapped not in ("True", "False") and claimed.startswith(OLD):
        yield finding("major", f"{message}does not say if it is trapped.", "unknown", rule, EXPORT)
    if document.scripts or document.actions:
        yield finding("major", f"{message}runs actions.", "actions", rule, EXPORT)
    for page in pages:
        if page.trim is None and page.art is None:
            text = f"{message}page {page.number} has neither trim nor art box."
            yield finding("major", text, "no trim box", rule, EXPORT, page)
        mark = _transparent(page) if claimed.startswith(OLD) else None
        if mark:
            text = f"{message}page {page.number} has transparency."
            yield finding("major", text, "transparency", rule, EXPORT, page, mark.box)
        mark = _coloured(page, "rgb") if claimed.startswith("PDF/X-1") else None
        if mark:
            text = f"{message}page {page.number} has RGB."
            yield finding("major", text, "RGB", rule, EXPORT, page, mark.box)
        unembedded = next((font for font in page.fonts if not font.embedded), None)
        if unembedded:
            text = f"{message}the font {unembedded.name} is not embedded."
            yield finding("major", text, unembedded.name, rule, EXPORT, page)


def _transparent(page: "PageFacts") -> "Mark | None":
    for mark in artwork_marks(page):
        if mark.look.is_transparent or (mark.image and mark.image.soft_mask):
            return mark
    return None


def _coloured(page: "PageFacts", family: str) -> "Mark | None":
    for mark in artwork_marks(page):
        if any(colour.space.family == family for colour in mark.colours()):
            return mark
    return None


CHECK = ExactCheck(
    measures="Output intent of a PDF, and whether it keeps the PDF/X that it claims",
    unit="condition",
    parameters=PdfOutputIntent,
    measure=measure,
    needs=("pdf",),
    example={"allowed_conditions": ["FOGRA51"], "allowed_pdfx": ["PDF/X-4"]},
)
