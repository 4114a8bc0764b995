"""Where benches write their figures, and how they take them: in turn, within one run.

A time alone says little on a machine that others use too. Each bench therefore measures its own
ceiling in the same rounds as its figure, and the ratio of the medians is what counts.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import TypeVar

ROUNDS = 5
WIDTHS = (14, 52, 12, 5, 14)

Measured = TypeVar("Measured")


@dataclass(frozen=True, slots=True)
class Hold:
    """A limit of PERFORMANCE.md, for the reader of the table: no bench fails by it."""

    text: str
    is_met_by: Callable[[float], bool]


def at_least(limit: float) -> Hold:
    return Hold(f"≥ {limit:.3g}", lambda figure: figure >= limit)


def at_most(limit: float) -> Hold:
    return Hold(f"≤ {limit:.3g}", lambda figure: figure <= limit)


@dataclass
class Board:
    """Lines of (bench, what, figure, number of rounds, hold, verdict)."""

    lines: list[tuple[str, str, str, str, str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def write(
        self, bench: str, what: str, figure: float, rounds: int, hold: Hold | None = None
    ) -> None:
        verdict = ("met" if hold.is_met_by(figure) else "NOT MET") if hold else ""
        limit = hold.text if hold else ""
        self.lines.append((bench, what, _digits(figure), str(rounds), limit, verdict))

    def note(self, bench: str, text: str) -> None:
        """What PERFORMANCE.md asks for and this bench does not measure, and why."""
        self.notes.append(f"{bench}: {text}")

    def text(self) -> str:
        head = ("bench", "what (medians)", "figure", "n", "PERFORMANCE.md", "")
        rows = [_row(line) for line in (head, *self.lines)]
        return "\n".join([*rows, "", *self.notes])


def _row(cells: Iterable[str]) -> str:
    *aligned, last = cells
    bench, what, figure, rounds, hold = (
        text.rjust(width) if index in (2, 3) else text.ljust(width)
        for index, (text, width) in enumerate(zip(aligned, WIDTHS, strict=True))
    )
    return f"{bench} {what} {figure} {rounds}  {hold} {last}".rstrip()


def _digits(figure: float) -> str:
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.3g}"


async def in_turn(
    ways: Mapping[str, Callable[[], Awaitable[Measured]]], rounds: int = ROUNDS
) -> dict[str, list[Measured]]:
    """Take every way once a round, every second round backwards, so that drift hits all alike."""
    taken: dict[str, list[Measured]] = {name: [] for name in ways}
    for number in range(rounds):
        names = list(ways)
        for name in names if number % 2 == 0 else reversed(names):
            taken[name].append(await ways[name]())
    return taken


def typical(figures: Iterable[float]) -> float:
    return median(figures)
