"""What a campaign would cost, for people: the sum, a line for each file, what is not counted."""

from collections.abc import Iterator
from decimal import Decimal

from rich.console import Console
from rich.table import Table
from rich.text import Text

from libs.contracts.estimates import CampaignEstimate, EstimatedCell
from services.qc.campaigns.following import count_of, print_table
from services.qc.commands import plain, usd
from services.qc.domain.matrix_csv import COULD_NOT_RUN

PLACES = 6


def show_estimate(found: CampaignEstimate, console: Console) -> None:
    """Nothing in it steers a terminal: what others wrote is made printable."""
    console.print(Text(f"\n{_sum(found)}", "bold"), soft_wrap=True)
    if found.files:
        console.print()
        print_table(_table(found), console)
    console.print()
    for sentence in _remarks(found):
        console.print(Text(plain(sentence)), soft_wrap=True)


def _sum(found: CampaignEstimate) -> str:
    files, profiles = count_of(len(found.files), "file"), count_of(len(found.profiles), "profile")
    tier = " in the cheaper, slower tier" if found.can_wait else ""
    return f"about {_usd(found.cost_usd)}{tier} for {files} × {profiles}"


def _table(found: CampaignEstimate) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("file", overflow="fold")
    for profile in found.profiles:
        table.add_column(Text(f"{profile.profile_id} {profile.version}"), justify="right")
    several = len(found.profiles) > 1
    if several:
        table.add_column("together", justify="right")
    for file in found.files:
        together = [_usd(file.cost_usd)] if several else []
        table.add_row(Text(plain(file.file)), *map(_cell, file.cells), *together)
    if len(found.files) > 1:
        sums = [_usd(profile.cost_usd) for profile in found.profiles]
        together = [_usd(found.cost_usd)] if several else []
        table.add_row(Text("all", "bold"), *sums, *together)
    return table


def _cell(cell: EstimatedCell) -> str:
    return COULD_NOT_RUN if cell.code else _usd(cell.cost_usd)


def _remarks(found: CampaignEstimate) -> Iterator[str]:
    yield f"{count_of(found.asked, 'question')} to models, {found.answered} answered before"
    if not found.can_wait and found.waiting_usd != found.cost_usd:
        yield f"about {_usd(found.waiting_usd)} with --can-wait"
    for profile in found.profiles:
        calls = profile.learned_from
        how = f"as in the last {calls} calls of this client" if calls else "by rule of thumb"
        yield f"{profile.profile_id}: {profile.exact} exact checks cost nothing; tokens {how}"
        for check_id, why in profile.not_asked.items():
            yield f"  {check_id} is not asked: {why}"
    if found.unpriced:
        yield f"No price is known for {', '.join(found.unpriced)}."
    for file in found.files:
        for cell in file.cells:
            if cell.code:
                yield f"could not run: {file.file}, {cell.profile_id}: {cell.reason}"
    for one in found.unreadable:
        yield f"cannot be read: {one.file}: {one.reason}"
    for left in found.left_out:
        yield f"not taken: {left.name}: {left.why}"


def _usd(cost: Decimal | None) -> str:
    return usd(cost, PLACES)
