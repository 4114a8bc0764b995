"""Exact check: text and logo stay clear of what a placement lays over the picture."""

from collections.abc import Iterator

from pydantic import Field, JsonValue

from libs.contracts.brand import SafeZone
from libs.contracts.qc import Finding, Region
from services.qc.checks.measured import (
    BadParameter,
    ExactCheck,
    Measured,
    Parameters,
    judged,
    missing_input,
    not_applicable,
)
from services.qc.checks.placed import placed_on
from services.qc.checks.subject import Subject

PRESETS: dict[str, SafeZone] = {
    "meta_stories": SafeZone(top=0.14, bottom=0.20),
    "meta_reels": SafeZone(top=0.14, right=0.06, bottom=0.35, left=0.06),
    "tv_16_9": SafeZone(top=0.05, right=0.05, bottom=0.05, left=0.05),
}
"""Margins as shares. Look them up at the source before you rely on them: they change.

Meta (by pages that quote its help centre, November 2026): Stories 14 % and 20 %, Reels 14 %, 35 %
and 6 %. Graphics safe area of 16:9 television (EBU R 95): 5 %. TikTok's depend on the caption
and come as files, others change with the player: give them in `zone` or in the media plan.
"""

CHANNELS = {
    "meta_stories": ("story", "stories"),
    "meta_reels": ("reel", "reels"),
    "tv_16_9": ("tv", "television", "broadcast"),
}
META = ("instagram", "facebook", "meta", "ig", "fb")

TOLERANCE = 0.005
"""Boxes that OCR draws are a little larger than the ink."""

MOST_FINDINGS = 20
Strip = tuple[str, float]


class SafeZones(Parameters):
    zone: SafeZone | None = Field(
        default=None,
        description="Margins that stay free of text and logo, as shares of height and width. "
        "Without any: the placement's, else those of its channel",
    )
    preset: str | None = Field(
        default=None,
        description="A published zone instead of margins of your own",
        json_schema_extra={"enum": [*PRESETS, None]},
    )


def measure(subject: Subject, parameters: SafeZones) -> Measured:
    """Score: the share of texts and logos that keep out, in percent."""
    if parameters.preset is not None and parameters.preset not in PRESETS:
        raise BadParameter(f"preset: “{parameters.preset}” is not one of {', '.join(PRESETS)}")
    source, zone = _zone(subject, parameters)
    if zone is None:
        reason = (
            "No safe zone is known. Give `zone` or `preset`, or choose a placement that has it."
        )
        return missing_input(reason)
    placed = [(page, one) for page in subject.pages for one in placed_on(subject, page)]
    measurements: dict[str, JsonValue] = {
        **subject.seen_pages(),
        "zone": zone.model_dump(),
        "zone_of": source,
        "elements": len(placed),
    }
    if not placed:
        return not_applicable("No text and no logo was found.", measurements)
    findings = []
    for page, one in placed:
        strips = list(_entered(one.region, zone))
        if strips:
            side, depth = max(strips, key=lambda strip: strip[1])
            findings.append(
                Finding(
                    severity="major",
                    message=f"{one.what} stands where the placement covers the {side}.",
                    measured=f"{100 * depth:.1f} % into the {side} margin",
                    rule=", ".join(f"{name} {100 * share:g} %" for name, share in _margins(zone)),
                    evidence=one.text,
                    fix="Move it towards the middle.",
                    page=page.number,
                    region=one.region,
                )
            )
    score = 100 * (1 - len(findings) / len(placed))
    return judged(findings[:MOST_FINDINGS], measurements, score)


def _zone(subject: Subject, parameters: SafeZones) -> tuple[str, SafeZone | None]:
    if parameters.zone is not None:
        return "parameters", parameters.zone
    if parameters.preset is not None:
        return parameters.preset, PRESETS[parameters.preset]
    placement = subject.brief.placement
    if placement is None:
        return "nothing", None
    if placement.safe_zone is not None:
        return placement.name, placement.safe_zone
    preset = _preset_of(f"{placement.channel or ''} {placement.name}")
    return (preset, PRESETS[preset]) if preset else ("nothing", None)


def _preset_of(name: str) -> str | None:
    """By the words of the channel and the placement; Meta's only where it is named."""
    words = {word.strip("()[],;:") for word in name.casefold().replace("_", " ").split()}
    for preset, marks in CHANNELS.items():
        if words & set(marks) and (preset == "tv_16_9" or words & set(META)):
            return preset
    return None


def _margins(zone: SafeZone) -> list[Strip]:
    return [(side, share) for side, share in zone.model_dump().items() if share]


def _entered(box: Region, zone: SafeZone) -> Iterator[Strip]:
    """How far into each margin the box reaches, as a share of the height or width."""
    yield from (
        (side, depth)
        for side, depth, share in (
            ("top", zone.top - box.y, zone.top),
            ("right", box.x + box.w - (1 - zone.right), zone.right),
            ("bottom", box.y + box.h - (1 - zone.bottom), zone.bottom),
            ("left", zone.left - box.x, zone.left),
        )
        if share and depth > TOLERANCE
    )


CHECK = ExactCheck(
    measures="Text and logo in the margins that a placement covers",
    unit="share",
    parameters=SafeZones,
    measure=measure,
    reads_words=True,
    needs=("placement",),
    example={"preset": "meta_stories"},
)
