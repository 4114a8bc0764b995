"""Lines as OCR or a PDF would give them, and a subject that has them, for rules of wording."""

from services.qc.checks.seen import Line
from services.qc.domain.geometry import region_of

SIDE = 2000


def line(
    text: str,
    y: float = 0,
    x: float = 0,
    confidence: float = 0.99,
    exact: bool = False,
    height: float = 20,
) -> Line:
    """A letter is as wide as half the line's height."""
    right, bottom = x + len(text) * height / 2, y + height
    quad = ((x, y), (right, y), (right, bottom), (x, bottom))
    return Line(text, confidence, quad, region_of(quad, SIDE, SIDE), exact)


def stacked(*texts: str, x: float = 0, exact: bool = False, confidence: float = 0.99) -> list[Line]:
    """One below another, as in a paragraph."""
    return [
        line(text, y=30 * row, x=x, exact=exact, confidence=confidence)
        for row, text in enumerate(texts)
    ]
