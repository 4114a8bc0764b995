"""When there is room in the queue again."""

import pytest

from services.qc.domain.room import Waiting, room_for


def test_below_the_limit_there_is_room() -> None:
    assert room_for(Waiting(4, 100.0), 5) is None


@pytest.mark.parametrize(
    ("count", "oldest_s", "retry_after_s"),
    [(5, 0.0, 1), (5, 50.0, 11), (500, 50.0, 1), (5, 1e9, 60), (5, -3.0, 1)],
)
def test_full_queue_says_when_the_next_should_be_taken(
    count: int, oldest_s: float, retry_after_s: int
) -> None:
    assert room_for(Waiting(count, oldest_s), 5) == retry_after_s
