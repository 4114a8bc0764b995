"""How long a creative may run: a check's own limits, else those of its placement."""

from collections.abc import Iterator

from libs.contracts.brand import Placement
from services.qc.domain.facts import Motion


def length_breaches(
    motion: Motion,
    shortest_s: float | None,
    longest_s: float | None,
    placement: Placement | None,
) -> Iterator[tuple[str, str, str, str]]:
    """Message, measured value, rule and fix; half a frame more or less is no breach."""
    if placement is not None:
        shortest_s = placement.min_duration_s if shortest_s is None else shortest_s
        longest_s = placement.max_duration_s if longest_s is None else longest_s
    slack_s, runs = 0.5 / motion.frame_rate, f"{motion.duration_s:.2f} s"
    if longest_s is not None and motion.duration_s > longest_s + slack_s:
        yield f"It runs {runs}.", runs, f"at most {longest_s:g} s", "Shorten it."
    if shortest_s is not None and motion.duration_s < shortest_s - slack_s:
        yield f"It runs {runs}.", runs, f"at least {shortest_s:g} s", "Extend it."
