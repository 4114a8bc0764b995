"""Which frames stand for a moving picture."""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from statistics import median

KEY_FRAMES = 5
HELD_S = 0.5


def key_times(duration_s: float, count: int = KEY_FRAMES) -> list[float]:
    """The middles of equal parts: the first frame of a film is often black."""
    return [duration_s * (part + 0.5) / count for part in range(count)]


def key_frames(durations_s: Sequence[float], count: int = KEY_FRAMES) -> list[int]:
    """Indices of the frames to look at: those that are held, then some evenly over the time
    and over the others.

    A frame is held when it stands for half a second and twice as long as the usual one.
    """
    if len(durations_s) <= count:
        return list(range(len(durations_s)))
    least_s = max(HELD_S, 2 * median(durations_s))
    held = [frame for frame, length in enumerate(durations_s) if length >= least_s]
    chosen = sorted(held, key=lambda frame: -durations_s[frame])[:count]
    starts, last = list(accumulate(durations_s, initial=0.0)), len(durations_s) - 1
    by_time = [min(bisect_right(starts, at) - 1, last) for at in key_times(starts[-1], count)]
    by_number = [round(last * part / (count - 1)) for part in range(count)]
    for frame in (*by_time, *by_number):
        if len(chosen) < count and frame not in chosen:
            chosen.append(frame)
    return sorted(chosen)
