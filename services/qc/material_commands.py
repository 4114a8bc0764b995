"""`aiqc assets …` and `aiqc plan …`; `services/cli.py` composes them."""

import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from libs.api.material import MaterialApi
from libs.contracts.assets import MediaPlan, PlanRow, PlanSummary, ReferenceAsset
from libs.contracts.brand import Placement, ReferenceKind
from libs.problems import Conflict, Invalid, NotFound
from services.qc.domain.naming import did_you_mean, find_name
from services.qc.domain.plan_sheet import words_of

Connect = Callable[[str], AbstractAsyncContextManager[MaterialApi]]
AsUser = Annotated[str, Parameter(help="Who acts, of the people of the dev login.")]
PIPED_WIDTH = 160


def add_material_commands(app: App, connect: Connect) -> None:
    """`connect` reaches the gateway as somebody."""
    assets, plans = AssetCommands(connect), PlanCommands(connect)
    app.command(_group("assets", assets.list, assets.add, assets.archive))
    app.command(_group("plan", plans.list, plans.add, plans.activate))


def _group(name: str, *commands: Callable[..., Awaitable[int]]) -> App:
    words = {
        "assets": "List, add and archive the logos, references, marks and products of a client.",
        "plan": "List, add and activate the media plans of a client.",
    }
    group = App(name=name, help=words[name])
    for command in commands:
        group.command(command)
    return group


class AssetCommands:
    """Each method is a command: its parameters are the flags, its docstring the help."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def add(
        self,
        file: Path,
        *,
        client: str,
        kind: ReferenceKind = "logo",
        name: str = "",
        tags: str = "",
        as_user: AsUser = "admin",
    ) -> int:
        """Keep a file to compare with; new content under a known name is its next version.

        Parameters
        ----------
        name
            What checks and people call it; the file's name when not given.
        tags
            Words with commas between them.
        """
        _require_file(file)
        async with self._connect(as_user) as api:
            asset = await api.add_asset(file, client, kind, name, tags)
        print(f"kept {asset.kind} “{asset.name}” of {asset.client_id}, version {asset.version}")
        return 0

    async def archive(
        self,
        name: str,
        *,
        client: str,
        kind: ReferenceKind | None = None,
        undo: bool = False,
        as_user: AsUser = "admin",
    ) -> int:
        """Use an asset no more, by its name or id; with --undo: use it again."""
        async with self._connect(as_user) as api:
            filters = {"archived": "true" if undo else "", "kind": kind or ""}
            asset = _meant(await api.assets(client, **filters), name)
            await api.archive_asset(asset.asset_id, undo)
        print(f"{asset.kind} “{asset.name}” is {'used again' if undo else 'archived'}")
        return 0

    async def list(
        self,
        *,
        client: str,
        kind: ReferenceKind | None = None,
        tag: str = "",
        name: str = "",
        archived: bool = False,
        json: bool = False,
        as_user: AsUser = "admin",
    ) -> int:
        """List what creatives of a client are compared with."""
        filters = {"kind": kind or "", "tag": tag, "name": name}
        async with self._connect(as_user) as api:
            found = await api.assets(client, **filters, archived="true" if archived else "")
        if json:
            print(f"[{','.join(asset.model_dump_json() for asset in found)}]")
        elif not found:
            print("There are no such assets.")
        else:
            _show(_asset_table(found))
        return 0


class PlanCommands:
    """Each method is a command: its parameters are the flags, its docstring the help."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def add(
        self,
        file: Path,
        *,
        client: str,
        name: str = "",
        skip_bad_rows: bool = False,
        activate: bool = False,
        as_user: AsUser = "admin",
    ) -> int:
        """Keep a media plan, XLSX or CSV. With an error in a row nothing is kept.

        Parameters
        ----------
        name
            What people call it; the file's name when not given.
        skip_bad_rows
            Leave rows with errors out, and name them.
        activate
            Check creatives against it from now on.
        """
        _require_file(file)
        async with self._connect(as_user) as api:
            plan = await api.add_plan(file, client, name, skip_bad_rows)
            if activate:
                plan = await api.activate_plan(plan.plan_id)
        active = ", active" if plan.active else ""
        print(f"kept “{plan.name}”, version {plan.version}{active}: {_count(plan)}")
        _print_rows("left out", plan.left_out)
        _print_rows("no placement", plan.notes)
        return 0

    async def activate(
        self,
        name: str,
        *,
        client: str,
        version: int | None = None,
        as_user: AsUser = "admin",
    ) -> int:
        """Check creatives against a plan from now on, by its name or id.

        Parameters
        ----------
        version
            The newest of that name when not given.
        """
        async with self._connect(as_user) as api:
            found = (await api.plans(client)).media_plans
            chosen = _meant_plan(found, name, version)
            plan = await api.activate_plan(chosen.plan_id)
        print(f"“{plan.name}”, version {plan.version}, is the active plan: {_count(plan)}")
        return 0

    async def list(
        self,
        name: str = "",
        *,
        client: str,
        archived: bool = False,
        json: bool = False,
        as_user: AsUser = "admin",
    ) -> int:
        """List the media plans of a client, or the placements of the one that is named."""
        async with self._connect(as_user) as api:
            found = (await api.plans(client, archived)).media_plans
            plan = await api.plan(_meant_plan(found, name, None).plan_id) if name else None
        if json:
            told = [plan] if plan else found
            print(f"[{','.join(one.model_dump_json() for one in told)}]")
        elif plan:
            _show(_placement_table(plan.placements))
        elif not found:
            print("There are no media plans: `aiqc plan add` keeps one.")
        else:
            _show(_plan_table(found))
        return 0


