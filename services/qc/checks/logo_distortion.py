"""Exact check: whether each logo keeps its proportions, stands straight and does not lean."""

import math
from collections.abc import Iterator

from pydantic import Field, JsonValue

from services.qc.checks.found_logos import EDGE_PX, SURE_LIKENESS, found_logos, major
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, not_applicable
from services.qc.checks.seen import LogoMatch
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page


class LogoDistortion(Parameters):
    max_stretch: float = Field(
        default=0.03,
        ge=0,
        le=1,
        description="Greatest change of proportions, as a share; people see one from about 3 %",
    )
    max_shear_deg: float = Field(default=2.0, ge=0, le=45, description="Greatest lean")
    max_rotation_deg: float = Field(
        default=2.0, ge=0, le=180, description="Greatest turn away from an allowed angle"
    )
    allowed_rotations_deg: tuple[float, ...] = Field(
        default=(0.0,),
        min_length=1,
        max_length=8,
        description="Angles at which the logo may stand, clockwise; -90 reads upwards",
    )


def measure(subject: Subject, parameters: LogoDistortion) -> Measured:
    """Score: 0 or 100.

    Edges are found to about a pixel, so the limits of a small logo are wider by that.
    """
    found = found_logos(subject)
    if isinstance(found, Measured):
        return found
    clear = [(page, match) for page, match in found if match.likeness >= SURE_LIKENESS]
    if not clear:
        return not_applicable("The logo is too small or too covered to measure its shape.")
    findings = [
        major(page, match, *breach)
        for page, match in clear
        for breach in _breaches(match, parameters)
    ]
    logos: list[JsonValue] = [_shape(page, match) for page, match in clear]
    return judged(findings, {**subject.seen_pages(), "logos": logos})


Breach = tuple[str, str, str, str]
"""Message, measured value, rule, fix."""


def _breaches(match: LogoMatch, parameters: LogoDistortion) -> Iterator[Breach]:
    edge = EDGE_PX / min(match.width_px, match.height_px)
    if abs(math.log(match.stretch)) > math.log1p(parameters.max_stretch) + edge:
        wide = match.stretch > 1
        yield (
            f"The logo is {'stretched' if wide else 'squeezed'} sideways.",
            f"{100 * (match.stretch - 1):+.1f} % wide for its height",
            f"at most {100 * parameters.max_stretch:g} %",
            "Scale it evenly.",
        )
    if abs(match.shear_deg) > parameters.max_shear_deg + math.degrees(edge):
        yield (
            "The logo leans.",
            f"{abs(match.shear_deg):.1f} degrees",
            f"at most {parameters.max_shear_deg:g} degrees",
            "Place the original logo.",
        )
    turn = _turn(match.rotation_deg, parameters.allowed_rotations_deg)
    if abs(turn) > parameters.max_rotation_deg + math.degrees(edge):
        yield (
            "The logo is turned.",
            f"{match.rotation_deg:.1f} degrees",
            f"{_angles(parameters)}, within {parameters.max_rotation_deg:g} degrees",
            "Set it straight.",
        )


def _turn(rotation_deg: float, allowed_deg: tuple[float, ...]) -> float:
    """From the nearest allowed angle, -180 to 180."""
    turns = [(rotation_deg - angle + 180) % 360 - 180 for angle in allowed_deg]
    return min(turns, key=abs)


def _angles(parameters: LogoDistortion) -> str:
    return " or ".join(f"{angle:g}" for angle in parameters.allowed_rotations_deg)


def _shape(page: Page, match: LogoMatch) -> JsonValue:
    return {
        "page": page.number,
        "reference": match.reference,
        "stretch": round(match.stretch, 4),
        "shear_deg": round(match.shear_deg, 2),
        "rotation_deg": round(match.rotation_deg, 2),
        "likeness": round(match.likeness, 3),
    }


CHECK = ExactCheck(
    measures="Stretch, lean and turn of each logo",
    unit="share, degrees",
    parameters=LogoDistortion,
    measure=measure,
    needs=("logo",),
    example={"max_stretch": 0.02, "allowed_rotations_deg": [0, -90]},
    version=2,
)
