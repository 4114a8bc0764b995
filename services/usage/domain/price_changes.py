"""Which prices a table states that we do not hold: what is worth proposing."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from hashlib import sha256

from libs.contracts.prices import Figures, midnight
from services.usage.domain.pricing import RateCard
from services.usage.domain.published import Published, bill_alike, figures_of

UNDATED_FROM = date(2020, 1, 1)
"""Since when a price counts for which a table names no day and of which we hold nothing."""
MOST_LOST = Fraction(1, 5)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Change:
    """A statement that costs calls other than we would price them from `effective_from` on."""

    published: Published
    effective_from: date
    held: tuple[Figures, ...]
    reason: str

    @property
    def fingerprint(self) -> bytes:
        """The same for the same statement, whenever it is read and whatever we hold by then."""
        stated = [
            *self.published.kind,
            str(self.published.since_on),
            [tier.model_dump(mode="json") for tier in self.published.tiers],
        ]
        return sha256(json.dumps(stated).encode()).digest()


def price_changes(
    card: RateCard,
    statements: Sequence[Published],
    today: date,
    explained: Collection[tuple[str, str, str, str]] = (),
) -> list[Change]:
    """What differs of all statements on one model, oldest first.

    `explained` are (provider, model, service tier, kind of figure) in which we mean to differ.
    """
    changes: list[Change] = []
    for service_tier in dict.fromkeys(row.service_tier for row in statements):
        rows = [row for row in statements if row.service_tier == service_tier]
        ends: list[date | None] = [row.since_on for row in rows[1:]]
        for row, end_on in zip(rows, [*ends, None], strict=True):
            ignored = {kind for *of, kind in explained if tuple(of) == row.kind}
            changes += _change(card, row, end_on, today, ignored)
    return changes


def _change(
    card: RateCard, row: Published, end_on: date | None, today: date, ignored: Collection[str]
) -> Iterator[Change]:
    is_over = end_on is not None and end_on <= today
    probed_on = row.since_on or (end_on - DAY if end_on and is_over else today)
    held = figures_of(card.version_in_force(*row.kind, midnight(probed_on)))
    if bill_alike(held, row.tiers, ignored):
        return
    if row.since_on is None and is_over and held:
        return  # its history before the first dated price is known to have gaps
    if row.since_on:
        yield Change(row, row.since_on, held, _reason(card, row, held, today))
    elif card.history(*row.kind):
        yield Change(row, today, held, _reason(card, row, held, today))
    else:
        yield Change(row, UNDATED_FROM, held, _reason(card, row, held, today))


def _reason(card: RateCard, row: Published, held: Sequence[Figures], today: date) -> str:
    if not any(kind[:2] == row.kind[:2] for kind in card.kinds):
        return "new model"
    if not held:
        return "no price for that time" if card.history(*row.kind) else "new service tier"
    return "announced change" if row.since_on and row.since_on > today else "other price"


def too_many_lost(held: Collection[str], known: Iterable[str]) -> list[str]:
    """The models that a table does not know any more, if they are more than a fifth of ours.

    Such a table is rather broken than right.
    """
    lost = sorted(set(held) - set(known))
    return lost if len(lost) > MOST_LOST * len(held) else []
