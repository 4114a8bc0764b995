"""How the bench counts: what it says of the checks must itself be right."""

import pytest

from tests.qcbench.metrics import Outcome, figures, wilson


def outcome(
    state: str, defect: str | None = None, variant: str = "as drawn", iou: float | None = None
) -> Outcome:
    return Outcome("spelling", 1, "flat", defect, variant, state, iou, iou is not None)


def test_a_planted_defect_is_caught_only_by_a_failed_check() -> None:
    found = figures([outcome("failed", "typo", iou=0.8), outcome("not_applicable", "typo")])

    assert found["spelling"].recall == 0.5
    assert found["spelling"].overlaps == [0.8]
    assert found["spelling"].misses == ["typo on flat 1: not_applicable"]


def test_an_alarm_on_a_clean_creative_costs_precision() -> None:
    found = figures([outcome("failed", "typo"), outcome("failed"), outcome("passed")])

    assert found["spelling"].precision == 0.5
    assert (found["spelling"].alarms, found["spelling"].clean) == (1, 2)


def test_a_variant_counts_for_stability_alone() -> None:
    found = figures(
        [outcome("passed"), outcome("passed", variant="1 px"), outcome("failed", variant="q85")]
    )

    assert (found["spelling"].stable, found["spelling"].varied) == (1, 2)
    assert found["spelling"].clean == 1 and found["spelling"].alarms == 0


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [(102, 105, 0.919, 0.990), (0, 12, 0.0, 0.242), (10, 10, 0.722, 1.0), (0, 0, 0.0, 1.0)],
)
def test_interval_of_a_share(hits: int, count: int, low: float, high: float) -> None:
    assert wilson(hits, count) == pytest.approx((low, high), abs=0.001)
