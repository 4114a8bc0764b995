"""Exact check: the fonts of a PDF: whether each is inside the file, of a sound type, and allowed.

That fonts are embedded is a rule of every PDF/X (ISO 15930) and PDF/A (ISO 19005); that Courier is
suspect one of GWG 2015.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from libs.contracts.qc import Finding
from services.qc.checks.measured import ExactCheck, Measured, Parameters
from services.qc.checks.pdf_judging import (
    artwork_marks,
    concluded,
    finding,
    not_a_pdf,
    nothing_to_judge,
)
from services.qc.checks.subject import Subject

if TYPE_CHECKING:
    from services.qc.preflight.facts import Font, Mark, PageFacts

Name = Annotated[str, Field(min_length=1, max_length=80)]


class PdfFonts(Parameters):
    require_embedded: bool = Field(default=True, description="Whether every font must be inside")
    allow_type3: bool = Field(
        default=False, description="Whether letters drawn by programs (Type 3) are fine; else minor"
    )
    allowed: list[Name] = Field(
        default=[], max_length=200, description="Beginnings of font names; empty allows all"
    )
    forbidden: list[Name] = Field(
        default=[], max_length=200, description="Beginnings of font names"
    )


def measure(subject: Subject, parameters: PdfFonts) -> Measured:
    """Score: the share of fonts without a fault, in percent. Invisible text is not judged."""
    if subject.pdf() is None:
        return not_a_pdf("fonts")
    used = _first_uses(subject)
    if not used:
        return nothing_to_judge(subject, "No text is set in a font; it may be drawn as outlines.")
    findings: list[Finding] = []
    for font, (page, mark) in used.items():
        faults = list(_faults(font, parameters))
        for severity, message, measured, rule, fix in faults:
            quote = subject.pdf_view.quote(page.number, mark.box)
            place = {"page": page, "box": mark.box, "evidence": quote}
            findings.append(finding(severity, message, measured, rule, fix, **place))  # type: ignore[arg-type]
    faulty = {one.measured for one in findings}
    listed = [_described(font) for font in sorted(used, key=lambda font: font.name)][:100]
    score = 100 * (1 - len(faulty) / len(used))
    return concluded(subject, findings, {"fonts": [*listed]}, max(0.0, score))


def _first_uses(subject: Subject) -> "dict[Font, tuple[PageFacts, Mark]]":
    used: dict[Font, tuple[PageFacts, Mark]] = {}
    for page in subject.pdf_pages():
        for mark in artwork_marks(page):
            if mark.text and mark.text.font and not mark.text.is_invisible:
                used.setdefault(mark.text.font, (page, mark))
    return used


def _described(font: "Font") -> str:
    inside = "embedded" if font.embedded else "not embedded"
    return f"{font.name} ({font.kind}, {inside}{', subset' if font.subset else ''})"


def _faults(font: "Font", parameters: PdfFonts) -> Iterator[tuple[str, str, str, str, str]]:
    """Severity, message, measured value, rule and fix of each."""
    described = _described(font)
    if parameters.require_embedded and not font.embedded:
        message = f"The font {font.name} is not embedded: another may be printed in its place."
        fix = "Embed all fonts on export, or turn the text into outlines."
        yield "major", message, described, "every font is embedded", fix
    if font.kind == "Type3" and not parameters.allow_type3:
        message = f"The font {font.name} is of Type 3, which prints coarsely on some devices."
        yield "minor", message, described, "no Type 3 fonts", "Set the text in a real font."
    if _begins(font.name, parameters.forbidden):
        message, rule = f"The font {font.name} is used.", f"not {', '.join(parameters.forbidden)}"
        yield "major", message, described, rule, "Set the text in another font."
    if _begins(font.name, ["Courier"]) and not _begins(font.name, parameters.allowed):
        message = "The font Courier often stands in for one that was not found."
        fix = "See that it is meant; else load the right font and export again."
        yield "minor", message, described, "no stand-in", fix
    if parameters.allowed and not _begins(font.name, parameters.allowed):
        rule = f"one of {', '.join(parameters.allowed)}"
        message = f"The font {font.name} is not one of those that may be used."
        yield "major", message, described, rule, "Set the text in a font of the brand."


def _begins(name: str, beginnings: list[str]) -> bool:
    plain = _plain(name)
    return any(plain.startswith(_plain(beginning)) for beginning in beginnings)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


CHECK = ExactCheck(
    measures="Fonts of a PDF: embedded, type, allowed",
    unit="fonts",
    parameters=PdfFonts,
    measure=measure,
    needs=("pdf",),
    example={"allowed": ["Helvetica Neue", "Georgia"]},
)
