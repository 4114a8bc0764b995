"""What the calls of the last weeks say about models: without a price, at their end, replaced."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from libs.contracts.prices import Remark, RetirementRow, Severity
from services.usage.domain.price_check import SOON_DAYS
from services.usage.domain.pricing import RateCard
from services.usage.domain.published import Upstream

_DATED = re.compile(r"-(preview-)?(\d{4}-\d{2}-\d{2}|\d{8}|\d{2}-\d{4}|\d{2}-\d{2}|\d{3})")

Ends = Mapping[tuple[str, str], RetirementRow]


@dataclass(frozen=True, slots=True)
class ModelUse:
    """Calls that asked for one model and were answered by one, at one service tier."""

    provider: str
    model_requested: str
    model_served: str | None
    service_tier: str
    calls: int
    unpriced_calls: int
    last_used_at: datetime

    @property
    def model(self) -> str:
        """The one that is paid."""
        return self.model_served or self.model_requested


def is_dated_name(asked: str, served: str) -> bool:
    """Whether `served` is `asked` with the day or number of a release behind it."""
    return served.startswith(asked) and _DATED.fullmatch(served[len(asked) :]) is not None


def unpriced_uses(card: RateCard, uses: Iterable[ModelUse]) -> Iterator[Remark]:
    """Models without a price, and calls whose price came after them."""
    for use in uses:
        if not use.unpriced_calls:
            continue
        known = card.price_in_force(use.provider, use.model, use.service_tier, 1, use.last_used_at)
        message = (
            f"{use.unpriced_calls:,} calls have no cost though there is a price by now: "
            "`aiqc rerate` posts it"
            if known
            else f"{use.unpriced_calls:,} calls, the last on {use.last_used_at:%Y-%m-%d}, and no "
            "price: `aiqc prices sync` or `aiqc prices set` adds one"
        )
        yield _remark(
            "warning" if known else "error",
            "priced_later" if known else "unpriced",
            use.provider,
            use.model,
            message,
            use.service_tier,
        )


def replaced_models(card: RateCard, uses: Iterable[ModelUse]) -> Iterator[Remark]:
    """Calls that another model answered than the one that was asked for.

    A dated name of the same model is no other model, and what `…-latest` stands for is the
    vendor's to say.
    """
    calls: dict[tuple[str, str, str], int] = {}
    for use in uses:
        asked = card.model(use.provider, use.model_requested)
        served = card.model(use.provider, use.model)
        if asked == served or asked.endswith("-latest") or is_dated_name(asked, use.model):
            continue
        of = (use.provider, use.model_requested, use.model)
        calls[of] = calls.get(of, 0) + use.calls
    for (provider, asked, served), count in sorted(calls.items()):
        message = f"{count:,} calls were answered, and are paid, as {served}"
        yield _remark("warning", "served_other_model", provider, asked, message)


def ending_models(
    card: RateCard, ends: Ends, uses: Sequence[ModelUse], at: date
) -> Iterator[Remark]:
    """Models that end within 90 days, or have ended: an error when they are called all the same."""
    for (provider, model), end in sorted(ends.items()):
        if end.shutdown_on is None or (end.shutdown_on - at).days > SOON_DAYS:
            continue
        used = [use for use in uses if model in _models(card, provider, use)]
        late = [use for use in used if use.last_used_at.date() >= end.shutdown_on]
        calls = f"; {sum(use.calls for use in used):,} calls in the last 30 days" if used else ""
        to = f", {end.successor} takes over" if end.successor else ""
        day = f"{end.shutdown_on}{to}"
        if late:
            text = f"was shut down on {day} and is still called{calls}: choose another model"
            yield _remark("error", "used_after_shutdown", provider, model, text)
        elif end.shutdown_on <= at:
            yield _remark("note", "shut_down", provider, model, f"was shut down on {day}{calls}")
        else:
            days = (end.shutdown_on - at).days
            text = f"shuts down on {day}, in {days} days{calls}"
            yield _remark("warning", "shutdown_near", provider, model, text)


def _models(card: RateCard, provider: str, use: ModelUse) -> set[str]:
    if card.provider(use.provider) != provider:
        return set()
    return {card.model(provider, use.model_requested), card.model(provider, use.model)}


def disputed_ends(
    card: RateCard, ends: Ends, sources: Iterable[Upstream], at: date
) -> Iterator[Remark]:
    """Shutdowns of models with a price here that a source dates otherwise than we do."""
    held = {(provider, model) for provider, model, _ in card.kinds}
    for source in sources:
        stated: dict[tuple[str, str], date] = {}
        for (provider, name), day in sorted(source.shutdowns.items()):
            of = (provider, card.model(provider, name))
            if of in held and (of[1] == name or is_dated_name(of[1], name)):
                stated[of] = day if of[1] == name else max(day, stated.get(of, day))
        for (provider, model), day in sorted(stated.items()):
            end = ends.get((provider, model))
            ours = end.shutdown_on if end else None
            if ours != day and (day > at or (ours or date.min) > at):
                message = f"shutdown: ours {ours or 'none'}, {source.name} {day}"
                yield _remark("warning", "shutdown_differs", provider, model, message)


def _remark(
    severity: Severity, code: str, provider: str, model: str, message: str, service_tier: str = ""
) -> Remark:
    return Remark(
        severity=severity,
        code=code,
        provider=provider,
        model=model,
        service_tier=service_tier,
        message=message,
    )
