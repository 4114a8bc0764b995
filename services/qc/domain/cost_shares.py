"""What each check of a grouped call cost: parts that make the whole, to the last digit."""

from collections.abc import Iterable, Sequence
from decimal import Decimal, localcontext
from fractions import Fraction

PLACES = 18
_DIGITS = 80
"""Enough for every cost that the ledger takes: no sum here is ever rounded."""


def shares(cost_usd: Decimal, check_ids: Sequence[str]) -> dict[str, Decimal]:
    """`cost_usd` by check: the n-th part cut to 18 places, and the first check the rest with it.

    The ledger splits in the same way, so that its report by check and a result say the same.
    """
    if not check_ids:
        return {}
    count = len(check_ids)
    with localcontext(prec=_DIGITS):
        part = Decimal(int(Fraction(cost_usd) * 10**PLACES / count)).scaleb(-PLACES)
        parts = dict.fromkeys(check_ids[1:], part)
        return {check_ids[0]: cost_usd - part * (count - 1), **parts}


def exact_sum(costs: Iterable[Decimal | None]) -> Decimal | None:
    """Their sum, unrounded; None when one of them is not known."""
    known = list(costs)
    with localcontext(prec=_DIGITS):
        total = Decimal(0)
        for cost in known:
            if cost is None:
                return None
            total += cost
        return total
