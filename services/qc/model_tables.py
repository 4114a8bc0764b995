"""Models and probes as tables for a terminal."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from rich.table import Table

from libs.contracts.models import ModelRow, Probed
from libs.contracts.prices import PriceRow, RetirementRow

SOON_DAYS = 90
STYLES = {"works": "green", "not working": "red", "shut down": "red", "no key": "dim"}


def model_table(
    rows: Iterable[ModelRow], prices: Iterable[PriceRow], ends: Iterable[RetirementRow] = ()
) -> Table:
    """Each model, how it fares, and what a million tokens of it cost."""
    of_model = standard_prices(prices)
    told = {(end.provider, end.model): end for end in ends}
    table = Table()
    for name in ("model", "state"):
        table.add_column(name, no_wrap=True)
    for name in ("context", "input", "output"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("shuts down", no_wrap=True)
    table.add_column("remarks")
    for row in rows:
        state = state_of(row)
        price = of_model.get((row.provider, row.model))
        table.add_row(
            f"{row.provider}/{row.model}" + (" *" if row.is_default else ""),
            f"[{STYLES.get(state, 'none')}]{state}[/]",
            f"{row.context_tokens:,}",
            f"{price.input_usd:f}" if price else "–",
            f"{price.output_usd:f}" if price else "–",
            _end(row),
            _plain("; ".join(remarks(row, told.get((row.provider, row.model))))),
        )
    table.caption = "* asked by default. USD per million tokens, standard tier."
    table.caption_justify = "left"
    return table


def state_of(row: ModelRow) -> str:
    if row.days_left is not None and row.days_left <= 0:
        return "shut down"
    if not row.configured:
        return "no key"
    if row.health is None:
        return "not asked yet"
    if row.health.not_working_since:
        return "not working"
    return "works" if row.health.worked_at else "not asked yet"


def remarks(row: ModelRow, end: RetirementRow | None = None) -> list[str]:
    """What a person should know of a model beyond its figures."""
    said = []
    health = row.health
    if health and health.not_working_since:
        since = f"{health.not_working_since:%Y-%m-%d %H:%M} UTC"
        again = _again(health.try_again_at)
        said.append(f"since {since}: {health.message.rstrip('.')}; {again}")
    if row.days_left is not None and row.days_left <= SOON_DAYS:
        heir = row.successor or "no successor is known"
        said.append(f"then {heir}" if row.days_left > 0 else f"now {heir}")
    if end and end.shutdown_on != row.shutdown_on:
        said.append(f"the price book says {end.shutdown_on or 'never'}")
    if not row.known:
        said.append("not written down: its facts are a guess")
    if row.changed_by:
        said.append(
            f"changed by {row.changed_by}" + (f": {row.change_note}" if row.change_note else "")
        )
    return said


def probe_table(probed: Iterable[Probed]) -> Table:
    table = Table()
    for name in ("model", "answered", "served as"):
        table.add_column(name, no_wrap=True)
    table.add_column("ms", justify="right", no_wrap=True)
    table.add_column("why not")
    for one in probed:
        table.add_row(
            _plain(one.model),
            "[green]yes[/]" if one.works else "[red]no[/]",
            _plain(one.model_served or "–"),
            f"{one.latency_ms:,}",
            _plain(one.message),
        )
    return table


def _end(row: ModelRow) -> str:
    if row.shutdown_on is None or row.days_left is None:
        return "–"
    if row.days_left <= 0:
        return f"[red]{row.shutdown_on}[/]"
    if row.days_left <= SOON_DAYS:
        days = "1 day" if row.days_left == 1 else f"{row.days_left} days"
        return f"[yellow]{row.shutdown_on}, {days}[/]"
    return str(row.shutdown_on)


def _again(at: datetime | None) -> str:
    if at is None or at <= datetime.now(UTC):
        return "tried again with the next question"
    return f"tried again after {at:%H:%M} UTC"


def standard_prices(prices: Iterable[PriceRow]) -> Mapping[tuple[str, str], PriceRow]:
    return {
        (price.provider, price.model): price
        for price in prices
        if price.service_tier == "standard" and price.above_input_tokens == 0
    }


def _plain(text: str) -> str:
    """Text of others, in which brackets are no markup."""
    return text.replace("[", "\\[")
