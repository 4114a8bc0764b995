"""Exact check: whether each badge and mark that the creative must carry is there, large enough."""

from pydantic import Field, JsonValue

from libs.contracts.brand import Word
from libs.contracts.qc import Finding
from services.qc.checks.found_logos import EDGE_PX
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, missing_input
from services.qc.checks.seen import LogoMatch
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page

KIND = "brand_asset"
LEAST_DETAIL = 16
"""Points of detail below which a mark cannot be told from chance: a match needs eight."""


class BrandAssetsVisibility(Parameters):
    required: tuple[Word, ...] = Field(
        default=(), max_length=50, description="Names of the brand assets; none: all of them"
    )
    min_height_mm: float | None = Field(
        default=None, gt=0, le=10_000, description="Least height of each on a PDF"
    )
    min_height_px: float | None = Field(
        default=None, gt=0, le=100_000, description="Least height of each on a picture"
    )


def measure(subject: Subject, parameters: BrandAssetsVisibility) -> Measured:
    """Score: the share of the required marks that are there in their size, in percent.

    A mark may stand on any page.
    """
    known = [file.name for file in subject.brief.files(KIND)]
    wanted = list(dict.fromkeys(parameters.required or known))
    if not wanted:
        return missing_input("There is no brand asset for this client. Upload the marks it needs.")
    unknown = [name for name in wanted if name not in known]
    if unknown:
        return missing_input(f"There is no brand asset called “{unknown[0]}”. Upload it.")
    detail = {r.name: r.detail for r in subject.references(KIND)}
    plain = [name for name in wanted if detail[name] < LEAST_DETAIL]
    clear = [name for name in wanted if name not in plain]
    if not clear:
        return missing_input("The brand assets are too plain to be measured. Upload them larger.")
    places = {name: _places(subject, name) for name in clear}
    findings = [
        finding
        for name, found in places.items()
        if (finding := _fault(subject, name, found, parameters))
    ]
    marks: dict[str, JsonValue] = {name: len(found) for name, found in places.items()}
    score = 100 * (1 - len(findings) / len(clear))
    reason = f"Too plain to be measured: {', '.join(plain)}." if plain else None
    return judged(findings, {**subject.seen_pages(), "found": marks}, score, reason)


Places = list[tuple[Page, LogoMatch]]


def _places(subject: Subject, name: str) -> Places:
    return [
        (page, match) for page in subject.pages for match in subject.marks(page, KIND, name).matches
    ]


def _fault(
    subject: Subject, name: str, found: Places, parameters: BrandAssetsVisibility
) -> Finding | None:
    if not found:
        return Finding(
            severity="major",
            message=f"“{name}” was not found.",
            measured="not found",
            rule=f"{name} is visible",
            fix="Place it whole and uncovered.",
        )
    sizes = [(*_height(subject, page, match, parameters), page, match) for page, match in found]
    height, least, unit, page, match = max(sizes, key=lambda size: size[0])
    if least is None or height + EDGE_PX * height / match.height_px >= least:
        return None
    return Finding(
        severity="major",
        message=f"“{name}” is too small.",
        measured=f"{height:.3g} {unit} high",
        rule=f"at least {least:g} {unit}",
        fix="Make it larger.",
        page=page.number,
        region=match.region,
    )


def _height(
    subject: Subject, page: Page, match: LogoMatch, parameters: BrandAssetsVisibility
) -> tuple[float, float | None, str]:
    """The height, the least that is asked for, the unit."""
    if page.height_mm:
        mm = page.height_mm / subject.rgb(page).shape[0]
        return match.height_px * mm, parameters.min_height_mm, "mm"
    return match.height_px * subject.file_px(page), parameters.min_height_px, "px"


CHECK = ExactCheck(
    measures="Required badges and marks: found, and how high",
    unit="count, mm, px",
    parameters=BrandAssetsVisibility,
    measure=measure,
    needs=("brand_asset",),
    example={"required": ["Recycling mark", "18 plus"], "min_height_mm": 6},
    version=2,
)
