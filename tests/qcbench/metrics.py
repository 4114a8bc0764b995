"""What the runs add up to: recall, precision and false alarms with 95 % intervals, stability."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

Z_95 = 1.959964


@dataclass(frozen=True)
class Outcome:
    """One check on one creative. `iou` and `placed` are null where the defect has no place.

    `placed`: a finding's box overlaps the truth by half, or has its middle in it, as that of one
    wrong word in a line has. `variant` is "as drawn", or a harmless change after which the
    verdict must be the same.
    """

    check: str
    seed: int
    style: str
    defect: str | None
    variant: str
    state: str
    iou: float | None = None
    placed: bool | None = None
    said: str = ""


@dataclass
class Figures:
    """Of one check."""

    caught: int = 0
    planted: int = 0
    alarms: int = 0
    clean: int = 0
    stable: int = 0
    varied: int = 0
    placed: int = 0
    overlaps: list[float] = field(default_factory=list)
    misses: list[str] = field(default_factory=list)
    false_alarms: list[str] = field(default_factory=list)

    @property
    def recall(self) -> float | None:
        return self.caught / self.planted if self.planted else None

    @property
    def precision(self) -> float | None:
        flagged = self.caught + self.alarms
        return self.caught / flagged if flagged else None

    @property
    def typical_overlap(self) -> float | None:
        return median(self.overlaps) if self.overlaps else None


def figures(outcomes: Iterable[Outcome]) -> dict[str, Figures]:
    """By check. Only what was drawn counts for recall and alarms; variants for stability."""
    by_check: dict[str, Figures] = defaultdict(Figures)
    states = {}
    varied: list[Outcome] = []
    for outcome in outcomes:
        if outcome.variant != "as drawn":
            varied.append(outcome)
            continue
        if outcome.defect is None:
            states[outcome.check, outcome.seed, outcome.style] = outcome.state
        _count(by_check[outcome.check], outcome)
    for outcome in varied:
        of = by_check[outcome.check]
        of.varied += 1
        of.stable += outcome.state == states[outcome.check, outcome.seed, outcome.style]
    return dict(by_check)


def _count(of: Figures, outcome: Outcome) -> None:
    where = f"{outcome.style} {outcome.seed}"
    flagged = outcome.state == "failed"
    if outcome.defect is None:
        of.clean += 1
        of.alarms += flagged
        if flagged:
            of.false_alarms.append(f"{where}: {outcome.said}")
        return
    of.planted += 1
    of.caught += flagged
    if not flagged:
        of.misses.append(f"{outcome.defect} on {where}: {outcome.state}")
    elif outcome.iou is not None:
        of.overlaps.append(outcome.iou)
        of.placed += bool(outcome.placed)


def wilson(hits: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share. Source: Wilson 1927, score interval."""
    if not count:
        return 0.0, 1.0
    share, z2 = hits / count, Z_95**2
    middle = share + z2 / (2 * count)
    spread = Z_95 * math.sqrt(share * (1 - share) / count + z2 / (4 * count * count))
    scale = 1 + z2 / count
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


HEAD = (
    "check",
    "recall",
    "95 %",
    "n",
    "alarms /100",
    "95 %",
    "n",
    "precision",
    "placed",
    "IoU",
    "stable",
)


def table(by_check: dict[str, Figures]) -> list[tuple[str, ...]]:
    """Rows of text under `HEAD`, the whole at the end."""
    rows = [_row(name, of) for name, of in sorted(by_check.items())]
    whole = Figures()
    for of in by_check.values():
        for number in ("caught", "planted", "alarms", "clean", "placed", "stable", "varied"):
            setattr(whole, number, getattr(whole, number) + getattr(of, number))
        whole.overlaps += of.overlaps
    return [*rows, _row("all", whole)]


def _row(name: str, of: Figures) -> tuple[str, ...]:
    return (
        name,
        _percent(of.recall),
        _interval(of.caught, of.planted, 100),
        str(of.planted),
        f"{100 * of.alarms / of.clean:.1f}" if of.clean else "–",
        _interval(of.alarms, of.clean, 100),
        str(of.clean),
        _percent(of.precision),
        _percent(of.placed / len(of.overlaps) if of.overlaps else None),
        "–" if of.typical_overlap is None else f"{of.typical_overlap:.2f}",
        _percent(of.stable / of.varied if of.varied else None),
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _interval(hits: int, count: int, scale: float) -> str:
    if not count:
        return "–"
    low, high = wilson(hits, count)
    return f"{scale * low:.1f}–{scale * high:.1f}"


def in_columns(rows: Sequence[tuple[str, ...]]) -> str:
    lines = [HEAD, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
