"""How far a reader of the change feed may go."""

from hypothesis import given
from hypothesis import strategies as st

from services.profiles.domain.horizon import Horizon


def test_horizon_is_the_newest_number_when_no_transaction_runs() -> None:
    horizon = Horizon()

    horizon.observe(newest=8, oldest_running=100, next_id=100)

    assert horizon.settled == 8


def test_horizon_waits_for_those_that_ran_when_the_number_was_seen() -> None:
    horizon = Horizon()

    horizon.observe(newest=8, oldest_running=97, next_id=100)
    horizon.observe(newest=9, oldest_running=99, next_id=105)
    waiting = horizon.settled
    horizon.observe(newest=12, oldest_running=100, next_id=110)

    assert (waiting, horizon.settled) == (None, 8)


def test_horizon_moves_on_though_something_always_runs() -> None:
    horizon = Horizon()

    for number in range(50):
        horizon.observe(newest=number, oldest_running=number, next_id=number + 2)

    assert horizon.settled is not None and horizon.settled > 40


@given(
    st.lists(st.sampled_from(["begin", "draw", "commit", "abort", "look"]), max_size=120), st.data()
)
def test_nothing_below_the_horizon_appears_later(steps: list[str], data: st.DataObject) -> None:
    """Transactions that draw numbers, and commit or not, in every order."""
    horizon, next_id, next_seq = Horizon(), 1, 1
    running: dict[int, list[int]] = {}
    seen: set[int] = set()
    for step in steps:
        if step == "begin":
            running[next_id] = []
            next_id += 1
        elif step == "look":
            newest = max(seen, default=0)
            horizon.observe(newest, min(running, default=next_id), next_id)
        elif running:
            chosen = data.draw(st.sampled_from(sorted(running)))
            if step == "draw":
                running[chosen].append(next_seq)
                next_seq += 1
            else:
                drawn = running.pop(chosen)
                if step == "commit":
                    assert all(seq > (horizon.settled or 0) for seq in drawn)
                    seen.update(drawn)
