"""`aiqc ledger`, `rerate`, `archive` and `forget`; `services/cli.py` composes them."""

import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import JustifyMethod
from rich.table import Table

from libs.api.ledger import LedgerApi
from libs.contracts.ledger import (
    ArchiveRequest,
    ErasePerson,
    LedgerProof,
    LedgerQuery,
    Rerated,
    RerateRequest,
    RestoreRequest,
)
from libs.problems import Invalid
from services.usage.domain.period import read_day
from services.usage.domain.shown import named
from services.usage.terminal import body_of, show, write

Connect = Callable[[], AbstractAsyncContextManager[LedgerApi]]
FAULTY = 1
_DAYS = re.compile(r"(\d{1,5})d?")
_MONTH = re.compile(r"[12][0-9]{3}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class RerateOptions:
    """Flags of `aiqc rerate`.

    Parameters
    ----------
    from_
        First day, YYYY-MM-DD in UTC, whose calls are priced again.
    to
        Last day, included; all later days if not given.
    reason
        Why; it stands with the corrections for ever.
    client
        Only this brand client; may be given several times.
    provider
        Only this provider.
    model
        Only this model, as it was served.
    apply
        Post the corrections. Without it (or with --dry-run) they are only shown.
    """

    from_: Annotated[str, Parameter(name="--from")]
    reason: str
    to: str | None = None
    client: tuple[str, ...] = ()
    provider: str | None = None
    model: str | None = None
    apply: Annotated[bool, Parameter(negative="--dry-run")] = False
    json: bool = False


class LedgerCommands:
    """Each method is a command; its answer is the exit code."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def verify(
        self,
        *,
        rollups: bool = False,
        client: tuple[str, ...] = (),
        month: str | None = None,
        json: bool = False,
    ) -> int:
        """Read every entry and compare it with its chain. Exit code: 0 as written, 1 not.

        Parameters
        ----------
        rollups
            Sum all entries too, archived ones as well, and compare the roll-ups.
        client
            Only this brand client; may be given several times.
        month
            Only this month, YYYY-MM.
        json
            Print the proof as JSON, with the heads to be kept elsewhere.
        """
        month = month and _month(month)
        query = body_of(LedgerQuery, client=client, month=month, rollups=rollups)
        async with self._connect() as api:
            proof = await api.proof(query)
        show(proof, _heads(proof), json)
        if not json:
            write(_verdict(proof, rollups))
        return FAULTY if proof.chain_faults or proof.rollup_faults else 0

    async def rerate(self, options: Annotated[RerateOptions, Parameter(name="*")]) -> int:
        """Price past calls again by today's rate card; shows first, posts with --apply."""
        request = body_of(
            RerateRequest,
            first_on=_day(options.from_),
            last_on=_day(options.to) if options.to else None,
            client=options.client,
            provider=options.provider,
            model=options.model,
            reason=options.reason,
            apply=options.apply,
        )
        async with self._connect() as api:
            rerated = await api.rerate(request)
        if rerated.deltas or options.json:
            show(rerated, _deltas(rerated), options.json)
        if not options.json:
            write(_posted(rerated, options.apply))
        return 0

    async def archive(self, *, older_than: str | None = None, restore: str | None = None) -> int:
        """Move old months of the ledger into Parquet files, or bring one back.

        Parameters
        ----------
        older_than
            Archive months that ended more than this many days ago: 400d.
        restore
            Bring this month back: YYYY-MM.
        """
        if (older_than is None) == (restore is None):
            raise Invalid("bad_flags", "Give either --older-than 400d or --restore 2025-03.")
        async with self._connect() as api:
            if restore is not None:
                back = await api.restore(body_of(RestoreRequest, month=_month(restore)))
                write(f"{back.month:%Y-%m} is back: {back.entries:,} entries\n")
                return 0
            request = body_of(ArchiveRequest, older_than_days=_days(older_than or ""))
            moved = (await api.archive(request)).months
        for one in moved:
            write(f"{one.month:%Y-%m} archived: {one.entries:,} entries, {_usd(one.cost_usd)}\n")
        if not moved:
            write("No month is that old.\n")
        return 0

    async def forget(self, user: str, *, yes: bool = False) -> int:
        """Forget a person, known by user id or e-mail address; no total changes.

        Parameters
        ----------
        user
            The user id or the e-mail address.
        yes
            Needed, because the name cannot be had back.
        """
        if not yes:
            raise Invalid("not_sure", f"{user} cannot be had back: say --yes to forget them.")
        async with self._connect() as api:
            erased = await api.erase(body_of(ErasePerson, user=user))
        write(f"Forgotten. Reports now call them {', '.join(erased.pseudonyms)}.\n")
        return 0


def add_ledger_commands(app: App, connect: Connect) -> None:
    """Give `app` the commands of the ledger."""
    commands = LedgerCommands(connect)
    ledger = App(name="ledger", help="Prove that the ledger is as it was written.")
    ledger.command(commands.verify)
    app.command(ledger)
    for command in (commands.rerate, commands.archive, commands.forget):
        app.command(command)


def _day(text: str) -> str:
    try:
        return read_day(text).isoformat()
    except ValueError as error:
        raise Invalid("bad_period", str(error)) from error


def _days(text: str) -> int:
    found = _DAYS.fullmatch(text)
    if found is None:
        raise Invalid("bad_flags", f"{text!r} is no number of days: write 400d.")
    return int(found[1])


def _month(text: str) -> str:
    if _MONTH.fullmatch(text) is None:
        raise Invalid("bad_flags", f"{text!r} is no month: write YYYY-MM, such as 2025-03.")
    return text


def _heads(proof: LedgerProof) -> Table:
    table = Table(title="Chains: keep the last hashes where nobody can change them")
    for name in ("Month", "Client", "Blocks", "Last hash"):
        justify: JustifyMethod = "right" if name == "Blocks" else "left"
        table.add_column(name, justify=justify, no_wrap=name != "Client")
    for head in proof.heads:
        client = named(head.client_id)
        table.add_row(f"{head.month:%Y-%m}", client, f"{head.blocks:,}", head.sha256)
    return table


def _verdict(proof: LedgerProof, rollups: bool) -> str:
    lines = [
        f"{fault.month:%Y-%m} {named(fault.client_id)} block {fault.block_no}: {fault.fault}"
        for fault in proof.chain_faults
    ]
    lines += [
        f"{fault.day} {named(fault.client_id)}: {fault.rollup} is not the sum of its entries"
        for fault in proof.rollup_faults
    ]
    if lines:
        return "\n".join(["NOT as it was written:", *lines, ""])
    summed = f"; roll-ups are their sums ({proof.behind} days behind)" if rollups else ""
    gone = ", ".join(f"{month:%Y-%m}" for month in proof.archived_months)
    archived = f" Archived, and proven by their files when they are read: {gone}." if gone else ""
    return f"{proof.entries:,} entries are as they were written{summed}.{archived}\n"


def _usd(usd: Decimal, sign: str = "") -> str:
    """Every digit there is, and none more."""
    text = f"{usd.normalize():{sign},f}"
    return f"{text[0]}${text[1:]}" if text[0] in "+-" else f"${text}"


def _deltas(rerated: Rerated) -> Table:
    table = Table(title="What today's prices change")
    for name in ("Day", "Client", "Calls", "First price", "So far", "By today's prices", "Change"):
        justify: JustifyMethod = "left" if name in ("Day", "Client") else "right"
        table.add_column(name, justify=justify, no_wrap=name != "Client")
    for delta in rerated.deltas:
        table.add_row(
            delta.day.isoformat(),
            named(delta.client_id),
            f"{delta.calls:,}",
            f"{delta.settled:,}",
            _usd(delta.before_usd),
            _usd(delta.after_usd),
            _usd(delta.delta_usd, "+"),
        )
    return table


def _posted(rerated: Rerated, applied: bool) -> str:
    still = ""
    if rerated.unpriced:
        still = (
            f"Calls that have no price still: {rerated.unpriced:,}. `aiqc prices set` adds one.\n"
        )
    if not rerated.looked_at:
        return "There are no such calls in these days. Nothing to post.\n"
    if not rerated.calls:
        every = "Every other" if still else "Every"
        settled = rerated.looked_at > rerated.unpriced
        says = f"{every} call costs what today's prices say. " if settled else ""
        return f"{still}{says}Nothing to post.\n"
    change = f"{rerated.calls:,} calls, {_usd(rerated.delta_usd, '+')}"
    if applied:
        return f"{still}Posted as rerate {rerated.rerate_id}: {change}.\n"
    return f"{still}Nothing was posted: {change}. Say --apply to post the corrections.\n"
