"""How long the queue is, and when there will be room in it again."""

from dataclasses import dataclass

SOONEST_S = 1
LATEST_S = 60


@dataclass(frozen=True, slots=True)
class Waiting:
    """`oldest_s` is how long the first of them has waited."""

    count: int
    oldest_s: float


def room_for(waiting: Waiting, most: int) -> int | None:
    """None when one more may wait, else the seconds after which a place should be free.

    The first has waited for about as many as wait now, so one gets its turn every
    `oldest_s / count` seconds (Little's law); never more than a minute, since it is a guess.
    """
    if waiting.count < most:
        return None
    each_s = waiting.oldest_s / max(waiting.count, 1)
    return int(min(max(each_s + 1, SOONEST_S), LATEST_S))
