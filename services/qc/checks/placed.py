"""The text and the logo of a page as boxes, for checks that look where they stand."""

from collections.abc import Iterator
from dataclasses import dataclass

from libs.contracts.qc import Region
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page


@dataclass(frozen=True)
class Placed:
    """`what` begins a sentence: “The text”, “The logo”."""

    what: str
    region: Region
    text: str | None = None


def placed_on(subject: Subject, page: Page) -> Iterator[Placed]:
    """Lines that OCR is sure of, and the client's logo where it has one that is found."""
    for line in subject.copy_lines(page):
        yield Placed("The text", line.region, line.text)
    match = subject.logo(page).match if subject.brief.files("logo") else None
    if match:
        yield Placed("The logo", match.region, match.reference)