def _require_file(file: Path) -> None:
    if not file.is_file():
        raise Invalid("no_such_file", f"There is no file {file}.")


def _meant(found: Sequence[ReferenceAsset], wanted: str) -> ReferenceAsset:
    by_id = {str(asset.asset_id): asset for asset in found}
    if wanted in by_id:
        return by_id[wanted]
    name = find_name(wanted, {asset.name for asset in found})
    named = [asset for asset in found if asset.name == name]
    if not named:
        near = did_you_mean(wanted, {asset.name for asset in found}) if found else ""
        raise NotFound("unknown_asset", f"There is no asset “{wanted}” here. {near}".strip())
    if len(named) > 1:
        kinds = " and ".join(asset.kind for asset in named)
        raise Conflict("several_assets", f"“{name}” is a {kinds}: say --kind.")
    return named[0]


def _meant_plan(found: Sequence[PlanSummary], wanted: str, version: int | None) -> PlanSummary:
    """By id, or the newest of that name; `found` has the newest first."""
    name = find_name(wanted, {plan.name for plan in found})
    for plan in found:
        if str(plan.plan_id) == wanted:
            return plan
        if plan.name == name and version in (None, plan.version):
            return plan
    if name:
        raise NotFound("unknown_plan", f"“{name}” has no version {version} here.")
    near = did_you_mean(wanted, {plan.name for plan in found}) if found else ""
    raise NotFound("unknown_plan", f"There is no media plan “{wanted}” here. {near}".strip())


def _count(plan: MediaPlan) -> str:
    return f"{plan.placement_count} placement{'' if plan.placement_count == 1 else 's'}"


def _print_rows(title: str, rows: Sequence[PlanRow]) -> None:
    for row in rows:
        print(f"  {title}: {words_of(row)}")


def _show(table: Table) -> None:
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else PIPED_WIDTH).print(table)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _asset_table(found: Sequence[ReferenceAsset]) -> Table:
    table = _table("kind", "name", "version", "size", "tags", "uploaded", "by")
    for asset in found:
        size = f"{asset.width_px} x {asset.height_px}" if asset.width_px else "–"
        day = f"{asset.created_at:%Y-%m-%d}"
        words = (asset.kind, asset.name, str(asset.version), size, " ".join(asset.tags), day)
        table.add_row(*map(_plain, (*words, asset.created_by)))
    return table


def _plan_table(found: Sequence[PlanSummary]) -> Table:
    table = _table("active", "name", "version", "placements", "file", "uploaded", "by")
    for plan in found:
        day, active = f"{plan.created_at:%Y-%m-%d}", "yes" if plan.active else ""
        words = (active, plan.name, str(plan.version), str(plan.placement_count), plan.file_name)
        table.add_row(*map(_plain, (*words, day, plan.created_by)))
    return table


def _placement_table(placements: Sequence[Placement]) -> Table:
    table = _table("placement", "channel", "market", "size", "ratio", "formats", "KB", "seconds")
    for one in placements:
        sides = one.width_px or one.height_px
        size = f"{one.width_px or 'any'} x {one.height_px or 'any'}" if sides else ""
        weight = f"{one.max_bytes / 1000:g}" if one.max_bytes else ""
        length = f"{one.max_duration_s:g}" if one.max_duration_s else ""
        words = (one.name, one.channel or "", one.market or "", size, one.aspect_ratio or "")
        table.add_row(*map(_plain, (*words, " ".join(one.formats), weight, length)))
    return table


def _plain(text: str) -> str:
    """Somebody else wrote it: no markup, and nothing that steers the terminal."""
    return "".join(c if c.isprintable() else " " for c in text).replace("[", r"\[")
