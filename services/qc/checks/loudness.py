"""Measures the sound of a video by EBU R128 with ffmpeg's own meter."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import av

from services.qc.domain.creative import Limits, Unreadable
from services.qc.video import video_file

if TYPE_CHECKING:
    from services.qc.domain.creative import Creative

MAX_HEARD_S = 1800.0
GATE_LUFS = -70.0
"""What is softer counts as silence (EBU Tech 3341)."""


@dataclass(frozen=True)
class Loudness:
    """`integrated_lufs` and `true_peak_dbtp` are null for silence; `range_lu` is the LRA."""

    integrated_lufs: float | None
    true_peak_dbtp: float | None
    range_lu: float
    heard_s: float


def measure_loudness(creative: "Creative", limits: Limits) -> Loudness:
    """The first sound track, or its first half hour. Raises Unreadable."""
    if creative.path is None:
        raise Unreadable("damaged", "The video is not there any more. Upload it again.")
    told: dict[str, str] = {}
    heard_s = 0.0
    with video_file(creative.path, creative.format, limits) as container:
        sound = container.streams.audio[0]
        meter = _Meter(sound)
        for frame in container.decode(sound):
            heard_s = float(frame.time or 0.0) + frame.samples / frame.sample_rate
            told = meter.hear(frame) or told
            if heard_s >= MAX_HEARD_S:
                break
        told = meter.end() or told
    return Loudness(
        _above_gate(told.get("lavfi.r128.I")),
        _decibels(told.get("lavfi.r128.true_peak")),
        round(float(told.get("lavfi.r128.LRA", 0.0)), 1),
        round(heard_s, 3),
    )


class _Meter:
    def __init__(self, sound: Any) -> None:
        self._graph = av.filter.Graph()
        self._graph.threads = 1
        source = self._graph.add_abuffer(template=sound)
        meter = self._graph.add("ebur128", "metadata=1:peak=true")
        sink = self._graph.add("abuffersink")
        source.link_to(meter)
        meter.link_to(sink)
        self._graph.configure()

    def hear(self, frame: Any) -> dict[str, str]:
        self._graph.push(frame)
        return self._told()

    def end(self) -> dict[str, str]:
        self._graph.push(None)
        return self._told()

    def _told(self) -> dict[str, str]:
        """What the meter says after the last frame that it has let through."""
        told: dict[str, str] = {}
        while True:
            try:
                told = dict(self._graph.pull().metadata) or told
            except (av.error.BlockingIOError, av.error.EOFError):
                return told


def _above_gate(lufs: str | None) -> float | None:
    value = float(lufs) if lufs is not None else -math.inf
    return round(value, 1) if value > GATE_LUFS else None


def _decibels(peak: str | None) -> float | None:
    """The meter tells the peak as a share of full scale."""
    share = float(peak) if peak is not None else 0.0
    return round(20 * math.log10(share), 1) if share > 0 else None
