"""`aiqc campaign` at work: files go up, progress comes back, the matrix is shown."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.table import Table
from rich.text import Text

from libs.api.campaigns import CampaignsApi
from libs.contracts.campaigns import Campaign, Cell, FilesAdded, Matrix
from libs.problems import Conflict, Invalid, Problem, TooMany, UpstreamFailed
from services.qc.commands import COLOURS, decimals, number, plain, progress_bar, usd
from services.qc.creatives import find_creatives
from services.qc.domain.matrix_csv import COULD_NOT_RUN, orders_of, verdict_of
from services.qc.domain.report import calls_in_words

AT_A_TIME = 4
MOST_TRIES = 20
COST_WAIT_S = 5.0
EXIT_CODES = {"pass": 0, "fail": 1, "incomplete": 2}
NOT_RUN = 3
PIPED_WIDTH = 160
SHOWN = COLOURS | {COULD_NOT_RUN: "bold magenta", "cancelled": "dim", "waiting": "dim"}


@dataclass(frozen=True, slots=True)
class Sources:
    """What goes into a campaign: files with the names that they have there, and archives."""

    files: dict[str, Path] = field(default_factory=dict)
    archives: list[Path] = field(default_factory=list)
    skipped: list[Path] = field(default_factory=list)


def find_sources(paths: Sequence[Path]) -> Sources:
    """Files, folders with all below them, and ZIPs. Raises Invalid for what is not there."""
    archives = [path for path in paths if path.suffix.lower() == ".zip" and path.is_file()]
    others = [path for path in paths if path not in archives]
    if not others:
        return Sources(archives=archives)
    found = find_creatives(others)
    whole = [file.absolute() for file in found.files]
    shared = os.path.commonpath([file.parent for file in whole])
    named = {file.relative_to(shared).as_posix(): file for file in whole}
    return Sources(named, archives, found.skipped)


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A sentence for each file that was refused, and for what an archive has beside creatives."""

    refused: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


async def send(
    api: CampaignsApi, campaign_id: UUID, sources: Sources, console: Console
) -> NotTaken:
    """Send what the campaign does not have yet; return what it did not take.

    A file that is there under its name is not sent again, so what broke off goes on.
    """
    there = {file.name for file in await api.campaign_files(campaign_id)}
    missing = {name: file for name, file in sources.files.items() if name not in there}
    not_taken = NotTaken()
    places = asyncio.Semaphore(AT_A_TIME)
    with progress_bar(console) as bar:
        line = bar.add_task("sending", total=len(missing) + len(sources.archives))

        async def one(name: str, file: Path) -> None:
            async with places:
                try:
                    await _patiently(api, campaign_id, name, file)
                except (Conflict, UpstreamFailed):
                    raise
                except (Problem, OSError) as error:
                    why = error.detail if isinstance(error, Problem) else str(error.strerror)
                    not_taken.refused.append(f"{name}: {why}")
            bar.advance(line)

        for archive in sources.archives:
            bar.update(line, description=f"sending {plain(archive.name)}")
            added = await api.add_campaign_archive(campaign_id, archive)
            not_taken.left_out.extend(f"{out.name}: {out.why}" for out in added.left_out)
            bar.advance(line)
        async with asyncio.TaskGroup() as group:
            for name, file in missing.items():
                group.create_task(one(name, file))
    return not_taken


async def _patiently(api: CampaignsApi, campaign_id: UUID, name: str, file: Path) -> FilesAdded:
    for _ in range(MOST_TRIES - 1):
        try:
            return await api.add_campaign_file(campaign_id, file, name)
        except TooMany as busy:
            await asyncio.sleep(busy.retry_after_s or 1)
        except UpstreamFailed:
            await asyncio.sleep(1)
    return await api.add_campaign_file(campaign_id, file, name)


async def follow(api: CampaignsApi, campaign_id: UUID, console: Console) -> Campaign:
    """Show progress to the end; a broken stream is taken up again where it broke."""
    seq = failures = 0
    with progress_bar(console) as bar:
        line = bar.add_task("checking", total=None)
        while True:
            try:
                async for event in api.campaign_events(campaign_id, after=seq):
                    seq, failures = event.seq, 0
                    word = event.file or event.kind
                    bar.update(
                        line, description=plain(word), completed=event.done, total=event.total
                    )
                campaign = await api.campaign(campaign_id)
                if campaign.finished_at:
                    return await _with_cost(api, campaign)
            except UpstreamFailed:
                failures += 1
                if failures == MOST_TRIES:
                    raise
            await asyncio.sleep(0.5)


