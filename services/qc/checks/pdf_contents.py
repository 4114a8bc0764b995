"""Exact check: what a PDF carries beside its artwork: notes, forms, scripts, files, hidden layers.

ISO 15930 (PDF/X): no scripts, no forms that change the page, annotations outside the bleed only,
except printer's and trapping marks; no encryption.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding
from services.qc.checks.measured import ExactCheck, Measured, Parameters
from services.qc.checks.pdf_judging import concluded, finding, not_a_pdf
from services.qc.checks.subject import Subject
from services.qc.preflight.geometry import overlap

if TYPE_CHECKING:
    from services.qc.preflight.facts import Annotation, DocumentFacts, PageFacts

Kind = Annotated[str, Field(min_length=1, max_length=40)]
CLEAN = "Save a copy for print: flatten it, without scripts, forms, notes and attachments."


class PdfContents(Parameters):
    allowed_annotations: list[Kind] = Field(
        default=["Link", "PrinterMark", "TrapNet"],
        max_length=40,
        description="Kinds that may lie on the artwork, by their names in PDF",
    )
    allow_forms: bool = Field(default=False, description="Whether form fields are fine")
    allow_scripts: bool = Field(default=False, description="Whether scripts and actions are fine")
    allow_embedded_files: bool = Field(default=False, description="Whether attachments are fine")
    allow_encryption: bool = Field(default=False, description="Whether it may be encrypted")
    allow_hidden_layers: bool = Field(
        default=True, description="Whether layers may be switched off; else minor"
    )


def measure(subject: Subject, parameters: PdfContents) -> Measured:
    """Score: 0 or 100. Programs that a reader would start are critical; nothing is ever run."""
    facts = subject.pdf()
    if facts is None:
        return not_a_pdf("annotations, scripts and layers")
    pages = subject.pdf_pages()
    findings = [*_document(facts.document, parameters)]
    for page in pages:
        findings += _page(page, parameters)
    document = facts.document
    measurements: dict[str, JsonValue] = {
        "annotations": sum(len(page.annotations) for page in pages),
        "form_fields": document.form_fields,
        "scripts": len(document.scripts),
        "embedded_files": [*document.embedded_files[:50]],
        "encrypted": document.encrypted,
        "layers": [*[layer.name for layer in document.layers[:100]]],
    }
    return concluded(subject, findings, measurements)


def _document(document: "DocumentFacts", parameters: PdfContents) -> Iterator[Finding]:
    if not parameters.allow_scripts:
        if document.scripts:
            names = ", ".join(document.scripts[:5])
            message, rule = "The file contains scripts.", "no scripts"
            yield finding(
                "critical", message, f"{len(document.scripts)}", rule, CLEAN, None, None, names
            )
        for action in sorted(set(document.actions)):
            yield _action(action, None)
    if document.embedded_files and not parameters.allow_embedded_files:
        names = ", ".join(document.embedded_files[:5])
        message, rule = "Files are attached to it.", "no attachments"
        count = str(len(document.embedded_files))
        yield finding("major", message, count, rule, CLEAN, None, None, names)
    if (document.form_fields or document.xfa) and not parameters.allow_forms:
        message, count = "The file is a form.", f"{document.form_fields} fields"
        yield finding("major", message, count, "no form fields", CLEAN)
    if document.encrypted and not parameters.allow_encryption:
        message = "The file is encrypted, which keeps print workflows from opening it."
        limited = ", with limited rights" if document.permissions_limited else ""
        yield finding("major", message, f"encrypted{limited}", "not encrypted", CLEAN)
    hidden = [layer.name for layer in document.layers if not layer.visible]
    if hidden and not parameters.allow_hidden_layers:
        message, rule = "Layers are switched off; another reader may show them.", "no hidden layers"
        names = ", ".join(hidden[:5])
        yield finding("minor", message, str(len(hidden)), rule, CLEAN, None, None, names)


def _action(action: str, page: "PageFacts | None") -> Finding:
    severity = "critical" if action in ("JavaScript", "Launch") else "major"
    message = "The file starts something when it is opened or clicked."
    return finding(severity, message, action, "no actions", CLEAN, page)  # type: ignore[arg-type]


def _page(page: "PageFacts", parameters: PdfContents) -> Iterator[Finding]:
    if not parameters.allow_scripts:
        for action in sorted(set(page.actions)):
            yield _action(action, page)
    for annotation in page.annotations:
        if annotation.action and not parameters.allow_scripts:
            yield _action(annotation.action, page).model_copy(
                update={"region": page.region(annotation.box) if annotation.box else None}
            )
        if _disturbs(page, annotation, parameters):
            yield finding(
                "major",
                f"There is a note or object of the kind {annotation.kind} on the artwork.",
                annotation.kind,
                f"only {', '.join(parameters.allowed_annotations) or 'artwork'}",
                CLEAN,
                page,
                annotation.box,
            )


def _disturbs(page: "PageFacts", annotation: "Annotation", parameters: PdfContents) -> bool:
    if annotation.kind in (*parameters.allowed_annotations, "Popup") or annotation.hidden:
        return False
    if annotation.kind == "Widget" and parameters.allow_forms:
        return False
    artwork = page.bleed or page.trim or page.crop
    return annotation.box is None or overlap(annotation.box, artwork) is not None


CHECK = ExactCheck(
    measures="What a PDF carries beside artwork: notes, forms, scripts, files, encryption, layers",
    unit="items",
    parameters=PdfContents,
    measure=measure,
    needs=("pdf",),
    example={"allowed_annotations": [], "allow_hidden_layers": False},
)
