"""Watches an animation or a video once, frame by frame: stills, cuts and flashes.

A flash is what WCAG 2.3.1 calls one: two opposite changes of relative luminance by a tenth or
more, the darker side below 0.8; or of saturated red. It counts where a quarter of a field of
vision flashes together, which is 21,824 pixels of a screen of 1024 by 768.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from libs.contracts.qc import Region

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from services.qc.domain.creative import Creative
    from services.qc.domain.facts import Frame

GRID_PX = 64
MAX_WATCHED_PIXELS = 6_000_000_000
"""Of all frames together: about 100 s of full HD at 30 frames a second, 20 s of computing."""

SCREEN_PX, FIELD_PX = (1024, 768), 341 * 256 / 4
LUMINANCE_STEP, LUMINANCE_BRIGHT = 0.1, 0.8
RED_STEP, RED_SHARE = 20.0, 0.8
STILL_LEVELS = 3.0
"""Greatest change of a cell, in levels of 255, that compression makes of a still."""

CUT_LEVELS = 30.0
"""Mean change of the picture, in levels, that no movement makes from one frame to the next."""


@dataclass(frozen=True)
class Flashes:
    """The most flashes within one second, when it began, and where."""

    per_second: float = 0.0
    at_s: float = 0.0
    region: Region | None = None


@dataclass(frozen=True)
class Film:
    watched_s: float
    frames: int
    longest_still_s: float
    still_at_s: float
    shortest_frame_s: float
    longest_frame_s: float
    cuts_s: tuple[float, ...]
    flashes: Flashes
    red_flashes: Flashes


def watch(creative: "Creative") -> Film:
    """Every frame, or those of the beginning where there are too many to look at."""
    page = creative.pages[0]
    most = max(1, MAX_WATCHED_PIXELS // (page.width_px * page.height_px))
    pace, area = _Pace(), _area(page.width_px, page.height_px)
    light = _Flicker(LUMINANCE_STEP, LUMINANCE_BRIGHT, area)
    red = _Flicker(RED_STEP, np.inf, area)
    for frame in _first(creative.frames(GRID_PX), most):
        linear = _LINEAR[frame.rgb]
        light.see(frame.at_s, linear @ _LUMINANCE)
        red.see(frame.at_s, _saturated_red(linear))
        pace.see(frame)
    return pace.film(light.worst, red.worst)


def _first(frames: "Iterator[Frame]", most: int) -> "Iterator[Frame]":
    for _, frame in zip(range(most), frames, strict=False):
        yield frame


def _area(width_px: int, height_px: int) -> float:
    """The share of the picture that must flash, when it is shown on a screen as large as it may."""
    share = min(1.0, SCREEN_PX[0] / width_px, SCREEN_PX[1] / height_px)
    return min(1.0, FIELD_PX / (width_px * share * height_px * share))


class _Flicker:
    """Counts opposite changes of each cell of the picture over the last second."""

    def __init__(self, step: float, bright: float, area: float) -> None:
        self._step, self._bright, self._area = step, bright, area
        self._turn: NDArray[np.float32] | None = None
        self._rising: NDArray[np.int8] | None = None
        self._recent: deque[tuple[float, NDArray[np.bool_]]] = deque()
        self.worst = Flashes()

    def see(self, at_s: float, level: "NDArray[np.float32]") -> None:
        if self._turn is None or self._rising is None or self._turn.shape != level.shape:
            self._turn, self._rising = level.copy(), np.zeros(level.shape, np.int8)
            return
        change = level - self._turn
        counts = (np.abs(change) >= self._step) & (np.minimum(level, self._turn) < self._bright)
        direction = np.sign(change).astype(np.int8)
        opposite = counts & (direction != self._rising)
        self._rising = np.where(counts, direction, self._rising)
        onward = counts | (direction == self._rising)
        self._turn = np.where(onward, level, self._turn)
        self._remember(at_s, opposite, direction)

    def _remember(
        self, at_s: float, opposite: "NDArray[np.bool_]", direction: "NDArray[np.int8]"
    ) -> None:
        together = np.zeros_like(opposite)
        for way in (1, -1):
            cells = opposite & (direction == way)
            if cells.mean() >= self._area:
                together |= cells
        while self._recent and self._recent[0][0] <= at_s - 1.0 + 1e-6:
            self._recent.popleft()
        if not together.any():
            return
        self._recent.append((at_s, together))
        changes = np.sum([cells for _, cells in self._recent], axis=0)
        least = max(1, round(self._area * changes.size))
        most = float(np.partition(changes.ravel(), -least)[-least]) / 2
        if most > self.worst.per_second:
            where = _bounds(changes >= 2 * most)
            self.worst = Flashes(most, self._recent[0][0], where)


class _Pace:
    """Stills, cuts and the length of frames."""

    def __init__(self) -> None:
        self._before: NDArray[np.float32] | None = None
        self._frames = 0
        self._end_s = self._still_since_s = 0.0
        self._longest = (0.0, 0.0)
        self._lengths = (np.inf, 0.0)
        self._cuts: list[float] = []

    def see(self, frame: "Frame") -> None:
        pixels = frame.rgb.astype(np.float32)
        self._frames += 1
        if self._before is not None and self._before.shape == pixels.shape:
            change = np.abs(pixels - self._before)
            if change.max() > STILL_LEVELS:
                self._still_since_s = frame.at_s
                self._before = pixels
            if change.mean() > CUT_LEVELS:
                self._cuts.append(round(frame.at_s, 3))
        else:
            self._before = pixels
        self._end_s = frame.at_s + frame.duration_s
        still_s = self._end_s - self._still_since_s
        self._longest = max(self._longest, (still_s, self._still_since_s))
        shortest, longest = self._lengths
        self._lengths = (min(shortest, frame.duration_s), max(longest, frame.duration_s))

    def film(self, flashes: Flashes, red: Flashes) -> Film:
        return Film(
            watched_s=self._end_s,
            frames=self._frames,
            longest_still_s=self._longest[0],
            still_at_s=self._longest[1],
            shortest_frame_s=float(self._lengths[0]) if self._frames else 0.0,
            longest_frame_s=self._lengths[1],
            cuts_s=tuple(self._cuts),
            flashes=flashes,
            red_flashes=red,
        )


def _linear_levels() -> "NDArray[np.float32]":
    level = np.arange(256, dtype=np.float64) / 255
    curve = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    return curve.astype(np.float32)


_LINEAR = _linear_levels()
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)


def _saturated_red(linear: "NDArray[np.float32]") -> "NDArray[np.float32]":
    """(R - G - B) x 320 where red makes up four fifths of the light, else nothing."""
    red, green, blue = linear[..., 0], linear[..., 1], linear[..., 2]
    saturated = red >= RED_SHARE * np.maximum(linear.sum(axis=2), 1e-6)
    excess = np.maximum(red - green - blue, 0) * 320
    return np.where(saturated, excess, 0).astype(np.float32)


def _bounds(cells: "NDArray[np.bool_]") -> Region:
    rows, columns = np.flatnonzero(cells.any(axis=1)), np.flatnonzero(cells.any(axis=0))
    high, wide = cells.shape
    return Region(
        x=columns[0] / wide,
        y=rows[0] / high,
        w=(columns[-1] + 1 - columns[0]) / wide,
        h=(rows[-1] + 1 - rows[0]) / high,
    )
