"""Exact check: how a video is packed: container, codecs, size, rates, key frames, length."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Literal

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, not_applicable
from services.qc.checks.running_time import length_breaches
from services.qc.checks.subject import Subject
from services.qc.domain.creative import FILMED
from services.qc.domain.facts import Motion

Breach = tuple[str, str, str, str]
"""Message, measured value, rule, fix."""

RATE_SLACK = 0.01
"""23.976 is what 24 frames a second are called too."""


class VideoFormat(Parameters):
    containers: list[Literal["MP4", "MOV", "WEBM"]] = Field(
        default=["MP4", "MOV", "WEBM"], min_length=1, max_length=3, description="File formats"
    )
    video_codecs: list[str] = Field(
        default=["h264", "hevc", "vp8", "vp9", "av1"],
        min_length=1,
        max_length=20,
        description="Codecs of the picture, by ffmpeg's names; these play on the web",
    )
    audio_codecs: list[str] = Field(
        default=["aac", "mp3", "opus", "vorbis"],
        min_length=1,
        max_length=20,
        description="Codecs of the sound, by ffmpeg's names",
    )
    audio: Literal["any", "required", "forbidden"] = Field(
        default="any", description="Whether there has to be a sound track"
    )
    min_short_side_px: int = Field(
        default=720, ge=1, le=10_000, description="Fewest pixels of the shorter side (720p)"
    )
    min_duration_s: float | None = Field(
        default=None, ge=0, le=14_400, description="Shortest length; else that of the placement"
    )
    max_duration_s: float | None = Field(
        default=None, gt=0, le=14_400, description="Longest length; else that of the placement"
    )
    min_frame_rate: float = Field(
        default=23.97, gt=0, le=240, description="Fewest frames per second; 23.976 is film's"
    )
    max_frame_rate: float = Field(default=60.0, gt=0, le=240, description="Most frames per second")
    min_bit_rate_kbps: float | None = Field(
        default=None, gt=0, le=1_000_000, description="Least rate of the whole file"
    )
    max_bit_rate_kbps: float | None = Field(
        default=None, gt=0, le=1_000_000, description="Greatest rate of the whole file"
    )
    max_key_frame_interval_s: float | None = Field(
        default=10.5,
        gt=0,
        le=600,
        description="Longest way between key frames; 250 frames is what encoders do unasked",
    )
    pixel_formats: list[str] = Field(
        default=["yuv420p", "yuvj420p", "yuv420p10le"],
        min_length=1,
        max_length=20,
        description="Pixel formats, by ffmpeg's names; browsers play 4:2:0 only",
    )
    square_pixels: bool = Field(default=True, description="Whether pixels have to be square")


def measure(subject: Subject, parameters: VideoFormat) -> Measured:
    """Score: 0 or 100."""
    motion = subject.creative.facts.motion
    if subject.creative.format not in FILMED or motion is None:
        return not_applicable("The creative is no video.")
    breaches = [
        *_packing(subject.creative.format, motion, parameters),
        *_size(subject, motion, parameters),
        *length_breaches(
            motion,
            parameters.min_duration_s,
            parameters.max_duration_s,
            subject.brief.placement,
        ),
        *_rates(motion, parameters),
    ]
    findings = [
        Finding(severity="major", message=message, measured=measured, rule=rule, fix=fix)
        for message, measured, rule, fix in breaches
    ]
    return judged(findings, _measurements(subject, motion))


def _packing(container: str, motion: Motion, parameters: VideoFormat) -> Iterator[Breach]:
    if container not in parameters.containers:
        rule = f"one of {', '.join(parameters.containers)}"
        fix = f"Export it as {parameters.containers[0]}."
        yield f"The file is {container}.", container, rule, fix
    if motion.video_codec not in parameters.video_codecs:
        codec = motion.video_codec or "unknown"
        rule = f"one of {', '.join(parameters.video_codecs)}"
        fix = f"Export it as {parameters.video_codecs[0]}."
        yield f"The picture is coded as {codec}.", codec, rule, fix
    if motion.pixel_format not in parameters.pixel_formats:
        stored = motion.pixel_format or "unknown"
        rule = f"one of {', '.join(parameters.pixel_formats)}"
        yield f"The pixels are stored as {stored}.", stored, rule, "Export it with 4:2:0."
    yield from _sound(motion.audio_codec, parameters)


def _sound(codec: str | None, parameters: VideoFormat) -> Iterator[Breach]:
    if codec is None:
        if parameters.audio == "required":
            yield "There is no sound track.", "none", "a sound track", "Export it with sound."
    elif parameters.audio == "forbidden":
        yield "There is a sound track.", codec, "no sound track", "Export it without sound."
    elif codec not in parameters.audio_codecs:
        rule = f"one of {', '.join(parameters.audio_codecs)}"
        fix = f"Export the sound as {parameters.audio_codecs[0]}."
        yield f"The sound is coded as {codec}.", codec, rule, fix


def _size(subject: Subject, motion: Motion, parameters: VideoFormat) -> Iterator[Breach]:
    page = subject.creative.pages[0]
    size = f"{page.width_px} x {page.height_px} px"
    if min(page.width_px, page.height_px) < parameters.min_short_side_px:
        rule = f"shorter side at least {parameters.min_short_side_px} px"
        yield f"The video has {size}.", size, rule, "Export it larger from the original."
    if parameters.square_pixels and not motion.square_pixels:
        rule = "square pixels"
        yield "The pixels are not square.", "stretched", rule, "Export it with square pixels."


def _rates(motion: Motion, parameters: VideoFormat) -> Iterator[Breach]:
    rate, kbps = motion.frame_rate, (motion.bit_rate or 0) / 1000
    shown, packed = f"{rate:.2f} frames/s", f"{kbps:,.0f} kbit/s"
    if rate < parameters.min_frame_rate - RATE_SLACK:
        rule = f"at least {parameters.min_frame_rate:g} frames/s"
        yield f"The video shows {shown}.", shown, rule, "Export it with the original's rate."
    if rate > parameters.max_frame_rate + RATE_SLACK:
        rule = f"at most {parameters.max_frame_rate:g} frames/s"
        yield f"The video shows {shown}.", shown, rule, "Export it with fewer frames."
    if parameters.min_bit_rate_kbps is not None and kbps < parameters.min_bit_rate_kbps:
        rule = f"at least {parameters.min_bit_rate_kbps:,.0f} kbit/s"
        yield f"The file has {packed}.", packed, rule, "Export it with less compression."
    if parameters.max_bit_rate_kbps is not None and kbps > parameters.max_bit_rate_kbps:
        rule = f"at most {parameters.max_bit_rate_kbps:,.0f} kbit/s"
        yield f"The file has {packed}.", packed, rule, "Compress it more."
    yield from _key_frames(motion.key_frame_interval_s, parameters.max_key_frame_interval_s)


def _key_frames(interval_s: float | None, longest_s: float | None) -> Iterator[Breach]:
    if interval_s is not None and longest_s is not None and interval_s > longest_s:
        measured = f"{interval_s:.2f} s"
        rule = f"a key frame every {longest_s:g} s at least"
        fix = "Export it with a key frame every 2 s."
        yield f"Key frames are up to {measured} apart.", measured, rule, fix


def _measurements(subject: Subject, motion: Motion) -> dict[str, JsonValue]:
    page = subject.creative.pages[0]
    told = {key: value for key, value in asdict(motion).items() if key != "plays"}
    size = {"width_px": page.width_px, "height_px": page.height_px}
    return {"container": subject.creative.format, **size, **told}


CHECK = ExactCheck(
    measures="Container, codecs, size, length, frame rate, bit rate and key frames of a video",
    unit="s, frames/s, kbit/s",
    parameters=VideoFormat,
    measure=measure,
    needs=("video",),
    example={"containers": ["MP4"], "video_codecs": ["h264"], "max_duration_s": 15},
)
