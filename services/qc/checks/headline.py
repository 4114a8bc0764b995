"""The largest text of a creative."""

from services.qc.checks.seen import Line
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page

SAME_SIZE = 0.75
"""Type this share of the largest belongs to it: sizes are estimated to 15 %."""


def copy_of(subject: Subject, headline_only: bool) -> list[tuple[Page, Line]]:
    """The lines that checks of wording look at; on each page only its largest ones if asked."""
    return [
        (page, line)
        for page in subject.pages
        for line in (largest(subject, page) if headline_only else subject.copy_lines(page))
    ]


def largest(subject: Subject, page: Page) -> list[Line]:
    """The page's lines in its largest type; none on a page without text."""
    sized = [(line, ink.font_size_px) for line, ink in subject.inks(page) if ink]
    limit = SAME_SIZE * max((size for _, size in sized), default=0.0)
    return [line for line, size in sized if size >= limit]
