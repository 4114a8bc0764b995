"""`aiqc profiles bulk …`."""

import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from cyclopts import App, Parameter
from rich.console import Console, RenderableType

from libs.api.bulk import BulkApi
from libs.contracts.bulk import BulkEdit, BulkEdits, Operation, Selection
from services.profiles.bulk import typed
from services.profiles.bulk.showing import as_table, in_words

Connect = Callable[[str], AbstractAsyncContextManager[BulkApi]]
AsUser = Annotated[str, Parameter(help="Who acts, of the people of the dev login.")]
Several = Annotated[tuple[str, ...], Parameter(negative=(), consume_multiple=False)]
PIPED_WIDTH = 160


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Which profiles.

    Parameters
    ----------
    client
        Profiles that this client alone uses; with --include-shared those of others too.
    check
        Profiles with this check.
    model
        Profiles with a check that asks this model.
    without
        The slug of a profile to leave out; may be given several times.
    """

    client: str | None = None
    check: str | None = None
    model: str | None = None
    without: Several = ()
    include_shared: bool = False


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Changes:
    """What becomes of them; all but the threshold may be given several times.

    Parameters
    ----------
    swap_model
        OLD=NEW, as openai/gpt-4o=openai/gpt-5.1: in every check that asks the old one.
    add_check
        ID=FILE, the JSON of one check.
    set
        CHECK.weight=2, CHECK.critical=true or CHECK.PARAMETER=VALUE; null takes it away.
    remove_check
        The id of a check.
    threshold
        The pass threshold, 0 to 100.
    """

    swap_model: Several = ()
    add_check: Several = ()
    set: Several = ()
    remove_check: Several = ()
    threshold: float | None = None

    def operations(self) -> list[Operation]:
        """Raises Invalid for what cannot be read."""
        return [
            *typed.swaps(self.swap_model),
            *typed.additions(self.add_check),
            *typed.settings(self.set),
            *typed.removals(self.remove_check),
            *typed.thresholds(self.threshold),
        ]


EVERY, NOTHING = Chosen(), Changes()


def bulk_app(connect: Connect) -> App:
    """`connect` reaches the gateway as somebody."""
    app = App(name="bulk", help="Change many profiles at once: plan, review, commit, undo.")
    commands = BulkCommands(connect)
    for command in (commands.plan, commands.list, commands.show, commands.commit, commands.undo):
        app.command(command)
    return app


class BulkCommands:
    """Each method is a command: its parameters are the flags, its docstring the help."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def plan(
        self,
        *profiles: str,
        only: Chosen = EVERY,
        change: Changes = NOTHING,
        note: str = "",
        json: bool = False,
        as_user: AsUser = "admin",
    ) -> int:
        """Plan a change of many profiles and show what it would do. Nothing is changed.

        Parameters
        ----------
        profiles
            Slugs of profiles; without them all that the other flags select.
        """
        order = typed.order_of(
            lambda: Selection(
                client=only.client,
                check=only.check,
                model=only.model,
                profiles=[*profiles] or None,
                without=[*only.without],
                include_shared=only.include_shared,
            ),
            change.operations(),
            note,
        )
        async with self._connect(as_user) as api:
            _show(await api.plan_bulk_edit(order), json)
        return 0

    async def list(self, *, json: bool = False, as_user: AsUser = "admin") -> int:
        """List plans and what became of them, the latest first."""
        async with self._connect(as_user) as api:
            found = await api.bulk_edits()
        if json:
            print(BulkEdits(bulk_edits=found).model_dump_json(indent=2))
        elif not found:
            print("Nothing was planned yet.")
        else:
            _print(as_table(found))
        return 0

    async def show(self, bulk_id: UUID, *, json: bool = False, as_user: AsUser = "admin") -> int:
        """Show a plan: what becomes of each profile, who moves, and what was changed since."""
        async with self._connect(as_user) as api:
            _show(await api.bulk_edit(bulk_id), json)
        return 0

    async def commit(self, bulk_id: UUID, *, json: bool = False, as_user: AsUser = "admin") -> int:
        """Save every profile of a plan, or none. A second time changes nothing."""
        async with self._connect(as_user) as api:
            _show(await api.commit_bulk_edit(bulk_id), json)
        return 0

    async def undo(self, bulk_id: UUID, *, json: bool = False, as_user: AsUser = "admin") -> int:
        """Activate what was active before, unless somebody has saved one of them since."""
        async with self._connect(as_user) as api:
            _show(await api.undo_bulk_edit(bulk_id), json)
        return 0


def _show(edit: BulkEdit, json: bool) -> None:
    if json:
        print(edit.model_dump_json(indent=2))
    else:
        _print(in_words(edit))


def _print(what: RenderableType) -> None:
    width = None if sys.stdout.isatty() else PIPED_WIDTH
    Console(highlight=False, soft_wrap=True, width=width).print(what)
