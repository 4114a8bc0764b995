"""Exact check: pages of one file that show the same, or nearly.

Compared as they look, a quarter of a thousand pixels on the long side: a page number or a date does
not make another page, a changed headline does.
"""

import time
from typing import TYPE_CHECKING, Any

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, not_applicable
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page

if TYPE_CHECKING:
    import numpy as np

SIDE_PX = 256
COARSE = 8
COARSE_DIFFERENCE = 6.0
VISIBLE = 24
"""Difference of a channel, of 255, that counts: less is anti-aliasing."""

BLANK = 2.0
MOST_SECONDS = 4.0
MOST_FINDINGS = 20


class DuplicatePages(Parameters):
    near_share: float = Field(
        default=0.001,
        ge=0,
        le=0.2,
        description="Share of pixels that may differ between pages that are nearly the same",
    )
    report_near: bool = Field(default=True, description="Whether near duplicates are remarks")


def measure(subject: Subject, parameters: DuplicatePages) -> Measured:
    """Score: the share of pages that show something of their own, in percent.

    Pages without any mark are not compared; pages of another shape never are the same.
    """
    if subject.creative.facts.motion:
        return not_applicable("Its pages are frames of one film.")
    if len(subject.artwork) < 2:
        return not_applicable("There is one page of artwork.")
    seen = _thumbnails(subject)
    shown = {number: pixels for number, pixels in seen.items() if pixels.std() > BLANK}
    findings: list[Finding] = []
    repeated: set[int] = set()
    for number, pixels in shown.items():
        twin = _twin(number, pixels, shown, parameters.near_share)
        if twin and (twin[1] == 0 or parameters.report_near):
            findings.append(_finding(number, *twin))
            repeated.add(number)
    blank: list[JsonValue] = [number for number in seen if number not in shown]
    measurements: dict[str, JsonValue] = {
        "pages": len(subject.creative.pages),
        "pages_judged": len(seen),
        "blank_pages": blank,
        "repeated_pages": [*sorted(repeated)],
    }
    score = 100 * (1 - len(repeated) / len(seen))
    return judged(findings[:MOST_FINDINGS], measurements, score)


def _thumbnails(subject: Subject) -> "dict[int, np.ndarray[Any, Any]]":
    """By page number; of the first pages, when there is no time for all."""
    until = time.monotonic() + MOST_SECONDS
    found = {}
    for page in subject.artwork:
        if time.monotonic() > until:
            break
        pixels = _thumbnail(subject, page)
        if pixels is not None:
            found[page.number] = pixels
    return found


def _thumbnail(subject: Subject, page: Page) -> "np.ndarray[Any, Any] | None":
    if subject.creative.format == "PDF":
        return subject.pdf_view.thumbnail(page.number, SIDE_PX)
    import cv2
    import numpy as np

    pixels = subject.rgb(page)
    scale = SIDE_PX / max(pixels.shape[:2])
    size = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _twin(
    number: int,
    pixels: "np.ndarray[Any, Any]",
    shown: "dict[int, np.ndarray[Any, Any]]",
    near: float,
) -> tuple[int, float] | None:
    """The most alike of the earlier pages, and the share of pixels that differ."""
    import numpy as np

    best: tuple[int, float] | None = None
    coarse = pixels[::COARSE, ::COARSE].astype(np.int16)
    for other, theirs in shown.items():
        if other >= number:
            break
        if theirs.shape != pixels.shape:
            continue
        if np.abs(coarse - theirs[::COARSE, ::COARSE]).mean() > COARSE_DIFFERENCE:
            continue
        distance = np.abs(pixels.astype(np.int16) - theirs).max(axis=2)
        share = float((distance > VISIBLE).mean())
        if share <= near and (best is None or share < best[1]):
            best = other, share
    return best


def _finding(number: int, twin: int, share: float) -> Finding:
    same = share == 0
    return Finding(
        severity="major" if same else "minor",
        message=f"Page {number} shows {'' if same else 'nearly '}the same as page {twin}.",
        measured=f"{100 * share:.2f} % of the pixels differ",
        rule="every page differs",
        fix="Remove the page, or place the artwork that belongs there.",
        page=number,
    )


CHECK = ExactCheck(
    measures="Pages that look the same as an earlier one, or nearly",
    unit="share of pixels",
    parameters=DuplicatePages,
    measure=measure,
    example={"near_share": 0.0005},
)