async def _with_cost(api: CampaignsApi, campaign: Campaign) -> Campaign:
    """The ledger may take a moment to tell what it cost."""
    deadline = asyncio.get_running_loop().time() + COST_WAIT_S
    while campaign.cost_usd is None and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.3)
        campaign = await api.campaign(campaign.campaign_id)
    return campaign


def exit_code(matrix: Matrix) -> int:
    """The worst cell's: 0 pass, 1 fail, 2 incomplete, 3 could not run."""
    codes = [
        EXIT_CODES.get(cell.verdict or "", NOT_RUN) for row in matrix.rows for cell in row.cells
    ]
    return max(codes, default=NOT_RUN)


def show_matrix(matrix: Matrix, console: Console) -> None:
    """A line for each file, two columns for each profile, and what it comes to."""
    campaign = matrix.campaign
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("file", overflow="fold")
    for profile in campaign.profiles:
        table.add_column(Text(f"{profile.profile_id} {profile.version}"), overflow="fold")
    notes = []
    for row in matrix.rows:
        table.add_row(Text(plain(row.file)), *map(_shown, row.cells))
        notes += [f"{row.file}: {orders_of(cell)}" for cell in row.cells if cell.suspected]
        notes += [f"{row.file}: {cell.reason}" for cell in row.cells if cell.reason]
    console.print(Text(f"\n{plain(campaign.name)}", "bold"))
    print_table(table, console)
    for note in dict.fromkeys(notes):
        console.print(Text(f"  {plain(note)}"), soft_wrap=True)
    console.print(Text(f"\n{in_words(campaign)}"), soft_wrap=True)


def print_table(table: Table, console: Console) -> None:
    """Wide where nobody sees its end, as in a pipe."""
    if not console.is_terminal:
        console.width = max(console.width, PIPED_WIDTH)  # `width` of a print only narrows
    console.print(table)


def _shown(cell: Cell) -> Text:
    verdict = verdict_of(cell)
    score = f" {number(cell.score)}" if cell.score is not None else ""
    failed = f"  {', '.join(cell.failed_checks)}" if cell.failed_checks else ""
    return Text.assemble((f"{verdict}{score}", SHOWN.get(verdict, "")), plain(failed))


def in_words(campaign: Campaign) -> str:
    """State, counts, cost and what became of the webhook, in one line."""
    counts = campaign.cells
    told = {
        "pass": counts.passed,
        "fail": counts.failing,
        "incomplete": counts.incomplete,
        COULD_NOT_RUN: counts.could_not_run,
        "cancelled": counts.cancelled,
        "running": counts.running,
        "waiting": counts.waiting,
    }
    words = ", ".join(f"{count} {word}" for word, count in told.items() if count)
    hook = campaign.webhook
    message = f"; webhook {hook.state.replace('_', ' ')}" if hook else ""
    error = f" ({plain(hook.error)})" if hook and hook.error else ""
    cost = usd(campaign.cost_usd, decimals(campaign.cost_usd))
    if campaign.unknown_calls:
        cost += f" and {calls_in_words(campaign.unknown_calls)} of unknown cost"
    return (
        f"{campaign.state}: {count_of(campaign.files, 'file')} × "
        f"{count_of(len(campaign.profiles), 'profile')}"
        f"{': ' if words else ''}{words}; cost {cost}{message}{error}"
    )


def count_of(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


async def meant(api: CampaignsApi, wanted: str) -> Campaign:
    """The campaign of that id, or the newest of that name."""
    try:
        return await api.campaign(UUID(wanted))
    except ValueError:
        pass
    for campaign in await api.campaigns(limit=200):
        if campaign.name.casefold() == wanted.casefold():
            return campaign
    raise Invalid("unknown_campaign", f"There is no campaign {wanted!r}: see `aiqc campaign list`.")
