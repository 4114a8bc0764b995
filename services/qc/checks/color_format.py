"""Exact check: how colours are stored in the file."""

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from libs.contracts.qc import Finding
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, not_applicable
from services.qc.checks.subject import Subject
from services.qc.domain.creative import DRAWN, FILMED
from services.qc.domain.facts import FileFacts

Mode = Literal["RGB", "RGBA", "CMYK", "L", "LA", "P", "PA", "1", "YCbCr", "LAB", "I", "I;16", "F"]

NAMES = {
    "L": "greyscale",
    "LA": "greyscale with transparency",
    "P": "a colour table",
    "1": "black and white",
    "RGBA": "RGB with transparency",
    "I;16": "16-bit greyscale",
}


class ColorFormat(Parameters):
    allowed_modes: list[Mode] = Field(
        default=["RGB", "RGBA", "L", "LA", "P"],
        min_length=1,
        max_length=13,
        description="Colour modes as stored; L is grey, P a colour table, a last A transparency",
    )
    allowed_bit_depths: list[Literal[1, 2, 4, 8, 16, 32]] = Field(
        default=[1, 2, 4, 8], min_length=1, max_length=6, description="Bits of one channel"
    )
    icc_profile: Literal["any", "required", "srgb"] = Field(
        default="any", description="srgb: an embedded profile must be sRGB, none counts as sRGB"
    )
    allow_alpha: bool = Field(default=True, description="Whether transparency is allowed")


def measure(subject: Subject, parameters: ColorFormat) -> Measured:
    """Score: 0 or 100."""
    facts = subject.creative.facts
    if subject.creative.format in DRAWN:
        reason = f"Each object of a {subject.creative.format} has colours of its own."
        return not_applicable(f"{reason} This check judges pictures.")
    if subject.creative.format in FILMED:
        return not_applicable("A video has no colour mode of this kind; video_format judges it.")
    findings = [
        Finding(severity="major", message=message, measured=measured, rule=rule, fix=fix)
        for message, measured, rule, fix in _breaches(facts, parameters)
    ]
    measurements = {
        "mode": facts.mode,
        "bit_depth": facts.bit_depth,
        "alpha": facts.alpha,
        "icc_profile": facts.icc_profile,
    }
    return judged(findings, measurements)


def _breaches(facts: FileFacts, parameters: ColorFormat) -> Iterator[tuple[str, str, str, str]]:
    """Message, measured value, rule and fix of each breach."""
    if facts.mode not in parameters.allowed_modes:
        name = NAMES.get(facts.mode, facts.mode)
        rule = f"one of {', '.join(parameters.allowed_modes)}"
        fix = f"Export it as {parameters.allowed_modes[0]}."
        yield f"The picture is stored as {name}.", facts.mode, rule, fix
    if facts.bit_depth and facts.bit_depth not in parameters.allowed_bit_depths:
        depths = ", ".join(str(depth) for depth in parameters.allowed_bit_depths)
        message = f"The picture has {facts.bit_depth} bits per channel."
        yield message, f"{facts.bit_depth} bits", f"{depths} bits", "Export it with 8 bits."
    if facts.alpha and not parameters.allow_alpha:
        yield "The picture is transparent.", "transparency", "opaque", "Flatten it on its ground."
    yield from _icc_breach(facts.icc_profile, parameters.icc_profile)


def _icc_breach(icc: str | None, rule: str) -> Iterator[tuple[str, str, str, str]]:
    if rule == "required" and icc is None:
        fix = "Embed the colour profile on export."
        yield "The picture has no colour profile.", "none", "a colour profile", fix
    if rule == "srgb" and icc is not None and "srgb" not in icc.lower():
        fix = "Convert it to sRGB on export."
        yield f"The colour profile is {icc}.", icc, "sRGB", fix


CHECK = ExactCheck(
    measures="Colour mode, bits per channel, colour profile, transparency",
    unit="mode",
    parameters=ColorFormat,
    measure=measure,
    example={"allowed_modes": ["CMYK"], "icc_profile": "any"},
)
