"""Prices, proposals and validations as text for a terminal."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby

from rich.table import Table

from libs.contracts.prices import (
    Figures,
    PriceRow,
    PriceSet,
    Proposal,
    Remark,
    RetirementRow,
    Synced,
    ValidatedPrice,
    Validation,
)
from services.usage.domain.shown import plain

HEADINGS = {"error": "ERRORS", "warning": "WARNINGS", "note": "NOTES"}
NOTE_WIDTH = 24
RULE = "=" * 100
THIN = "-" * 100


def price_table(rows: Iterable[PriceRow], history: bool = False) -> Table:
    table = Table(title="USD per million tokens", title_justify="left")
    for name in ("provider", "model", "tier"):
        is_note = history and name == "model"
        table.add_column(name, no_wrap=not is_note, min_width=NOTE_WIDTH if is_note else None)
    for name in ("above", "input", "cached", "write", "output"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("from", "checked", "added by"):
        table.add_column(name, no_wrap=True)
    for row in rows:
        since = f"{row.effective_from}" + (f" r{row.revision}" if row.revision > 1 else "")
        table.add_row(
            plain(row.provider),
            plain(row.model),
            row.service_tier,
            f"{row.above_input_tokens:,}" if row.above_input_tokens else "",
            *_figures(row),
            since,
            str(row.checked_on),
            row.added_by,
        )
        if history and row.note:
            table.add_row("", f"  {plain(row.note)}", style="dim")
    return table


def proposal_table(proposals: Iterable[Proposal]) -> Table:
    table = Table(title="USD per million tokens: input / cached / write / output")
    for name in ("id", "model", "tier", "from", "proposed", "held", "why"):
        table.add_column(name, no_wrap=name in ("id", "tier", "from"))
    for one in proposals:
        table.add_row(
            str(one.proposal_id),
            plain(f"{one.provider} {one.model}"),
            one.service_tier,
            str(one.effective_from),
            _tiers(one.prices),
            _tiers(one.held) or "–",
            one.reason,
        )
    return table


def retirement_table(rows: Iterable[RetirementRow]) -> Table:
    table = Table()
    for name in ("provider", "model", "shuts down", "successor", "checked", "source", "note"):
        table.add_column(name, no_wrap=name in ("provider", "model", "shuts down", "checked"))
    for row in rows:
        day = str(row.shutdown_on) if row.shutdown_on else "not planned"
        table.add_row(
            row.provider,
            row.model,
            day,
            row.successor or "–",
            str(row.checked_on),
            row.source_url,
            row.note,
        )
    return table


def set_text(model: str, done: PriceSet, today: date) -> str:
    """What `prices set` changed, and what it did not."""
    if not done.added:
        return f"{model} has this price already; it is noted as checked on {today}.\n"
    first = done.added[0]
    before = {row.above_input_tokens: row for row in done.replaced}
    lines = [
        f"{first.provider} {first.model}, {first.service_tier}, from {first.effective_from} on"
        + (f" (revision {first.revision})" if first.revision > 1 else "")
        + ", USD per million tokens:"
    ]
    for row in done.added:
        old = before.pop(row.above_input_tokens, None)
        size = f"above {row.above_input_tokens:,} tokens: " if row.above_input_tokens else ""
        lines.append(f"  {size}{_named(row)}" + (f"   (was {_named(old)})" if old else "   (new)"))
    lines += [f"  above {limit:,} tokens: dropped" for limit in sorted(before)]
    if first.effective_from <= today:
        lines.append(
            "Entries that are recorded already keep their cost: `aiqc rerate` corrects them."
        )
    return "\n".join(lines) + "\n"


def sync_text(done: Synced) -> str:
    counts = [
        f"{done.source}: {done.compared} models compared, {len(done.proposed)} new proposals"
        + (f", {done.superseded} older ones closed" if done.superseded else "")
        + (f", {len(done.skipped)} models not comparable" if done.skipped else "")
        + "."
    ]
    if done.proposed:
        counts.append(
            "No price has changed yet: `aiqc prices proposals` lists them, `aiqc prices accept` "
            "and `aiqc prices reject` decide."
        )
    return "\n".join(counts) + "\n"


def validation_text(found: Validation) -> str:
    return "\n".join(_validation_lines(found)) + "\n"


def _validation_lines(found: Validation) -> Iterator[str]:
    yield RULE
    yield f"PRICES IN FORCE ON {found.at}, USD per million tokens"
    yield f"Compared with: {', '.join(found.sources)}"
    yield "agree: for each of these + its figures are ours, ! one differs, . it has none"
    yield RULE
    for (provider, source), rows in groupby(
        sorted(found.prices, key=lambda row: (row.provider, row.source_url)),
        key=lambda row: (row.provider, row.source_url),
    ):
        yield ""
        yield f"{provider}: {source}"
        yield THIN
        yield (
            f"{'model':<24} {'tier':<9}{'above':>7}{'input':>9}{'cached':>9}{'write':>9}"
            f"{'output':>8}  {'from':<10} {'age':>4}  agree"
        )
        yield from (_price_line(row, found.sources) for row in rows)
    for severity, heading in HEADINGS.items():
        remarks = [remark for remark in found.remarks if remark.severity == severity]
        if remarks:
            yield ""
            yield f"{heading} ({len(remarks)})"
            yield THIN
            yield from map(_remark_line, remarks)
    yield ""
    yield f"{found.errors} errors, {found.warnings} warnings"


def _price_line(row: ValidatedPrice, sources: Sequence[str]) -> str:
    above = f"{row.above_input_tokens:,}" if row.above_input_tokens else ""
    input_usd, cached, write, output = _figures(row)
    agree = "".join({True: "+", False: "!", None: "."}[row.agrees.get(name)] for name in sources)
    return (
        f"{row.model:<24} {row.service_tier:<9}{above:>7}{input_usd:>9}{cached:>9}{write:>9}"
        f"{output:>8}  {row.effective_from} {row.age_days:>3}d  {agree}"
    )


def _remark_line(remark: Remark) -> str:
    what = " ".join(filter(None, (remark.provider, remark.model, remark.service_tier)))
    return plain(f"{what}: {remark.message} [{remark.code}]")


def _figures(row: PriceRow | Figures) -> list[str]:
    return [
        _usd(usd)
        for usd in (row.input_usd, row.cached_input_usd, row.cache_write_usd, row.output_usd)
    ]


def _named(row: PriceRow) -> str:
    names = ("input", "cached", "write", "output")
    pairs = zip(names, _figures(row), strict=True)
    return ", ".join(f"{name} {usd}" for name, usd in pairs if usd != "–")


def _tiers(tiers: Iterable[Figures]) -> str:
    return "\n".join(
        " / ".join(_figures(tier))
        + (f" above {tier.above_input_tokens:,}" if tier.above_input_tokens else "")
        for tier in tiers
    )


def _usd(usd: Decimal | None) -> str:
    return "–" if usd is None else format(usd.normalize(), "f")
