"""A call's cost is split so that nothing is lost and nothing is made up."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from services.qc.domain.cost_shares import exact_sum, shares

COSTS = st.decimals(0, 999_999, places=18, allow_nan=False, allow_infinity=False)
NAMES = st.lists(st.sampled_from([f"check_{n}" for n in range(8)]), min_size=1, unique=True)


@given(cost=COSTS, check_ids=NAMES)
def test_shares_make_the_whole_and_differ_by_less_than_a_digit_each(
    cost: Decimal, check_ids: list[str]
) -> None:
    parts = shares(cost, check_ids)

    assert exact_sum(parts.values()) == cost
    assert list(parts) == check_ids
    assert all(part >= 0 for part in parts.values())
    assert max(parts.values()) - min(parts.values()) < Decimal("1e-17")


def test_first_check_has_what_does_not_divide() -> None:
    assert shares(Decimal("0.01"), ["a", "b", "c"]) == {
        "a": Decimal("0.003333333333333334"),
        "b": Decimal("0.003333333333333333"),
        "c": Decimal("0.003333333333333333"),
    }


def test_one_unknown_cost_makes_the_sum_unknown() -> None:
    assert exact_sum([Decimal(1), None]) is None
    assert exact_sum([]) == 0
    assert shares(Decimal(1), []) == {}


def test_sum_of_long_costs_is_not_rounded() -> None:
    tiny = Decimal("0.000000000000000001")

    assert exact_sum([Decimal("999999.999999999999999999")] * 1000 + [tiny]) == Decimal(
        "999999999.999999999999999001"
    )
