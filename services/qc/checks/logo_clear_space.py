"""Exact check: whether the space round each logo is free of text, graphics and the page's edge."""

from collections.abc import Iterator

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding, Region
from services.qc.checks.found_logos import EDGE_PX, found_logos
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged
from services.qc.checks.seen import Line, LogoMatch
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page
from services.qc.domain.geometry import covered

MOST_FINDINGS_PER_LOGO = 4


class LogoClearSpace(Parameters):
    clear_share: float = Field(
        default=0.25,
        gt=0,
        le=3,
        description="Clear space on every side, as a share of the logo's height; brand guides ask "
        "for a quarter to one",
    )
    page_edge_share: float | None = Field(
        default=None,
        ge=0,
        le=3,
        description="Least distance to the page's edge, as a share of the logo's height; none: "
        "clear_share, 0: the edge does not count",
    )


def measure(subject: Subject, parameters: LogoClearSpace) -> Measured:
    """Score: how much of the clear space is kept, in percent, of the worst logo.

    On a photograph or a pattern only text counts, because its edges are everywhere.
    """
    found = found_logos(subject)
    if isinstance(found, Measured):
        return found
    findings: list[Finding] = []
    logos: list[JsonValue] = []
    worst = 1.0
    for page, match in found:
        seen = sorted(_intrusions(subject, page, match, parameters), key=lambda one: one[1])
        findings += [finding for finding, _ in seen[:MOST_FINDINGS_PER_LOGO]]
        worst = min([worst, *(kept for _, kept in seen)])
        nearest = min((kept for _, kept in seen), default=1.0)
        logos.append({"page": page.number, "reference": match.reference, "kept": round(nearest, 3)})
    return judged(findings, {**subject.seen_pages(), "logos": logos}, 100 * worst)


Intrusion = tuple[Finding, float]
"""What intrudes, and the share of the clear space that is kept before it."""


def _intrusions(
    subject: Subject, page: Page, match: LogoMatch, parameters: LogoClearSpace
) -> Iterator[Intrusion]:
    from services.qc.checks.clear_ring import look_round

    yield from _page_edges(subject, page, match, parameters)
    ring = look_round(subject.rgb(page), match, parameters.clear_share)
    if ring.busy:
        yield from _texts(subject, page, match, parameters)
    for one in ring.intruders:
        yield _intrusion(
            page,
            one.region,
            one.distance,
            parameters,
            "Something stands in the logo's clear space.",
        )


def _page_edges(
    subject: Subject, page: Page, match: LogoMatch, parameters: LogoClearSpace
) -> Iterator[Intrusion]:
    share = parameters.page_edge_share
    least = parameters.clear_share if share is None else share
    height_px, width_px = subject.rgb(page).shape[:2]
    across, down = [x for x, _ in match.quad], [y for _, y in match.quad]
    room_px = min(min(across), min(down), width_px - max(across), height_px - max(down))
    distance = max(0.0, room_px) / match.height_px
    if distance + EDGE_PX / match.height_px < least:
        finding = Finding(
            severity="major",
            message="The logo stands too near the page's edge.",
            measured=f"{distance:.2f} logo heights",
            rule=f"at least {least:g} logo heights",
            fix="Move it inwards.",
            page=page.number,
            region=match.region,
        )
        yield finding, distance / least


def _texts(
    subject: Subject, page: Page, match: LogoMatch, parameters: LogoClearSpace
) -> Iterator[Intrusion]:
    height_px, width_px = subject.rgb(page).shape[:2]
    for line in subject.copy_lines(page):
        distance = _apart_px(line, match, width_px, height_px) / match.height_px
        if distance < parameters.clear_share and covered(line.region, match.region) < 0.2:
            message = "Text stands in the logo's clear space."
            finding, kept = _intrusion(page, line.region, distance, parameters, message)
            yield finding.model_copy(update={"evidence": line.text}), kept


def _apart_px(line: Line, match: LogoMatch, width_px: int, height_px: int) -> float:
    one, other = line.region, match.region
    across = max(other.x - one.x - one.w, one.x - other.x - other.w, 0.0) * width_px
    down = max(other.y - one.y - one.h, one.y - other.y - other.h, 0.0) * height_px
    return float((across**2 + down**2) ** 0.5)


def _intrusion(
    page: Page, region: Region, distance: float, parameters: LogoClearSpace, message: str
) -> Intrusion:
    finding = Finding(
        severity="major",
        message=message,
        measured=f"{distance:.2f} logo heights away",
        rule=f"{parameters.clear_share:g} logo heights clear",
        fix="Move it away, or make the logo smaller.",
        page=page.number,
        region=region,
    )
    return finding, min(1.0, distance / parameters.clear_share)


CHECK = ExactCheck(
    measures="Space round each logo that is free of text and graphics",
    unit="logo heights",
    parameters=LogoClearSpace,
    measure=measure,
    needs=("logo",),
    version=4,
    example={"clear_share": 0.5},
)
