"""Exact check: the colours of a PDF: their spaces, spot colours, total ink, overprint and black.

What is judged follows GWG 2015 for CMYK jobs. 300 % is the total ink of Fogra51 (coated offset),
240 is usual for newspapers. Ink is averaged over 15 mm², so that a trace of it does not count.
"""

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding
from services.qc.checks.measured import ExactCheck, Measured, Parameters
from services.qc.checks.pdf_ink import total_ink
from services.qc.checks.pdf_judging import (
    artwork_marks,
    concluded,
    finding,
    not_a_pdf,
    nothing_to_judge,
)
from services.qc.checks.pdf_overprint import overprint_findings
from services.qc.checks.subject import Subject
from services.qc.preflight.geometry import area

if TYPE_CHECKING:
    from services.qc.preflight.facts import Mark, PageFacts, Space

SpaceName = Literal["cmyk", "grey", "rgb", "lab", "spot"]
Ink = Annotated[str, Field(min_length=1, max_length=80)]
NAMES = {"rgb": "RGB", "cmyk": "CMYK", "lab": "Lab", "grey": "grey", "spot": "a spot colour"}


class PdfColour(Parameters):
    allowed_spaces: list[SpaceName] = Field(
        default=["cmyk", "grey", "spot"], min_length=1, description="Colour spaces of the artwork"
    )
    allowed_spots: list[Ink] | None = Field(
        default=None, max_length=100, description="Names of spot colours; null allows any"
    )
    required_spots: list[Ink] = Field(
        default=[], max_length=100, description="Spot colours that must be used"
    )
    max_ink_percent: float = Field(default=300, ge=0, le=400, description="Most ink in one place")
    ink_area_mm2: float = Field(
        default=15, gt=0, le=10_000, description="Area over which ink is averaged"
    )
    rich_black_text_below_pt: float = Field(
        default=12, ge=0, le=1_000, description="Text below this size is black in one ink"
    )
    black_overprints_below_pt: float = Field(
        default=12, ge=0, le=1_000, description="Black text below this size overprints; else minor"
    )


def measure(subject: Subject, parameters: PdfColour) -> Measured:
    """Score: 100 less 25 for each fault and 5 for each remark."""
    if subject.pdf() is None:
        return not_a_pdf("colour spaces for each object")
    findings: list[Finding] = []
    used: dict[str, int] = {}
    spots: dict[str, tuple[PageFacts, Mark]] = {}
    most_ink = 0.0
    for page in subject.pdf_pages():
        by_family = _by_family(page)
        for family, marks in by_family.items():
            used[family] = used.get(family, 0) + len(marks)
        findings += _spaces(page, by_family, parameters)
        for name, mark in _spots_of(page):
            spots.setdefault(name, (page, mark))
        ink, most = total_ink(page, parameters.max_ink_percent, parameters.ink_area_mm2)
        most_ink = max(most_ink, most)
        findings += ink
        findings += overprint_findings(
            page, parameters.rich_black_text_below_pt, parameters.black_overprints_below_pt
        )
    if not used:
        return nothing_to_judge(subject, "The pages paint nothing in a colour that can be told.")
    findings += _spots(spots, parameters)
    measurements: dict[str, JsonValue] = {
        "spaces": {name: count for name, count in used.items()},
        "spots": [*sorted(spots)],
        "most_ink_percent": round(most_ink, 1),
    }
    cost = sum(5 if one.severity == "minor" else 25 for one in findings)
    return concluded(subject, findings, measurements, max(0.0, 100.0 - cost))


def _by_family(page: "PageFacts") -> "dict[str, list[Mark]]":
    found: dict[str, list[Mark]] = {}
    for mark in artwork_marks(page):
        if mark.text and mark.text.is_invisible:
            continue
        for family in {_family(colour.space) for colour in mark.colours()}:
            if family in NAMES:
                found.setdefault(family, []).append(mark)
    return found


def _family(space: "Space") -> str:
    """A DeviceN of process inks alone is CMYK; a pattern has the space beneath it."""
    if space.family == "spot" and not space.spots and "All" not in space.inks:
        return "cmyk"
    if space.family == "pattern" and space.base:
        return _family(space.base)
    return space.family


def _spaces(
    page: "PageFacts", by_family: "dict[str, list[Mark]]", parameters: PdfColour
) -> Iterator[Finding]:
    allowed = ", ".join(NAMES[name] for name in parameters.allowed_spaces)
    for family, marks in by_family.items():
        if family in parameters.allowed_spaces:
            continue
        largest = max(marks, key=lambda mark: area(mark.box))
        kinds = sorted({mark.kind for mark in marks})
        yield finding(
            "major",
            f"The page has artwork in {NAMES[family]}.",
            f"{len(marks)} in {NAMES[family]} ({', '.join(kinds)})",
            f"{allowed} only",
            "Convert it to the job's colour space on export.",
            page,
            largest.box,
        )
    if page.group_space == "DeviceRGB" and "rgb" not in parameters.allowed_spaces:
        yield finding(
            "minor",
            "Transparency on the page is blended in RGB.",
            "DeviceRGB",
            "blended in CMYK",
            "Set the document's transparency blend space to CMYK.",
            page,
        )


def _spots_of(page: "PageFacts") -> "Iterator[tuple[str, Mark]]":
    for mark in artwork_marks(page):
        for colour in mark.colours():
            for name in colour.space.spots:
                yield name, mark


def _spots(spots: "dict[str, tuple[PageFacts, Mark]]", parameters: PdfColour) -> Iterator[Finding]:
    allowed = _plain_all(parameters.allowed_spots or []) | _plain_all(parameters.required_spots)
    for name, (page, mark) in spots.items():
        if parameters.allowed_spots is not None and _plain(name) not in allowed:
            rule = f"only {', '.join(parameters.allowed_spots) or 'process colours'}"
            message = f"The spot colour {name} is not one of the job's."
            fix = "Convert it to CMYK, or order the ink."
            yield finding("major", message, name, rule, fix, page, mark.box)
    for name in parameters.required_spots:
        if _plain(name) not in _plain_all(spots):
            message, rule = f"The spot colour {name} is not used.", f"{name} is used"
            yield finding("major", message, "not used", rule, "Set the artwork in this ink.")
    yield from _twice_named(spots)


def _twice_named(spots: "dict[str, tuple[PageFacts, Mark]]") -> Iterator[Finding]:
    known: dict[str, str] = {}
    for name, (page, mark) in spots.items():
        other = known.setdefault(_plain(name), name)
        if other != name:
            message = f"One ink has two names: {other} and {name} make two plates."
            fix = "Merge the swatches in the document."
            yield finding(
                "major", message, f"{other}, {name}", "one name for one ink", fix, page, mark.box
            )


def _plain(name: str) -> str:
    """Spelling, and the old suffixes of Pantone (CVC, CV, CVU), do not make another ink."""
    plain = re.sub(r"[\s_-]+", " ", name).strip().lower()
    return re.sub(r" cv([cu]?)$", lambda match: f" {match[1] or 'c'}", plain)


def _plain_all(names: Iterable[str]) -> set[str]:
    return {_plain(name) for name in names}


CHECK = ExactCheck(
    measures="Colours of a PDF: spaces, spot colours, total ink, overprint, black text",
    unit="%, pt",
    parameters=PdfColour,
    measure=measure,
    needs=("pdf",),
    example={"allowed_spots": ["PANTONE 186 C"], "max_ink_percent": 280},
)
