"""The graphics state, and the budget that ends the reading of a hostile file."""

import time
from dataclasses import dataclass, field
from typing import Any

from services.qc.preflight.facts import Colour, Look
from services.qc.preflight.fonts import Metrics
from services.qc.preflight.geometry import IDENTITY, Box, Matrix
from services.qc.preflight.spaces import GREY

MOST_OPERATIONS = 3_000_000
MOST_MARKS = 300_000
CLOCK_EVERY = 512
BLACK = Colour(GREY, (0.0,))


class Exhausted(Exception):
    """The file takes more reading than is allowed; what was read counts."""


@dataclass
class Budget:
    """One for a document. `until` is a time of the monotonic clock."""

    until: float
    operations: int = 0
    marks: int = 0

    def spend(self) -> None:
        self.operations += 1
        if self.operations > MOST_OPERATIONS or self.marks > MOST_MARKS:
            raise Exhausted("The rest was not read: there is too much on the pages.")
        if self.operations % CLOCK_EVERY == 0:
            self.look_at_clock()

    def look_at_clock(self) -> None:
        if time.monotonic() > self.until:
            raise Exhausted("The rest was not read: reading the pages took too long.")


@dataclass(slots=True)
class State:
    """What q saves and Q restores. A pattern is the PDF's own object."""

    ctm: Matrix
    clip: Box
    fill: Colour = BLACK
    stroke: Colour = BLACK
    fill_pattern: Any = None
    stroke_pattern: Any = None
    line_width: float = 1.0
    look: Look = field(default_factory=Look)
    font: Metrics | None = None
    size: float = 0.0
    letter_space: float = 0.0
    word_space: float = 0.0
    stretch: float = 1.0
    leading: float = 0.0
    rise: float = 0.0
    mode: int = 0

    def copy(self) -> "State":
        """By hand, because every q does it: the library takes five times as long."""
        return State(
            self.ctm, self.clip, self.fill, self.stroke, self.fill_pattern, self.stroke_pattern,
            self.line_width, self.look, self.font, self.size, self.letter_space, self.word_space,
            self.stretch, self.leading, self.rise, self.mode,
        )  # fmt: skip


@dataclass(slots=True)
class Pen:
    """What does not belong to the state: the path and the text line under construction."""

    runs: list[bytes] = field(default_factory=list)
    size: int = 0
    points: list[float] = field(default_factory=list)
    clips: bool = False
    text: Matrix = IDENTITY
    line: Matrix = IDENTITY
