"""Exact check: the size of the logo, in millimetres on print, in pixels on screen, as a share."""

from collections.abc import Iterator

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding
from services.qc.checks.found_logos import EDGE_PX, found_logos, major
from services.qc.checks.measured import BadParameter, ExactCheck, Measured, Parameters, judged
from services.qc.checks.seen import LogoMatch
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page

SIDES, UNITS, ENDS = ("width", "height"), ("mm", "px", "share"), ("min", "max")


def _least(what: str, default: float | None = None, most: float = 100_000) -> float | None:
    limit: float | None = Field(default=default, gt=0, le=most, description=what)
    return limit


class LogoSize(Parameters):
    min_width_mm: float | None = _least("Least width on a PDF; 15 mm is a common print rule", 15.0)
    max_width_mm: float | None = _least("Greatest width on a PDF")
    min_height_mm: float | None = _least("Least height on a PDF")
    max_height_mm: float | None = _least("Greatest height on a PDF")
    min_width_px: float | None = _least("Least width on a picture; 70 px is a common rule", 70.0)
    max_width_px: float | None = _least("Greatest width on a picture, in pixels of the file")
    min_height_px: float | None = _least("Least height on a picture, in pixels of the file")
    max_height_px: float | None = _least("Greatest height on a picture, in pixels of the file")
    min_width_share: float | None = _least("Least width as a share of the page's", most=1)
    max_width_share: float | None = _least("Greatest width as a share of the page's", most=1)
    min_height_share: float | None = _least("Least height as a share of the page's", most=1)
    max_height_share: float | None = _least("Greatest height as a share of the page's", most=1)


def measure(subject: Subject, parameters: LogoSize) -> Measured:
    """Score: the worst logo's size as a share of its limit, or the limit of its size, in percent.

    Every logo on the pages is judged. A limit in millimetres holds on a PDF, one in pixels on a
    picture.
    """
    _refuse_crossed_limits(parameters)
    found = found_logos(subject)
    if isinstance(found, Measured):
        return found
    findings: list[Finding] = []
    sizes: list[JsonValue] = []
    worst = 1.0
    for page, match in found:
        size = _sizes(subject, page, match)
        sizes.append({"page": page.number, "reference": match.reference, **_rounded(size)})
        for finding, nearness in _breaches(page, match, size, parameters):
            findings.append(finding)
            worst = min(worst, nearness)
    return judged(findings, {**subject.seen_pages(), "logos": sizes}, 100 * worst)


def _refuse_crossed_limits(parameters: LogoSize) -> None:
    for side in SIDES:
        for unit in UNITS:
            least, most = (getattr(parameters, f"{end}_{side}_{unit}") for end in ENDS)
            if least and most and least > most:
                raise BadParameter(f"min_{side}_{unit}: is greater than max_{side}_{unit}")


def _sizes(subject: Subject, page: Page, match: LogoMatch) -> dict[str, float]:
    """By side and unit. Those that the page does not have are left out."""
    height_px, width_px = subject.rgb(page).shape[:2]
    sizes = {
        "width_share": match.width_px / width_px,
        "height_share": match.height_px / height_px,
    }
    if page.width_mm:
        mm = page.width_mm / width_px
        return sizes | {"width_mm": match.width_px * mm, "height_mm": match.height_px * mm}
    of_file = subject.file_px(page)
    return sizes | {"width_px": match.width_px * of_file, "height_px": match.height_px * of_file}


def _breaches(
    page: Page, match: LogoMatch, sizes: dict[str, float], parameters: LogoSize
) -> Iterator[tuple[Finding, float]]:
    """With how near the size is to the limit, at most 1. The edges' blur counts for the logo."""
    for name, size in sizes.items():
        least, most = (getattr(parameters, f"{end}_{name}") for end in ENDS)
        side, unit = name.split("_")
        slack = 1 + EDGE_PX / (match.width_px if side == "width" else match.height_px)
        if least and size * slack < least:
            words = f"The logo has too little {side}.", "Make it larger.", f"at least {least:g}"
            yield _finding(page, match, words, size, unit), size / least
        if most and size > most * slack:
            words = f"The logo has too much {side}.", "Make it smaller.", f"at most {most:g}"
            yield _finding(page, match, words, size, unit), most / size


def _finding(
    page: Page, match: LogoMatch, words: tuple[str, str, str], size: float, unit: str
) -> Finding:
    message, fix, rule = words
    shown = "of the page" if unit == "share" else unit
    return major(page, match, message, f"{size:.3g} {shown}", f"{rule} {shown}", fix)


def _rounded(sizes: dict[str, float]) -> dict[str, float]:
    return {
        name: round(size, 4 if name.endswith("share") else 2)
        for name, size in sorted(sizes.items())
    }


CHECK = ExactCheck(
    measures="Width and height of each logo",
    unit="mm, px, share",
    parameters=LogoSize,
    measure=measure,
    needs=("logo",),
    example={"min_width_mm": 20, "min_width_px": 120, "max_width_share": 0.4},
    version=2,
)
