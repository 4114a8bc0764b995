"""Exact check: traces of strong JPEG compression, also in other formats, and bands in gradients."""

from typing import TYPE_CHECKING

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page
from services.qc.domain.geometry import region_of

if TYPE_CHECKING:
    from services.qc.checks.jpeg_traces import JpegTraces

BOTH = 1.6
"""Waves and steps may each keep their bound: as shares of them they may add up to so much. Flat
art at quality 60 comes to 1.5 at most, at quality 8 to 1.7 at least."""


class CompressionArtifacts(Parameters):
    min_quality: int = Field(
        default=60,
        ge=1,
        le=100,
        description="Least JPEG quality as libjpeg counts it; below 60 blocks and rings are seen",
    )
    max_ringing_levels: float = Field(
        default=2.2,
        gt=0,
        le=64,
        description="Most unrest beside edges, in mean levels, where flat art tells no quality; "
        "quality 85 leaves about 1.3, 60 up to 2.2, 20 about 3",
    )
    max_blocking_levels: float = Field(
        default=0.16,
        gt=0,
        le=64,
        description="Most unrest where blocks with edges end, in mean levels, where flat art "
        "tells no quality; quality 40 leaves about 0.12, 20 about 0.18, 8 about 0.23",
    )
    max_banded_share: float = Field(
        default=0.02,
        ge=0,
        le=1,
        description="Greatest share of the page on gradients that were broken into flat steps",
    )


def measure(subject: Subject, parameters: CompressionArtifacts) -> Measured:
    """Score: the quality over the least one, in percent; half of it when gradients are banded.

    The quality comes from the steps on which the coefficients of the picture's 8 x 8 blocks
    stand, so that a PNG that was a JPEG is found too. Flat art has too few of them: there the
    waves beside edges tell, as far as they end with their block. A picture that was scaled after
    it was compressed, or that has more than 4000 pixels a side, has lost them. Posterised
    photographs are seen only where they make stairs of flat steps.
    """
    findings: list[Finding] = []
    qualities: list[int] = []
    ringing, blocking, together, banded = 0.0, 0.0, 0.0, 0.0
    for page in subject.pages:
        traces, found = _quality_findings(subject, page, parameters)
        qualities += [traces.quality] if traces.quality is not None else []
        ringing = max(ringing, traces.ringing)
        blocking = max(blocking, traces.blocking)
        together = max(together, _together(traces, parameters))
        share, stairs = _band_findings(subject, page, parameters)
        banded = max(banded, share)
        findings += found + stairs
    lowest = min(qualities, default=None)
    measurements: dict[str, JsonValue] = {
        **subject.seen_pages(),
        "estimated_quality": lowest,
        "ringing_levels": round(ringing, 2),
        "blocking_levels": round(blocking, 2),
        "banded_share": round(banded, 4),
    }
    kept = min(1.0, (lowest or 100) / parameters.min_quality)
    waves = parameters.max_ringing_levels / max(ringing, 0.001)
    steps = parameters.max_blocking_levels / max(blocking, 0.001)
    score = 100 * min(kept, waves, steps, BOTH / max(together, 0.001))
    return judged(
        findings, measurements, score / 2 if banded > parameters.max_banded_share else score
    )


def _quality_findings(
    subject: Subject, page: Page, parameters: CompressionArtifacts
) -> tuple["JpegTraces", list[Finding]]:
    from services.qc.checks.jpeg_traces import jpeg_traces

    rgb = subject.rgb(page)
    traces = jpeg_traces(rgb)
    if traces.quality is not None and traces.quality < parameters.min_quality:
        measured = f"JPEG quality {traces.quality}"
        rule = f"at least {parameters.min_quality}"
    elif traces.ringing > parameters.max_ringing_levels:
        measured = f"waves of {traces.ringing:.1f} levels beside edges"
        rule = f"at most {parameters.max_ringing_levels:g}"
    elif traces.blocking > parameters.max_blocking_levels:
        measured = f"steps of {traces.blocking:.2f} levels between blocks, as a mean"
        rule = f"at most {parameters.max_blocking_levels:g}"
    elif _together(traces, parameters) > BOTH:
        measured = f"waves of {traces.ringing:.1f} levels, steps of {traces.blocking:.2f}"
        most = f"{parameters.max_ringing_levels:g} and {parameters.max_blocking_levels:g}"
        rule = f"at most {most}, and not nearly so much of both"
    else:
        return traces, []
    region = None
    if traces.worst:
        left, top, right, bottom = traces.worst
        region = region_of(((left, top), (right, bottom)), rgb.shape[1], rgb.shape[0])
    finding = Finding(
        severity="major",
        message="The picture was compressed too strongly.",
        measured=measured,
        rule=rule,
        evidence="worst in the marked place",
        fix="Export again from the original with a higher quality; saving this file again "
        "brings nothing back.",
        page=page.number,
        region=region,
    )
    return traces, [finding]


def _together(traces: "JpegTraces", parameters: CompressionArtifacts) -> float:
    waves = traces.ringing / parameters.max_ringing_levels
    return waves + traces.blocking / parameters.max_blocking_levels


def _band_findings(
    subject: Subject, page: Page, parameters: CompressionArtifacts
) -> tuple[float, list[Finding]]:
    from services.qc.checks.banding import bands

    rgb = subject.rgb(page)
    found = bands(rgb)
    if found.share <= parameters.max_banded_share or found.box is None:
        return found.share, []
    left, top, right, bottom = found.box
    finding = Finding(
        severity="major",
        message="A gradient shows bands.",
        measured=f"steps of {found.step_levels:.0f} levels on {100 * found.share:.0f} % of it",
        rule=f"on at most {100 * parameters.max_banded_share:g} %",
        fix="Export with 24 bits of colour, without a palette, and with dithering.",
        page=page.number,
        region=region_of(((left, top), (right, bottom)), rgb.shape[1], rgb.shape[0]),
    )
    return found.share, [finding]


CHECK = ExactCheck(
    measures="Quality of JPEG compression as its traces show it, and bands in gradients",
    unit="quality 1 to 100, share",
    parameters=CompressionArtifacts,
    measure=measure,
    example={"min_quality": 75},
    version=3,
)
