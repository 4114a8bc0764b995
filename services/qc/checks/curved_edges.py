"""Exact check: whether the artwork's own corners are square or cut round, as asked for."""

from typing import Literal

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding, Region
from services.qc.checks.measured import BadParameter, ExactCheck, Measured, Parameters, judged
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page


class CurvedEdges(Parameters):
    expected: Literal["square", "rounded"] = Field(
        default="square",
        description="Corners of the artwork itself; placements that round corners want square",
    )
    min_radius_share: float = Field(
        default=0.01, gt=0, le=0.5, description="Least radius as a share of the short side"
    )
    max_radius_share: float = Field(
        default=0.5, gt=0, le=0.5, description="Greatest radius as a share of the short side"
    )
    max_spread: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="How much the radii may differ, as a share of the least",
    )


def measure(subject: Subject, parameters: CurvedEdges) -> Measured:
    """Score: the share of corners that are as expected, in percent.

    Measured are the four corners of the page: a corner is round where its flat colour or its
    transparency ends on a quarter circle, with a step to the picture. Curves inside the picture
    are for a model to judge.
    """
    if parameters.min_radius_share > parameters.max_radius_share:
        raise BadParameter("min_radius_share: is greater than max_radius_share")
    from services.qc.checks.corners import corner_radii

    findings: list[Finding] = []
    measurements: dict[str, JsonValue] = {**subject.seen_pages()}
    for page in subject.pages:
        rgb = subject.rgb(page)
        radii = {name: radius / min(rgb.shape[:2]) for name, radius in corner_radii(rgb).items()}
        if page is subject.pages[0]:
            shares: dict[str, JsonValue] = {n: round(share, 4) for n, share in radii.items()}
            measurements["radius_shares"] = shares
        findings += _page_findings(page, radii, rgb.shape[1] / rgb.shape[0], parameters)
    corners = {(finding.page, finding.evidence) for finding in findings}
    return judged(findings, measurements, 100 * (1 - len(corners) / (4 * len(subject.pages))))


def _page_findings(
    page: Page, radii: dict[str, float], aspect: float, parameters: CurvedEdges
) -> list[Finding]:
    least, most = parameters.min_radius_share, parameters.max_radius_share
    rounded = [share for share in radii.values() if share]
    findings = []
    for name, share in radii.items():
        breach = None
        if parameters.expected == "square":
            breach = "The corner is cut round." if share else None
        elif not share:
            breach = "The corner is square."
        elif not least <= share <= most:
            breach = "The corner has another radius than asked for."
        elif share > min(rounded) * (1 + parameters.max_spread) + 0.002:
            breach = "The corners have different radii."
        if breach:
            region = _region(name, share or least, aspect)
            findings.append(_finding(page, name, share, region, breach, parameters))
    return findings


def _finding(
    page: Page, name: str, share: float, region: Region, breach: str, parameters: CurvedEdges
) -> Finding:
    least, most = 100 * parameters.min_radius_share, 100 * parameters.max_radius_share
    square = parameters.expected == "square"
    return Finding(
        severity="major",
        message=breach,
        measured=f"radius {100 * share:.1f} % of the short side" if share else "square",
        rule="square" if square else f"radius of {least:g} to {most:g} %, the same everywhere",
        evidence=name,
        fix="Export without the rounded mask." if square else "Mask all corners with one radius.",
        page=page.number,
        region=region,
    )


def _region(name: str, share: float, aspect: float) -> Region:
    """The square that the radius spans; `share` counts the short side."""
    w = min(1.0, share / max(aspect, 1.0)) if aspect > 1 else min(1.0, share)
    h = min(1.0, share) if aspect > 1 else min(1.0, share * aspect)
    return Region(
        x=round(1 - w, 5) if "right" in name else 0,
        y=round(1 - h, 5) if "bottom" in name else 0,
        w=round(w, 5),
        h=round(h, 5),
    )


CHECK = ExactCheck(
    measures="The corners of the artwork: square, or round with which radius",
    unit="share of the short side",
    parameters=CurvedEdges,
    measure=measure,
    version=2,
    example={"expected": "rounded", "min_radius_share": 0.02, "max_radius_share": 0.06},
)
