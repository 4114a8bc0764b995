"""`aiqc clients …`: the brand clients, and which version of a profile each runs."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Literal, TypeVar

from cyclopts import App, Parameter
from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.table import Table

from libs.api.clients import ClientsApi
from libs.contracts.clients import ClientDetails, ClientDraft, ClientEdit
from libs.contracts.profiles import ClientList
from libs.problems import Invalid
from services.profiles.domain.slug import parse_profile_id

Body = TypeVar("Body", bound=BaseModel)
Connect = Callable[[str], AbstractAsyncContextManager[ClientsApi]]
AsUser = Annotated[str, Parameter(help="Who acts, of the people of the dev login.")]


def clients_app(connect: Connect) -> App:
    """The commands under `aiqc clients`; `connect` reaches the gateway as somebody."""
    app = App(name="clients", help="Brand clients, and which version of a profile each runs.")
    commands = ClientCommands(connect)
    for command in (
        *(commands.list, commands.show, commands.add, commands.rename, commands.approval),
        *(commands.archive, commands.restore, commands.profiles, commands.pin, commands.float),
    ):
        app.command(command)
    return app


class ClientCommands:
    """Each method is a command: its parameters are the flags, its docstring the help."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def list(
        self, *, archived: bool = False, json: bool = False, as_user: AsUser = "admin"
    ) -> int:
        """List the brand clients in use, or with --archived those that are archived."""
        async with self._connect(as_user) as api:
            found = await api.clients(archived)
        if json:
            print(ClientList(clients=found).model_dump_json(indent=2))
            return 0
        table = _table("client", "name", "new versions")
        for one in found:
            words = "take an approval" if one.approval_required else "are live at once"
            table.add_row(one.client_id, one.name, words)
        _print(table)
        return 0

    async def show(self, client: str, *, as_user: AsUser = "admin") -> int:
        """Print a client as JSON, archived or not."""
        async with self._connect(as_user) as api:
            print((await api.client(client)).model_dump_json(indent=2, exclude={"changed"}))
        return 0

    async def add(
        self, client: str, *, name: str, approval: bool = False, as_user: AsUser = "admin"
    ) -> int:
        """Make a brand client. Its id (a-z, 0-9, - and _) is for ever and never given again.

        Parameters
        ----------
        approval
            Versions that are new to it take the approval of somebody else than their author.
        """
        draft = _valid(ClientDraft, client_id=client, name=name, approval_required=approval)
        async with self._connect(as_user) as api:
            made = await api.add_client(draft)
        print(f"made {made.client_id} ({made.name})")
        return 0

    async def rename(self, client: str, name: str, *, as_user: AsUser = "admin") -> int:
        """Give a client another name; its id stays."""
        return await self._change(client, _valid(ClientEdit, name=name), as_user)

    async def approval(
        self, client: str, switch: Literal["on", "off"], *, as_user: AsUser = "admin"
    ) -> int:
        """Say whether new versions for this client take the approval of somebody else."""
        return await self._change(client, ClientEdit(approval_required=switch == "on"), as_user)

    async def archive(self, client: str, *, as_user: AsUser = "admin") -> int:
        """Do nothing new for a client from now on. Its data stays and can be read."""
        async with self._connect(as_user) as api:
            done = await api.archive_client(client)
        print(f"{client} is archived" if done.changed else f"{client} was archived already")
        return 0

    async def restore(self, client: str, *, as_user: AsUser = "admin") -> int:
        """Use an archived client again, bound as it was."""
        async with self._connect(as_user) as api:
            done = await api.archive_client(client, undo=True)
        print(f"{client} is in use again" if done.changed else f"{client} was in use already")
        return 0

    async def profiles(self, client: str, *, json: bool = False, as_user: AsUser = "admin") -> int:
        """List what a client may use, and which version its analyses run."""
        async with self._connect(as_user) as api:
            found = await api.client_profiles(client)
        if json:
            print(found.model_dump_json(indent=2))
            return 0
        table = _table("profile", "runs", "binding", "name", "content")
        for one in found.profiles:
            pinned = one.binding == "pinned" and one.profile_id != one.active_profile_id
            words = f"pinned (active: {one.active_profile_id})" if pinned else one.binding
            table.add_row(one.slug, one.profile_id, words, one.name, one.content_hash[:12])
        _print(table)
        return 0

    async def pin(self, client: str, profile: str, *, as_user: AsUser = "admin") -> int:
        """Hold a client at a version: `my_profile_v2`, or `my_profile` for the first one."""
        parsed = parse_profile_id(profile)
        if parsed is None:
            raise Invalid("bad_profile_id", f"{profile!r} is no id of a version, as my_profile_v2.")
        async with self._connect(as_user) as api:
            bound = await api.bind(client, *parsed)
        words = "is pinned to" if bound.changed else "was pinned already to"
        print(f"{client} {words} {bound.profile_id} (active: {bound.active_profile_id})")
        return 0

    async def float(self, client: str, slug: str, *, as_user: AsUser = "admin") -> int:
        """Let a client run the active version of a profile again, whichever that is."""
        parsed = parse_profile_id(slug)
        async with self._connect(as_user) as api:
            bound = await api.bind(client, parsed[0] if parsed else slug, None)
        words = "floats" if bound.changed else "floated already"
        print(f"{client} {words} on {bound.slug}: its analyses run {bound.profile_id}")
        return 0

    async def _change(self, client: str, edit: ClientEdit, as_user: str) -> int:
        async with self._connect(as_user) as api:
            print(_in_words(await api.change_client(client, edit)))
        return 0


def _in_words(client: ClientDetails) -> str:
    words = "take an approval" if client.approval_required else "are live at once"
    same = "" if client.changed else "no change: "
    return f"{same}{client.client_id} is “{client.name}”, new versions {words}"


def _valid(kind: type[Body], **fields: object) -> Body:
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        wrong = [
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}"
            for one in error.errors(include_url=False, include_context=False)
        ]
        raise Invalid("bad_client", f"{'; '.join(wrong)}.") from error


def _table(*headings: str) -> Table:
    """What people copy, the ids, is never cut: names make room for them."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, no_wrap=heading != "name", overflow="fold")
    return table


def _print(table: Table) -> None:
    Console(highlight=False).print(table)
