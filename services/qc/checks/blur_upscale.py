"""Exact check: whether a picture, or a picture in it, is blurred or was scaled up."""

from typing import TYPE_CHECKING

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding, Region
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, not_applicable
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page
from services.qc.domain.geometry import region_of

if TYPE_CHECKING:
    from services.qc.checks.sharpness import Sharpness

LEAST_EDGES_SHARE = 0.002
MOST_FINDINGS = 10


class BlurUpscale(Parameters):
    max_edge_width_px: float = Field(
        default=3.3,
        ge=1.5,
        le=8,
        description="Widest edges, in pixels. Sharp type and drawings have 1 to 2, photographs "
        "2 to 3, a picture scaled up four times 4",
    )
    min_area_share: float = Field(
        default=0.02,
        gt=0,
        le=1,
        description="Smallest soft place that counts, as a share of the page",
    )


def measure(subject: Subject, parameters: BlurUpscale) -> Measured:
    """Score: the widest allowed edge over the page's own, or a soft place's, in percent.

    Measured is how many pixels the steepest part of each edge takes, so flat drawings and
    photographs are judged alike, and that again with strong edges counting most. Scaling up less
    than three times, or of a picture that was far sharper than needed, is not seen. A background
    that is out of focus has few edges to judge.
    """
    from services.qc.checks.sharpness import measure_sharpness

    findings: list[Finding] = []
    widths: list[float] = []
    widest = 0.0
    for page in subject.pages:
        sharpness = measure_sharpness(subject.rgb(page))
        if sharpness.edge_width_px is None or sharpness.edges_share < LEAST_EDGES_SHARE:
            continue
        widths.append(sharpness.edge_width_px)
        found, width = _page_findings(subject, page, sharpness, parameters)
        findings += found
        widest = max(widest, width)
    measurements: dict[str, JsonValue] = {**subject.seen_pages()}
    if not widths:
        return not_applicable("There are hardly any edges whose width could be told.", measurements)
    measurements |= {
        "edge_width_px": round(max(widths), 2),
        "widest_px": round(widest, 2),
        "soft_places": len(findings),
    }
    score = 100 * min(1.0, parameters.max_edge_width_px / widest)
    return judged(findings[:MOST_FINDINGS], measurements, score if findings else 100)


def _page_findings(
    subject: Subject, page: Page, sharpness: "Sharpness", parameters: BlurUpscale
) -> tuple[list[Finding], float]:
    from services.qc.checks.sharpness import soft_places

    most = parameters.max_edge_width_px
    height, width = subject.rgb(page).shape[:2]
    whole = sharpness.edge_width_px or 0.0
    if whole > most:
        everything = Region(x=0, y=0, w=1, h=1)
        return [
            _finding(page, "The picture is blurred or scaled up.", whole, most, everything)
        ], whole
    least = parameters.min_area_share * width * height
    findings = []
    for place in soft_places(sharpness, most, least):
        left, top, right, bottom = place.box
        region = region_of(((left, top), (right, bottom)), width, height)
        message = "This part is blurred or scaled up."
        findings.append(_finding(page, message, place.edge_width_px, most, region))
        whole = max(whole, place.edge_width_px)
    return findings, whole


def _finding(page: Page, message: str, width: float, most: float, region: Region) -> Finding:
    return Finding(
        severity="major",
        message=message,
        measured=f"edges {width:.1f} px wide",
        rule=f"at most {most:g} px",
        fix="Place the picture in its full resolution, and export again.",
        page=page.number,
        region=region,
    )


CHECK = ExactCheck(
    measures="Width of edges: pictures that are blurred or scaled up, whole or in part",
    unit="px",
    parameters=BlurUpscale,
    measure=measure,
    version=2,
    example={"max_edge_width_px": 3.3, "min_area_share": 0.05},
)
