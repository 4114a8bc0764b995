"""What the checks of PDFs share: who is judged, how findings are placed, what was not read."""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import JsonValue

from libs.contracts.qc import Finding, Severity
from services.qc.checks.measured import Measured, judged, not_applicable
from services.qc.checks.subject import Subject
from services.qc.checks.trim_marks import find_marks
from services.qc.preflight.geometry import overlap

if TYPE_CHECKING:
    from services.qc.preflight.facts import Mark, PageFacts
    from services.qc.preflight.geometry import Box

MOST_FINDINGS = 20
MOST_GROUNDS = 500


def not_a_pdf(what: str) -> Measured:
    return not_applicable(f"Only a PDF has {what}.")


def finding(
    severity: Severity,
    message: str,
    measured: str,
    rule: str,
    fix: str,
    page: "PageFacts | None" = None,
    box: "Box | None" = None,
    evidence: str | None = None,
) -> Finding:
    """Of the whole file when there is no `page`; of the whole page when there is no `box`."""
    return Finding(
        severity=severity,
        message=message,
        measured=measured,
        rule=rule,
        fix=fix,
        evidence=evidence,
        page=page.number if page else 1,
        region=page.region(box) if page and box else None,
    )


def artwork_marks(page: "PageFacts") -> "list[Mark]":
    """What is printed: crop marks, colour bars and slugs outside the bleed are not judged."""
    if page.artwork is None:
        area = page.bleed or page.trim or page.art
        if area is None:
            marks = find_marks(page)
            area = marks.trim if marks else page.crop
        page.artwork = [mark for mark in page.marks if _touches(mark, area)]
    return page.artwork


def _touches(mark: "Mark", area: "Box") -> bool:
    """By its strokes, where they are known: one path may draw the marks of all corners."""
    if mark.lines and mark.fill is None:
        return any(overlap(line, area) for line in mark.lines)
    return overlap(mark.box, area) is not None


class Grounds:
    """What was painted before, so that a mark can be asked what lies beneath it."""

    def __init__(self) -> None:
        self._boxes: deque[Box] = deque(maxlen=MOST_GROUNDS)

    def add(self, mark: "Mark") -> None:
        if mark.kind != "text" and mark.fill is not None and not mark.fill.is_white:
            self._boxes.append(mark.box)

    def beneath(self, mark: "Mark") -> bool:
        return any(overlap(mark.box, box) for box in self._boxes)


def nothing_to_judge(subject: Subject, reason: str) -> Measured:
    """Not applicable, unless it is only that the pages could not be read whole."""
    facts = subject.pdf()
    if facts and facts.notes:
        return Measured(state="unsure", reason=f"Not everything could be read. {facts.notes[0]}")
    return not_applicable(reason)


def concluded(
    subject: Subject,
    findings: Sequence[Finding],
    measurements: Mapping[str, JsonValue],
    score: float | None = None,
) -> Measured:
    """`judged`, the gravest first; what could not be read leaves a clean result unsure."""
    order = ("critical", "major", "minor")
    shown = sorted(findings, key=lambda one: order.index(one.severity))[:MOST_FINDINGS]
    pages = subject.pdf_pages()
    measured = judged(
        shown,
        {
            **measurements,
            "pages": len(subject.creative.pages),
            "pages_judged": len(pages),
            "findings": len(findings),
        },
        score,
    )
    facts = subject.pdf()
    unread = list(facts.notes) if facts else []
    unread += [f"Page {page.number}: {note}" for page in pages for note in page.notes]
    if not unread:
        return measured
    reason = f"Not everything could be read. {unread[0]}"
    if measured.state == "passed" and facts and facts.notes:
        changes = {"state": "unsure", "score": None, "reason": reason}
        return measured.model_copy(update=changes)
    return measured.model_copy(update={"reason": reason})
