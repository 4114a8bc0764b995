"""Exact check: the embedded colour profile: which, whether it is allowed, whether it fits."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from libs.contracts.brand import Word
from libs.contracts.qc import Finding, Severity
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, not_applicable
from services.qc.checks.subject import Subject
from services.qc.domain.creative import FILMED

if TYPE_CHECKING:
    from services.qc.checks.icc import Profile

MISSING: dict[str, Severity] = {"warn": "minor", "deny": "major"}
SPACE_OF = {"CMYK": "CMYK", "L": "GRAY", "LA": "GRAY", "1": "GRAY", "I;16": "GRAY", "LAB": "Lab"}
"""The colour space that a profile must have, by the picture's mode; RGB for the others."""


class ColourProfile(Parameters):
    allowed: tuple[Word, ...] = Field(
        default=(),
        max_length=30,
        description="Names of profiles, or parts of them: sRGB, Display P3, FOGRA39; none: any",
    )
    missing: Literal["allow", "warn", "deny"] = Field(
        default="allow",
        description="An RGB or grey picture without a profile; programs take it as sRGB",
    )
    missing_cmyk: Literal["allow", "warn", "deny"] = Field(
        default="deny",
        description="A CMYK picture without a profile; its colours are not defined",
    )


def measure(subject: Subject, parameters: ColourProfile) -> Measured:
    """Score: 0 or 100."""
    creative = subject.creative
    if creative.format in FILMED:
        return not_applicable("A video has no colour profile; it names its colours otherwise.")
    if creative.facts.mode in ("PDF", "SVG") or creative.path is None:
        return not_applicable("This file has no colour profile of its own; its pictures may have.")
    from services.qc.checks.icc import profile_of

    profile = profile_of(creative.path)
    findings = [
        Finding(severity=severity, message=message, measured=measured, rule=rule, fix=fix)
        for severity, message, measured, rule, fix in _breaches(
            creative.facts.mode, profile, parameters
        )
    ]
    measurements = {
        "mode": creative.facts.mode,
        "profile": profile.name if profile else None,
        "profile_space": profile.space if profile else None,
    }
    return judged(findings, measurements)


Breach = tuple[Severity, str, str, str, str]
"""Severity, message, measured value, rule, fix."""


def _breaches(mode: str, profile: "Profile | None", parameters: ColourProfile) -> Iterator[Breach]:
    expected = SPACE_OF.get(mode, "RGB")
    if profile is None:
        yield from _missing(expected, parameters)
        return
    if profile.space is None:
        fix = "Embed it again on export."
        yield "major", "The colour profile is damaged.", profile.name, "a readable profile", fix
        return
    if profile.space != expected:
        message = f"The picture's colours are {expected}, its profile is for {profile.space}."
        fix = "Convert the picture on export, and embed the profile that it was converted to."
        yield "major", message, f"{profile.name}, {profile.space}", f"a profile for {expected}", fix
    if parameters.allowed and not _is_allowed(profile.name, parameters.allowed):
        rule = f"one of {', '.join(parameters.allowed)}"
        fix = f"Convert it to {parameters.allowed[0]} on export."
        yield "major", f"The colour profile is {profile.name}.", profile.name, rule, fix


def _missing(expected: str, parameters: ColourProfile) -> Iterator[Breach]:
    what = parameters.missing_cmyk if expected == "CMYK" else parameters.missing
    if what == "allow":
        return
    message = "The picture has no colour profile."
    rule = f"one of {', '.join(parameters.allowed)}" if parameters.allowed else "a colour profile"
    yield MISSING[what], message, "none", rule, "Embed the colour profile on export."


def _is_allowed(name: str, allowed: tuple[str, ...]) -> bool:
    """Case, blanks and marks do not count: `FOGRA39` fits `Coated FOGRA39 (ISO 12647-2:2004)`."""
    plain = _plain(name)
    return any(_plain(one) in plain for one in allowed)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


CHECK = ExactCheck(
    measures="The embedded colour profile, and whether it fits the picture's colours",
    unit="name",
    parameters=ColourProfile,
    measure=measure,
    example={"allowed": ["sRGB"], "missing": "warn"},
)
