"""Comparing our prices with what others state, figure by figure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from libs.contracts.prices import Figures, PriceRow, Remark, Severity, ValidatedPrice
from services.usage.domain.price_changes import price_changes
from services.usage.domain.pricing import RateCard
from services.usage.domain.published import KINDS, Upstream, billed, figures_of, tier_of

OURS = "ours"
STALE_AFTER_DAYS = 30
SOON_DAYS = 90


@dataclass(frozen=True, slots=True)
class Explained:
    """Where a source, named by the beginning of its name, is known to differ, and why."""

    source: str
    provider: str
    model: str
    service_tier: str
    field: str
    why: str


@dataclass(frozen=True, slots=True)
class _Figure:
    """What each source that knows one figure of ours has for it."""

    above_input_tokens: int
    field: str
    ours: Decimal
    theirs: Mapping[str, Decimal]

    @property
    def differing(self) -> list[str]:
        return [source for source, usd in self.theirs.items() if usd != self.ours]


def compare_prices(
    versions: Iterable[Sequence[PriceRow]],
    sources: Sequence[Upstream],
    at: date,
    explained: Collection[Explained] = (),
) -> tuple[list[ValidatedPrice], list[Remark]]:
    """Every price with who agrees to it, and a remark for each figure that is disputed.

    `versions` are the prices in force on the day `at`, those of one model and service tier
    together. A figure that a source contradicts and none confirms is an error; where
    sources contradict each other and one confirms ours, it is a warning; where all that
    contradict it are explained, a note.
    """
    prices: list[ValidatedPrice] = []
    remarks: list[Remark] = []
    for version in versions:
        figures = list(_figures(version, sources, at))
        prices += [_validated(row, figures, at) for row in version]
        remarks += [_disputed(version[0], one, explained) for one in figures if one.differing]
    return prices, remarks


def _figures(
    version: Sequence[PriceRow], sources: Sequence[Upstream], at: date
) -> Iterator[_Figure]:
    first = version[0]
    ours = [_as_figures(row) for row in version]
    stated = [
        (source, row.tiers)
        for source in sources
        if (row := source.at(first.provider, first.model, first.service_tier, at))
    ]
    limits = {tier.above_input_tokens for _, tiers in [(None, ours), *stated] for tier in tiers}
    for limit in sorted(limits):
        own = tier_of(ours, limit)
        billed_ours = billed(own)
        for kind in KINDS:
            as_input = getattr(own, kind) is None
            theirs = {
                source.name: usd
                for source, tiers in stated
                if (usd := _stated(source, tiers, limit, kind, as_input)) is not None
            }
            yield _Figure(limit, kind, billed_ours[kind], theirs)


def _stated(
    source: Upstream, tiers: Sequence[Figures], limit: int, kind: str, ours_is_input: bool
) -> Decimal | None:
    """What a source has for a figure; nothing of its own where both bill the kind as input."""
    if source.complete:
        tier = tier_of(tiers, limit)
        billed_as_input = ours_is_input and getattr(tier, kind) is None
        return None if billed_as_input else billed(tier)[kind]
    known = {tier.above_input_tokens: tier for tier in tiers}
    usd: Decimal | None = getattr(known[limit], kind) if limit in known else None
    return usd


def _as_figures(row: PriceRow) -> Figures:
    return Figures.model_validate({name: getattr(row, name) for name in Figures.model_fields})


def _validated(row: PriceRow, figures: Sequence[_Figure], at: date) -> ValidatedPrice:
    own = [one for one in figures if one.above_input_tokens == row.above_input_tokens]
    sources = dict.fromkeys(source for one in own for source in one.theirs)
    agrees = {
        source: all(one.theirs.get(source, one.ours) == one.ours for one in own)
        for source in sources
    }
    age_days = (at - row.checked_on).days
    return ValidatedPrice(**row.model_dump(), age_days=age_days, agrees=agrees)


def _disputed(row: PriceRow, one: _Figure, explained: Collection[Explained]) -> Remark:
    reasons = {
        source: known.why
        for known in explained
        for source in one.differing
        if source.startswith(known.source)
        and (known.provider, known.model, known.service_tier, known.field)
        == (row.provider, row.model, row.service_tier, one.field)
    }
    confirmed = len(one.differing) < len(one.theirs)
    severity: Severity = "warning" if confirmed else "error"
    if len(reasons) == len(one.differing):
        severity = "note"
    where = f" above {one.above_input_tokens:,} tokens" if one.above_input_tokens else ""
    others = ", ".join(f"{source} {_usd(usd)}" for source, usd in one.theirs.items())
    why = "".join(f" ({why})" for why in dict.fromkeys(reasons.values()))
    name = one.field.removesuffix("_usd").replace("_", " ")
    return Remark(
        severity=severity,
        code="sources_disagree" if confirmed else "price_differs",
        provider=row.provider,
        model=row.model,
        service_tier=row.service_tier,
        above_input_tokens=one.above_input_tokens,
        field=one.field,
        figures={OURS: _plain(one.ours)} | {s: _plain(usd) for s, usd in one.theirs.items()},
        message=f"{name}{where}: ours {_usd(one.ours)}, {others} per million tokens{why}",
    )


def stale_prices(prices: Iterable[ValidatedPrice]) -> Iterator[Remark]:
    """A remark for all prices that were last checked on one day, more than 30 days before."""
    stale: dict[tuple[str, date, int], list[str]] = {}
    for row in prices:
        if row.age_days > STALE_AFTER_DAYS:
            of = (row.provider, row.checked_on, row.age_days)
            stale.setdefault(of, []).append(row.model)
    for (provider, checked_on, age_days), models in sorted(stale.items()):
        names = list(dict.fromkeys(models))
        yield Remark(
            severity="warning",
            code="stale",
            provider=provider,
            model=names[0] if len(names) == 1 else "",
            message=f"{len(models)} prices were last checked on {checked_on}, {age_days} days "
            f"ago: {', '.join(names)}",
        )


def coming_changes(card: RateCard, sources: Iterable[Upstream], at: date) -> Iterator[Remark]:
    """Changes that we hold for the next 90 days, and those that a source has and we have not."""
    for kind in card.kinds:
        provider, model, service_tier = kind
        for price in card.history(*kind):
            begins_on = price.effective_from.date()
            if 0 < (begins_on - at).days <= SOON_DAYS and price.above_input_tokens == 0:
                figures = figures_of([price])[0]
                yield Remark(
                    severity="note",
                    code="announced",
                    provider=provider,
                    model=model,
                    service_tier=service_tier,
                    message=f"from {begins_on}: input {_usd(figures.input_usd)}, output "
                    f"{_usd(figures.output_usd)} per million tokens",
                )
    for source in sources:
        for (provider, model), rows in source.published.items():
            held = [row for row in rows if row.kind in card.kinds and row.model == model]
            for change in price_changes(card, held, at):
                if change.effective_from > at:
                    yield Remark(
                        severity="warning",
                        code="change_not_held",
                        provider=provider,
                        model=model,
                        service_tier=change.published.service_tier,
                        message=f"{source.name} states another price from "
                        f"{change.effective_from}: `aiqc prices sync` proposes it",
                    )


def _plain(usd: Decimal) -> str:
    return format(usd.normalize(), "f")


def _usd(usd: Decimal) -> str:
    return f"${_plain(usd)}"
