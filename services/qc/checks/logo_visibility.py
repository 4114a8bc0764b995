"""Exact check: whether the reference logo is there, large enough, upright and in proportion."""

import math
from collections.abc import Iterator

from pydantic import Field

from libs.contracts.qc import Finding
from services.qc.checks.found_logos import EDGE_PX, LEAST_DETAIL, SURE_LIKENESS
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, missing_input
from services.qc.checks.seen import LogoMatch
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page


class LogoVisibility(Parameters):
    min_width_share: float = Field(
        default=0.08, ge=0, le=1, description="Least width as a share of the page's width"
    )
    max_width_share: float = Field(
        default=1.0, gt=0, le=1, description="Greatest width as a share of the page's width"
    )
    max_rotation_deg: float = Field(default=3.0, ge=0, le=180, description="Greatest turn")
    max_stretch: float = Field(
        default=0.05, ge=0, le=1, description="Greatest change of proportions, as a share"
    )


def measure(subject: Subject, parameters: LogoVisibility) -> Measured:
    """Score: 0 when the logo is absent, turned or stretched; how near its width is, in percent.

    The first page that shows a reference logo is judged.
    """
    if not subject.brief.files("logo"):
        return missing_input("There is no reference logo for this client. Upload one.")
    detail = 0
    for page in subject.pages:
        search = subject.logo(page)
        detail = search.detail
        if search.match:
            return _judge(subject, page, search.match, parameters)
    if detail < LEAST_DETAIL:
        reason = "The reference logo is too plain to be measured. Upload it larger, or ask a model."
        return missing_input(reason, {"points_of_detail": detail})
    return judged([_absent()], {**subject.seen_pages(), "found": False, "points_of_detail": detail})


def _judge(subject: Subject, page: Page, match: LogoMatch, parameters: LogoVisibility) -> Measured:
    share = match.width_px / subject.rgb(page).shape[1]
    shape = [
        Finding(severity="major", page=page.number, region=match.region, **breach)
        for breach in _shape_breaches(match, parameters)
    ]
    size = [
        Finding(severity="major", page=page.number, region=match.region, **breach)
        for breach in _size_breaches(share, parameters)
    ]
    score = 0.0 if shape else 100 * _nearness(share, parameters)
    return judged([*shape, *size], _measurements(page, match, share), score)


def _shape_breaches(match: LogoMatch, parameters: LogoVisibility) -> Iterator[dict[str, str]]:
    if match.likeness < SURE_LIKENESS:
        return
    if abs(match.rotation_deg) > parameters.max_rotation_deg:
        yield {
            "message": "The logo is turned.",
            "measured": f"{match.rotation_deg:.1f} degrees",
            "rule": f"at most {parameters.max_rotation_deg:g} degrees",
            "fix": "Set it upright.",
        }
    if abs(match.stretch - 1) > parameters.max_stretch + _uncertainty(match):
        yield {
            "message": "The logo is stretched.",
            "measured": f"{100 * (match.stretch - 1):+.1f} % wide for its height",
            "rule": f"at most {100 * parameters.max_stretch:g} %",
            "fix": "Scale it evenly.",
        }


def _uncertainty(match: LogoMatch) -> float:
    """Edges are found to about a pixel: the proportions of a small logo are known less well."""
    return EDGE_PX / math.dist(match.quad[0], match.quad[3])


def _size_breaches(share: float, parameters: LogoVisibility) -> Iterator[dict[str, str]]:
    measured = f"{100 * share:.1f} % of the width"
    if share < parameters.min_width_share:
        yield {
            "message": "The logo is too small.",
            "measured": measured,
            "rule": f"at least {100 * parameters.min_width_share:g} %",
            "fix": "Make it larger.",
        }
    if share > parameters.max_width_share:
        yield {
            "message": "The logo is too large.",
            "measured": measured,
            "rule": f"at most {100 * parameters.max_width_share:g} %",
            "fix": "Make it smaller.",
        }


def _nearness(share: float, parameters: LogoVisibility) -> float:
    small = share / parameters.min_width_share if parameters.min_width_share else 1.0
    return min(1.0, small, parameters.max_width_share / share)


def _measurements(
    page: Page, match: LogoMatch, share: float
) -> dict[str, bool | int | float | str]:
    return {
        "found": True,
        "page": page.number,
        "reference": match.reference,
        "width_share": round(share, 4),
        "rotation_deg": round(match.rotation_deg, 2),
        "stretch": round(match.stretch, 4),
        "likeness": round(match.likeness, 3),
        "colour_difference": round(match.colour_difference, 1),
        "inliers": match.inliers,
    }


def _absent() -> Finding:
    return Finding(
        severity="critical",
        message="The logo was not found.",
        measured="not found",
        rule="the reference logo is visible",
        fix="Place the current logo, whole and uncovered.",
    )


CHECK = ExactCheck(
    measures="The reference logo: found, share of the width, turn, stretch",
    unit="share, degrees",
    parameters=LogoVisibility,
    measure=measure,
    needs=("logo",),
    example={"min_width_share": 0.1},
    version=3,
)
