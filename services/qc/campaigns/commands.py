"""`aiqc campaign …` as a person runs it; `services/cli.py` composes it."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from uuid import UUID

from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from libs.api.campaigns import CampaignsApi
from libs.contracts.campaigns import Campaign, CampaignOrder
from libs.problems import Invalid
from services.qc.campaigns import following
from services.qc.campaigns.estimate_table import show_estimate
from services.qc.campaigns.following import Sources, find_sources, in_words, meant
from services.qc.check_commands import FLAGS, AsUser
from services.qc.commands import plain
from services.qc.creatives import skipped_in_words

SignIn = Callable[[str], AbstractAsyncContextManager[CampaignsApi]]
FORMS = ("csv", "xlsx", "json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Flags of `aiqc campaign run`.

    Parameters
    ----------
    name
        What people call the campaign; the time when not given.
    placement
        A placement of the client's active media plan, for all files.
    market
        A country code like de, where the creatives run.
    can_wait
        Let others go first, and ask providers for their cheaper, slower tier.
    webhook
        The address that is told of the end.
    estimate
        Only tell what it would cost; nothing is run, and no campaign is made.
    detach
        Do not wait for the end; `aiqc campaign show` tells of it.
    output
        Also write the matrix into this file: .csv, .xlsx or .json.
    json
        The matrix, or the estimate, as JSON.
    """

    name: str = ""
    placement: str = ""
    market: str = ""
    can_wait: bool = False
    webhook: str = ""
    estimate: bool = False
    detach: bool = False
    output: Path | None = None
    json: bool = False


