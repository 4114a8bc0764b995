"""Which texts hold for this creative, and the words to look for them in."""

from collections.abc import Sequence

from libs.contracts.brand import Copy, Market
from services.qc.checks.reading import Token, streams
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page

LEAST_CONFIDENCE = 0.6


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


def text_streams(subject: Subject, page: Page) -> list[list[Token]]:
    """The page's words, also those in the logo: a duty may stand anywhere."""
    lines = [line for line in subject.lines(page) if line.confidence >= LEAST_CONFIDENCE]
    return streams(lines)
