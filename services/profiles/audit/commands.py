"""`aiqc audit …`; `services/profiles/commands.py` hands it to the command line."""

import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from pydantic import BaseModel, ValidationError

from libs.api.audit import AuditApi
from libs.contracts.audit import Anchor, AuditEntry, Verification
from libs.problems import Invalid

Connect = Callable[[str], AbstractAsyncContextManager[AuditApi]]
AsUser = Annotated[str, Parameter(help="Who acts, of the people of the dev login.")]
Switch = Annotated[bool, Parameter(negative=())]
TOUCHED = 1


class KeptHeads(BaseModel):
    """The file of `--save`: the heads of all chains, and when they were those."""

    saved_at: datetime
    heads: list[Anchor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Flags of `aiqc audit list` and `export`.

    Parameters
    ----------
    object
        An id, as in `pack` or `client:diageo`.
    client
        What concerns this brand client.
    actor
        Who did it.
    action
        As in `profile.save`, or `profile` for all that begin with it; several with commas.
    from_
        First day, YYYY-MM-DD in UTC.
    to
        Last day, included.
    search
        A part of an id, an actor, a note or a request id.
    """

    object: str = ""
    client: str = ""
    actor: str = ""
    action: str = ""
    from_: Annotated[str, Parameter(name="--from")] = ""
    to: str = ""
    search: str = ""

    def given(self) -> dict[str, str]:
        """As the query takes them."""
        names = {"from_": "from", "search": "q"}
        return {names.get(name, name): value for name, value in asdict(self).items() if value}


EVERYTHING = Filters()


def audit_app(connect: Connect) -> App:
    """The commands under `aiqc audit`; `connect` reaches the gateway as somebody."""
    app = App(name="audit", help="Show who changed what in the registry, and verify that log.")
    commands = AuditCommands(connect)
    app.command(commands.list)
    app.command(commands.export)
    app.command(commands.verify)
    return app


class AuditCommands:
    """Each method is a command: its parameters are the flags, its docstring the help."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def list(
        self,
        *,
        filters: Annotated[Filters, Parameter(name="*")] = EVERYTHING,
        limit: int = 50,
        json: Switch = False,
        as_user: AsUser = "admin",
    ) -> int:
        """Print the newest changes, a line for each; with --json all that is known of them."""
        async with self._connect(as_user) as api:
            page = await api.audit(filters.given() | {"limit": str(limit)})
        if json:
            print(page.model_dump_json(indent=2))
            return 0
        for entry in page.entries:
            _show(entry)
        if not page.entries:
            print("No change fits.")
        elif page.next_cursor:
            print(f"… and older ones: --limit {limit * 2}, a filter, or `aiqc audit export`")
        return 0

    async def export(
        self,
        *,
        filters: Annotated[Filters, Parameter(name="*")] = EVERYTHING,
        format: Literal["jsonl", "csv"] = "jsonl",
        output: Path | None = None,
        as_user: AsUser = "admin",
    ) -> int:
        """Write every change that fits as JSON lines or CSV, the newest first.

        A file is there whole or not at all.
        """
        async with self._connect(as_user) as api:
            pieces = api.audit_file(format, filters.given())
            if output is None:
                async for piece in pieces:
                    sys.stdout.buffer.write(piece)
                return 0
            part = output.with_name(f"{output.name}.part")
            try:
                with part.open("wb") as file:
                    async for piece in pieces:
                        file.write(piece)
                part.replace(output)
            finally:
                part.unlink(missing_ok=True)
        return 0

    async def verify(
        self,
        *,
        save: Path | None = None,
        against: Path | None = None,
        as_user: AsUser = "admin",
    ) -> int:
        """Follow every chain of the audit and hash every version again; 1 when one was touched.

        The heads of the chains, kept with --save where nobody who can change the database
        writes, show with --against what was cut off, or written anew, since.
        """
        kept = _read(against) if against else None
        async with self._connect(as_user) as api:
            found = await api.verify_audit()
            faults = found.faults + (await api.check_anchors(kept.heads) if kept else [])
        for fault in faults:
            print(f"{fault.kind}: {fault.detail}")
        if missing := found.fault_count - len(found.faults):
            print(f"… and {missing} more")
        print(
            f"{found.rows} changes of {len(found.heads)} objects and {found.versions} versions: "
            + (_count(found.fault_count + len(faults) - len(found.faults)) or "nothing was touched")
        )
        if kept:
            print(f"compared with {len(kept.heads)} heads of {kept.saved_at:%Y-%m-%d %H:%M:%S} UTC")
        if faults:
            return TOUCHED
        if save:
            _keep(save, found)
            print(f"heads kept in {save}")
        return 0


def _show(entry: AuditEntry) -> None:
    print(f"{entry.at:%Y-%m-%d %H:%M:%S}  {_one_line(entry.sentence)}")
    for change in entry.changes:
        print(f"{'':21}{_one_line(change.sentence)}")


def _one_line(text: str) -> str:
    """Without what moves a cursor: people write notes and names."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def _keep(file: Path, found: Verification) -> None:
    kept = KeptHeads(saved_at=found.checked_at, heads=found.heads)
    file.write_text(kept.model_dump_json(indent=1))


def _count(faults: int) -> str:
    return f"{faults} fault{'s' if faults > 1 else ''}" if faults else ""


def _read(file: Path) -> KeptHeads:
    try:
        return KeptHeads.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise Invalid("bad_heads", f"{file} is no file of `aiqc audit verify --save`.") from error
