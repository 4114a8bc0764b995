"""Where a finding is: model boxes to shares of the page."""

import math

import pytest

from libs.contracts.qc import Region
from services.qc.domain.boxes import from_shares, from_thousandths


def test_gemini_says_top_before_left() -> None:
    assert from_thousandths(100, 200, 400, 800) == Region(x=0.2, y=0.1, w=0.6, h=0.3)


def test_a_box_over_the_edge_is_cut_at_the_edge() -> None:
    assert from_thousandths(-50, -50, 1200, 500) == Region(x=0, y=0, w=0.5, h=1)
    assert from_shares(0.5, 0.5, 9, 9) == Region(x=0.5, y=0.5, w=0.5, h=0.5)


def test_the_whole_page_is_a_box() -> None:
    assert from_thousandths(0, 0, 1000, 1000) == Region(x=0, y=0, w=1, h=1)


@pytest.mark.parametrize(
    "sides",
    [
        (100, 200, 100, 800),
        (400, 200, 100, 800),
        (100, 800, 400, 200),
        (1000, 0, 1200, 500),
        (-300, 0, -100, 500),
        (math.nan, 0, 1, 1),
        (0, 0, math.inf, 1),
    ],
)
def test_an_empty_or_turned_box_is_no_region(sides: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="box"):
        from_thousandths(*sides)