class CampaignCommands:
    """Each method is a command: its parameters are the flags, its docstring the help."""

    def __init__(self, sign_in: SignIn, screen: Console, notes: Console) -> None:
        self._sign_in = sign_in
        self._screen = screen
        self._notes = notes

    async def run(
        self,
        paths: list[Path],
        /,
        *,
        client: str,
        profile: Annotated[list[str], Parameter(negative=())],
        wanted: Annotated[Wanted, FLAGS] = Wanted(),
        as_user: AsUser = "admin",
    ) -> int:
        """Check many creatives against one or several profiles: files, folders, ZIPs.

        What breaks off is taken up by `aiqc campaign resume`. Exit code, the worst of all cells:
        0 pass, 1 fail, 2 incomplete, 3 could not run.

        Parameters
        ----------
        profile
            What they are checked for; may be given several times.
        """
        _refuse_output(wanted.output)
        sources = find_sources(paths)
        order = _order(client, profile, wanted)
        self._note(skipped_in_words(sources.skipped))
        async with self._sign_in(as_user) as api:
            if wanted.estimate:
                return await self._estimate(api, order, sources, wanted.json)
            campaign = await api.make_campaign(order)
            self._note(f"campaign {campaign.campaign_id} “{plain(campaign.name)}”")
            code = await self._fill(api, campaign, sources)
            if wanted.detach:
                return max(code, self._left(campaign))
            end = await self._to_the_end(api, campaign.campaign_id, wanted.output, wanted.json)
        return max(code, end)

    async def resume(
        self,
        campaign: str,
        paths: list[Path] | None = None,
        /,
        *,
        output: Path | None = None,
        json: bool = False,
        as_user: AsUser = "admin",
    ) -> int:
        """Send what a campaign lacks, start it, follow it to its end; by its id or name."""
        _refuse_output(output)
        sources = find_sources(paths) if paths else Sources()
        async with self._sign_in(as_user) as api:
            found = await meant(api, campaign)
            code = await self._fill(api, found, sources) if found.state == "open" else 0
            return max(code, await self._to_the_end(api, found.campaign_id, output, json))

    async def show(
        self,
        campaign: str,
        /,
        *,
        output: Path | None = None,
        json: bool = False,
        as_user: AsUser = "admin",
    ) -> int:
        """Show the matrix of a campaign as it stands, by its id or name."""
        _refuse_output(output)
        async with self._sign_in(as_user) as api:
            found = await meant(api, campaign)
            return await self._tell(api, found.campaign_id, output, json)

    async def cancel(self, campaign: str, /, *, as_user: AsUser = "admin") -> int:
        """Start nothing more of a campaign, and end what runs of it; by its id or name."""
        async with self._sign_in(as_user) as api:
            found = await meant(api, campaign)
            print(in_words(await api.cancel_campaign(found.campaign_id)))
        return 0

    async def retry(
        self,
        campaign: str,
        /,
        *,
        detach: bool = False,
        output: Path | None = None,
        json: bool = False,
        as_user: AsUser = "admin",
    ) -> int:
        """Run again what failed, was cancelled or has a check with an error; by its id or name."""
        _refuse_output(output)
        async with self._sign_in(as_user) as api:
            found = await meant(api, campaign)
            retried = await api.retry_campaign(found.campaign_id)
            self._note(f"{retried} {'is' if retried == 1 else 'are'} run again")
            if detach:
                return self._left(found)
            return await self._to_the_end(api, found.campaign_id, output, json)

    async def list(self, *, client: str = "", json: bool = False, as_user: AsUser = "admin") -> int:
        """List campaigns, the newest first."""
        async with self._sign_in(as_user) as api:
            found = await api.campaigns(client)
        if json:
            print(f"[{','.join(one.model_dump_json() for one in found)}]")
        elif not found:
            print("There are no campaigns: `aiqc campaign run` makes one.")
        else:
            following.print_table(_table(found), self._screen)
        return 0

    async def _estimate(
        self, api: CampaignsApi, order: CampaignOrder, sources: Sources, json: bool
    ) -> int:
        archives = [(archive.name, archive) for archive in sources.archives]
        found = await api.estimate_campaign(order, [*sources.files.items(), *archives])
        if json:
            print(found.model_dump_json(indent=2))
        else:
            show_estimate(found, self._screen)
        return following.NOT_RUN if found.unreadable else 0

    async def _fill(self, api: CampaignsApi, campaign: Campaign, sources: Sources) -> int:
        """Send and start; 3 when a file was refused, else 0."""
        not_taken = await following.send(api, campaign.campaign_id, sources, self._notes)
        for sentence in (*not_taken.left_out, *sorted(not_taken.refused)):
            self._note(f"not taken: {plain(sentence)}")
        await api.start_campaign(campaign.campaign_id)
        return following.NOT_RUN if not_taken.refused else 0

    async def _to_the_end(
        self, api: CampaignsApi, campaign_id: UUID, output: Path | None, json: bool
    ) -> int:
        await following.follow(api, campaign_id, self._notes)
        return await self._tell(api, campaign_id, output, json)

    async def _tell(
        self, api: CampaignsApi, campaign_id: UUID, output: Path | None, json: bool
    ) -> int:
        matrix = await api.campaign_matrix(campaign_id)
        if output:
            form = output.suffix.lower().removeprefix(".")
            content = await api.campaign_table(campaign_id, form)
            await asyncio.to_thread(output.write_bytes, content)
            self._note(f"Wrote {output}.")
        if json:
            print(matrix.model_dump_json(indent=2))
        else:
            following.show_matrix(matrix, self._screen)
        return following.exit_code(matrix)

    def _left(self, campaign: Campaign) -> int:
        print(f"{campaign.campaign_id} runs: `aiqc campaign show {campaign.campaign_id}`")
        return 0

    def _note(self, sentence: str) -> None:
        if sentence:
            self._notes.print(sentence, markup=False, highlight=False, soft_wrap=True)


def campaign_app(sign_in: SignIn, screen: Console, notes: Console) -> App:
    """The group of commands."""
    made = CampaignCommands(sign_in, screen, notes)
    app = App(name="campaign", help="Many creatives against profiles: run, follow, retry, export.")
    for command in (made.run, made.resume, made.show, made.list, made.cancel, made.retry):
        app.command(command)
    return app


def _order(client: str, profiles: list[str], wanted: Wanted) -> CampaignOrder:
    return CampaignOrder(
        client=client,
        profiles=[name for names in profiles for name in names.split(",") if name],
        name=wanted.name,
        placement=wanted.placement,
        market=wanted.market,
        can_wait=wanted.can_wait,
        webhook=wanted.webhook or None,
    )


def _refuse_output(path: Path | None) -> None:
    """Before anything is run."""
    if path and path.suffix.lower().removeprefix(".") not in FORMS:
        raise Invalid("bad_output", f"{path} must end in .csv, .xlsx or .json.")
    if path and (path.is_dir() or not path.absolute().parent.is_dir()):
        raise Invalid("bad_output", f"There is no folder {path.absolute().parent} for a file.")


def _table(found: list[Campaign]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("campaign", "name", "client", "made", "what came of it"):
        table.add_column(title, overflow="fold", no_wrap=title == "campaign")
    for one in found:
        made = f"{one.created_at:%Y-%m-%d %H:%M}"
        words = (str(one.campaign_id), one.name, one.client_id, made, in_words(one))
        table.add_row(*(Text(plain(word)) for word in words))
    return table
