"""Exact check: how loud the sound of a video is (EBU R128)."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding
from services.qc.checks.measured import (
    BadParameter,
    ExactCheck,
    Measured,
    Parameters,
    judged,
    not_applicable,
)
from services.qc.checks.subject import Subject
from services.qc.domain.creative import FILMED

if TYPE_CHECKING:
    from services.qc.checks.loudness import Loudness


class AudioLoudness(Parameters):
    min_lufs: float = Field(
        default=-24.0,
        ge=-70,
        le=0,
        allow_inf_nan=False,
        description="Softest programme loudness; broadcasting wants -23 within 1 (EBU R128)",
    )
    max_lufs: float = Field(
        default=-13.0,
        ge=-70,
        le=0,
        allow_inf_nan=False,
        description="Loudest programme loudness; streaming services turn down to about -14",
    )
    max_true_peak_dbtp: float = Field(
        default=-1.0,
        ge=-20,
        le=3,
        allow_inf_nan=False,
        description="Highest true peak (EBU R128: -1); above it, players distort",
    )
    allow_silence: bool = Field(
        default=False, description="Whether a sound track may have nothing in it"
    )


def measure(subject: Subject, parameters: AudioLoudness) -> Measured:
    """Score: 0 or 100. The first sound track is heard, for at most half an hour."""
    if parameters.min_lufs > parameters.max_lufs:
        raise BadParameter("min_lufs: is greater than max_lufs")
    motion = subject.creative.facts.motion
    if subject.creative.format not in FILMED or motion is None:
        return not_applicable("The creative is no video.")
    if motion.audio_codec is None:
        return not_applicable("The video has no sound track.")
    from services.qc.checks.loudness import measure_loudness

    loudness = measure_loudness(subject.creative, subject.limits)
    measurements: dict[str, JsonValue] = {
        "integrated_lufs": loudness.integrated_lufs,
        "true_peak_dbtp": loudness.true_peak_dbtp,
        "loudness_range_lu": loudness.range_lu,
        "heard_s": loudness.heard_s,
    }
    return judged(list(_breaches(loudness, parameters)), measurements)


def _breaches(loudness: "Loudness", parameters: AudioLoudness) -> Iterator[Finding]:
    lufs, peak = loudness.integrated_lufs, loudness.true_peak_dbtp
    if lufs is None:
        if not parameters.allow_silence:
            fix = "Put the sound in, or export the video without a sound track."
            yield _finding("The sound track is silent.", "silence", "sound", fix)
        return
    if lufs < parameters.min_lufs:
        rule = f"at least {parameters.min_lufs:g} LUFS"
        fix = f"Raise it by {parameters.min_lufs - lufs:.1f} dB."
        yield _finding("The sound is too soft.", f"{lufs:.1f} LUFS", rule, fix)
    if lufs > parameters.max_lufs:
        rule = f"at most {parameters.max_lufs:g} LUFS"
        fix = f"Lower it by {lufs - parameters.max_lufs:.1f} dB."
        yield _finding("The sound is too loud.", f"{lufs:.1f} LUFS", rule, fix)
    if peak is not None and peak > parameters.max_true_peak_dbtp:
        rule = f"at most {parameters.max_true_peak_dbtp:g} dBTP"
        fix = f"Set the limiter to {parameters.max_true_peak_dbtp:g} dBTP."
        yield _finding("The sound peaks too high.", f"{peak:.1f} dBTP", rule, fix)


def _finding(message: str, measured: str, rule: str, fix: str) -> Finding:
    return Finding(severity="major", message=message, measured=measured, rule=rule, fix=fix)


CHECK = ExactCheck(
    measures="Programme loudness and true peak of a video's sound (EBU R128)",
    unit="LUFS, dBTP",
    parameters=AudioLoudness,
    measure=measure,
    needs=("video",),
    example={"min_lufs": -24, "max_lufs": -22},
)
