"""`aiqc profiles search`, `uses`, `archive` and `restore`."""

import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table
from rich.text import Text

from libs.api.finding import FindingApi
from libs.contracts.finding import ProfileUsage, ProfileUse, ProfileUses
from libs.contracts.profiles import ProfileList, ProfileSummary
from libs.problems import Invalid
from services.profiles.domain.uses import State

Connect = Callable[[str], AbstractAsyncContextManager[FindingApi]]
AsUser = Annotated[str, Parameter(help="Who acts, of the people of the dev login.")]
PIPED_WIDTH = 160


def add_finding_commands(app: App, connect: Connect) -> None:
    """`connect` reaches the gateway as somebody."""
    commands = FindingCommands(connect)
    for command in (commands.search, commands.uses, commands.archive, commands.restore):
        app.command(command)


class FindingCommands:
    """Each method is a command: its parameters are the flags, its docstring the help."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def search(
        self,
        *words: str,
        client: str = "",
        check: str = "",
        model: str = "",
        asset: str = "",
        state: State = "active",
        json: bool = False,
        as_user: AsUser = "admin",
    ) -> int:
        """Find profiles by words of their names, prompts and checks; beginnings will do.

        Parameters
        ----------
        client
            Only what this client may use, in the version that it runs.
        check
            The id of a check, or what an exact check measures.
        model
            A model that a check asks, as openai/gpt-4o.
        asset
            The name of a reference asset that a check names.
        """
        sought = {"client": client, "check": check, "model": model, "asset": asset, "state": state}
        async with self._connect(as_user) as api:
            found = await api.find_profiles(q=" ".join(words), **sought)
        if json:
            print(ProfileList(profiles=found).model_dump_json(indent=2))
        elif not found:
            print("No profile has all of that.")
        else:
            _show(_profiles_table(found))
        return 0

    async def uses(
        self,
        profile: str = "",
        *,
        check: str = "",
        model: str = "",
        asset: str = "",
        json: bool = False,
        as_user: AsUser = "admin",
    ) -> int:
        """Tell which clients use a profile, or which profiles use a check, a model or an asset.

        Parameters
        ----------
        check
            The id of a check, or what an exact check measures.
        model
            A model that a check asks, as openai/gpt-4o.
        asset
            The name of a reference asset that a check names.
        """
        if bool(profile) == bool(check or model or asset):
            raise Invalid("bad_question", "Name a profile, or else --check, --model or --asset.")
        async with self._connect(as_user) as api:
            if profile:
                usage = await api.profile_usage(profile)
                print(usage.model_dump_json(indent=2)) if json else _show_usage(usage)
                return 0
            found = await api.profile_uses(check=check, model=model, asset=asset)
        if json:
            print(found.model_dump_json(indent=2))
        elif not found.uses and not found.brands:
            print("Nothing that is in use has it.")
            if model:
                print("Checks that name no model ask the default ones of the qc service.")
        else:
            _show_uses(found)
        return 0

    async def archive(self, profile: str, *, as_user: AsUser = "admin") -> int:
        """Take a profile out of use, with all its versions. Nothing is deleted."""
        async with self._connect(as_user) as api:
            archived = await api.archive_profile(profile)
        print(f"{archived.profile_id} {'is' if archived.changed else 'was already'} archived")
        return 0

    async def restore(self, profile: str, *, as_user: AsUser = "admin") -> int:
        """Take an archived profile into use again, as it was."""
        async with self._connect(as_user) as api:
            restored = await api.restore_profile(profile)
        print(f"{restored.profile_id} {'is in use again' if restored.changed else 'was in use'}")
        return 0


def _show_usage(usage: ProfileUsage) -> None:
    if usage.archived_at:
        print(f"{usage.profile_id} is archived since {usage.archived_at:%Y-%m-%d}.")
    table = _table("Client", "Runs", "Because")
    for client in usage.clients:
        why = "pinned" if client.binding == "pinned" else "it is the active version"
        table.add_row(client.client_id, client.profile_id, why)
    _show(table)
    for one in usage.dependants:
        _console().print(_plain(f"Keeps it from being archived: {one.what}"))


def _profiles_table(found: list[ProfileSummary]) -> Table:
    table = _table("Profile", "Name", "Checks", "Threshold", "Used by", "Changed by")
    for one in found:
        used_by = "all" if one.visibility == "all" else ", ".join(one.visible_to_clients)
        numbers = (str(one.check_count), f"{one.pass_threshold:g}")
        name = _plain(f"{one.name} (archived)" if one.archived_at else one.name)
        table.add_row(one.profile_id, name, *numbers, used_by, one.modified_by)
    return table


def _show_uses(found: ProfileUses) -> None:
    if found.uses:
        _show(_uses_table(found.uses))
    if found.brands:
        print(f"Brand data of {', '.join(found.brands)} names it as a logo.")
    if found.more:
        print("There are more.")


def _uses_table(found: list[ProfileUse]) -> Table:
    table = _table("Profile", "Name", "Check", "Kind", "How", "Run by")
    for one in found:
        how = f"asked as number {one.position}" if one.position else one.parameter or ""
        run_by = "floating clients" if one.active else ""
        if one.pinned_clients:
            pinned = f"pinned: {', '.join(one.pinned_clients)}"
            run_by = f"{run_by}; {pinned}" if run_by else pinned
        name = _plain(one.profile_name)
        table.add_row(one.profile_id, name, one.check_id, one.kind, _plain(how), run_by)
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _plain(text: str) -> Text:
    """What people wrote, without signs that steer a terminal."""
    return Text("".join(sign if sign.isprintable() else " " for sign in text))


def _show(table: Table) -> None:
    _console().print(table)


def _console() -> Console:
    return Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
