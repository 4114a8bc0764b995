"""Opens moving pictures: animated GIF, WebP, PNG and AVIF."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from services.qc.domain.creative import Creative, FileFormat, Limits, Page, Rgb, Unreadable
from services.qc.domain.facts import FileFacts, Frame, Motion
from services.qc.domain.film import key_frames
from services.qc.pillow_file import facts_of, our_errors, pillow_file, upright_rgb

MAX_FRAMES = 2_000
MAX_MOVING_PIXELS = 256_000_000
"""Of all frames together: what takes Pillow three to five seconds."""

HASTY_S, HASTY_SHOWN_S = 0.010, 0.100
"""Browsers show a frame of 10 ms or less for 100 ms."""


def open_animation(
    path: Path,
    format: FileFormat,
    limits: Limits,
    name: str,
    background: tuple[int, int, int],
) -> Creative:
    """Its pages are the few frames that are seen the longest. Raises Unreadable."""
    with pillow_file(path, format, limits) as image:
        frames = int(image.n_frames)  # type: ignore[attr-defined]
        _check_length(image, frames)
        facts = facts_of(path, name, image, format, frames)
        plays, size = _plays(image, format), image.size
        durations = [_duration_s(image, frame) for frame in range(frames)]
    starts = list(accumulate(durations, initial=0.0))
    shown = key_frames(durations)
    pages = [
        Page(number, *size, at_s=round(starts[frame], 3)) for number, frame in enumerate(shown, 1)
    ]
    reel = _Reel(path, format, limits, background)

    def decode(page: Page) -> Rgb:
        return reel.at(shown[page.number - 1])

    def play(side_px: int) -> Iterator[Frame]:
        for frame, duration_s in enumerate(durations):
            yield Frame(starts[frame], duration_s, shrunk(reel.at(frame), side_px))

    facts = replace(facts, motion=_motion(facts, starts[-1], plays))
    creative = Creative(format, facts, pages, decode, reel, path=path, play=play)
    creative.rgb(pages[0])
    return creative


class _Reel(AbstractContextManager["_Reel"]):
    """The open file. Frames build on the ones before: to go back, it is opened anew."""

    def __init__(
        self,
        path: Path,
        format: FileFormat,
        limits: Limits,
        background: tuple[int, int, int],
    ) -> None:
        self._stack = ExitStack()
        self._path, self._format, self._limits = path, format, limits
        self._background = background
        self._image = self._open()

    def _open(self) -> Image.Image:
        return self._stack.enter_context(pillow_file(self._path, self._format, self._limits))

    def at(self, frame: int) -> Rgb:
        if frame < self._image.tell():
            self._stack.close()
            self._image = self._open()
        with our_errors(self._format, self._limits):
            self._image.seek(frame)
            return upright_rgb(self._image, self._limits, self._background)

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def shrunk(pixels: Rgb, side_px: int) -> Rgb:
    height, width = pixels.shape[:2]
    share = side_px / max(height, width)
    if share >= 1:
        return pixels
    size = (max(1, round(width * share)), max(1, round(height * share)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _check_length(image: Image.Image, frames: int) -> None:
    most = min(MAX_FRAMES, MAX_MOVING_PIXELS // max(1, image.width * image.height))
    if frames > most:
        detail = (
            f"The animation has {frames:,} frames of {image.width} x {image.height} pixels; "
            f"at most {most:,} of that size are allowed. Shorten it, or export it as MP4."
        )
        raise Unreadable("too_many_pixels", detail)


def _duration_s(image: Image.Image, frame: int) -> float:
    """Decodes the frame: a damaged one is told at the door."""
    image.seek(frame)
    image.load()
    duration_s = float(image.info.get("duration") or 0) / 1000
    return duration_s if duration_s > HASTY_S else HASTY_SHOWN_S


def _plays(image: Image.Image, format: FileFormat) -> int:
    """0 is for ever. A GIF counts its repetitions, and without a count it is shown once."""
    if format != "GIF":
        return max(int(image.info.get("loop", 0)), 0)
    loops = image.info.get("loop")
    return 1 if loops is None else loops and int(loops) + 1


def _motion(facts: FileFacts, duration_s: float, plays: int) -> Motion:
    return Motion(
        duration_s=round(duration_s, 3),
        frames=facts.frames,
        frame_rate=round(facts.frames / duration_s, 3),
        plays=plays,
        bit_rate=round(8 * facts.byte_size / duration_s),
    )
