"""Which texts of the client hold for this creative."""

from collections.abc import Sequence

from libs.contracts.brand import Copy, Market
from services.qc.checks.subject import Subject


def copy_for(market: Market | None, copy: Sequence[Copy]) -> tuple[list[str], list[str]]:
    """Texts that hold in `market`, and those that nobody can tell of: the market is not known."""
    held = [one.text for one in copy if not one.markets or _holds(market, one.markets)]
    unknown = [one.text for one in copy if one.markets and market is None]
    return held, unknown


def _holds(market: Market | None, markets: Sequence[Market]) -> bool:
    """What holds in a country holds in its parts."""
    return market is not None and any(
        market == one or market.startswith(f"{one}-") for one in markets
    )


def market_of(subject: Subject) -> Market | None:
    placement = subject.brief.placement
    return subject.brief.market or (placement.market if placement else None)
