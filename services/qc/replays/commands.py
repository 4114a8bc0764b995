"""`aiqc replay …` as a person runs it: what a profile would change, before it is live."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated
from uuid import UUID

from cyclopts import App
from pydantic import ValidationError
from rich.console import Console

from libs.api.replays import ReplaysApi
from libs.contracts.profiles import ProfileEdit
from libs.contracts.replays import Replay, ReplayEstimate, ReplayOrder, ReplayQuestion, ReplaySide
from libs.problems import Invalid, UpstreamFailed
from libs.whole_file import write_whole
from services.qc.check_commands import FLAGS, AsUser
from services.qc.commands import plain, progress_bar
from services.qc.domain.replay_text import dollars, replay_text, title_of
from services.qc.reporting import refuse_report_path

SignIn = Callable[[str], AbstractAsyncContextManager[ReplaysApi]]
FORMS = {".html": "html", ".json": "json", ".txt": "text"}
MOST_TRIES = 20
COST_WAIT_S = 10.0
WORSE, NOT_ALL, NONE = 1, 2, 3
VERDICTS = ("fail", "incomplete", "pass")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Flags of `aiqc replay run`.

    Parameters
    ----------
    edit
        A JSON file with what is to be another: name, description, pass_threshold, checks.
    draft
        A draft, by its id, in place of a profile.
    last
        So many creatives at most, the newest first; 50 is the most.
    any_profile
        Also analyses that were made with other profiles.
    budget
        US dollars that the calls may cost at most.
    estimate
        Only tell what would be asked, and what it would cost.
    detach
        Do not wait for the end; `aiqc replay show` tells of it.
    output
        Also write it into this file: .html, .json or .txt.
    json
        The replay as JSON.
    """

    edit: Path | None = None
    draft: UUID | None = None
    last: int = 20
    any_profile: bool = False
    budget: Decimal = Decimal(1)
    estimate: bool = False
    detach: bool = False
    output: Path | None = None
    json: bool = False


class ReplayCommands:
    """Each method is a command: its parameters are the flags, its docstring the help."""

    def __init__(self, sign_in: SignIn, screen: Console, notes: Console) -> None:
        self._sign_in = sign_in
        self._screen = screen
        self._notes = notes

    async def run(
        self,
        profile: str = "",
        /,
        *,
        client: str,
        wanted: Annotated[Wanted, FLAGS] = Wanted(),
        as_user: AsUser = "admin",
    ) -> int:
        """Try a profile, an edit or a draft on creatives that were checked before.

        Exit code: 0 no verdict is worse, 1 one is, 2 not every creative was replayed, 3 none was.

        Parameters
        ----------
        profile
            A profile or one of its versions; with --edit the one that is edited.
        client
            The brand client whose creatives they are.
        """
        if wanted.output:
            refuse_report_path(wanted.output, FORMS)
        order = _order(profile, client, wanted)
        question = ReplayQuestion(**order.model_dump(exclude={"budget_usd"}))
        async with self._sign_in(as_user) as api:
            expected = await api.estimate_replay(question)
            if wanted.estimate:
                self._tell_estimate(expected, wanted.json)
                return 0
            self._notes.print(_in_words(expected), markup=False, highlight=False, soft_wrap=True)
            started = await api.start_replay(order)
            if wanted.detach:
                print(f"{started.replay_id} runs: `aiqc replay show {started.replay_id}`")
                return 0
            await follow(api, started.replay_id, self._notes)
            return await self._tell(api, started.replay_id, wanted.output, wanted.json)

    async def show(
        self,
        replay: UUID,
        /,
        *,
        output: Path | None = None,
        json: bool = False,
        as_user: AsUser = "admin",
    ) -> int:
        """Show a replay as it stands; what is left of it goes on."""
        if output:
            refuse_report_path(output, FORMS)
        async with self._sign_in(as_user) as api:
            return await self._tell(api, replay, output, json)

    async def list(self, *, client: str = "", json: bool = False, as_user: AsUser = "admin") -> int:
        """List replays, the newest first."""
        async with self._sign_in(as_user) as api:
            found = await api.replays(client)
        if json:
            print(f"[{','.join(one.model_dump_json() for one in found)}]")
            return 0
        for one in found:
            counts = f"{one.ended} of {one.creatives}, {dollars(one.spent_usd)}"
            print(f"{one.replay_id}  {one.created_at:%Y-%m-%d %H:%M}  {title_of(one)}, {counts}")
        if not found:
            print("There are no replays: `aiqc replay run` makes one.")
        return 0

    async def cancel(self, replay: UUID, /, *, as_user: AsUser = "admin") -> int:
        """Start nothing more of a replay, and end what runs of it."""
        async with self._sign_in(as_user) as api:
            print(title_of(await api.cancel_replay(replay)))
        return 0

    def _tell_estimate(self, expected: ReplayEstimate, json: bool) -> None:
        if json:
            print(expected.model_dump_json(indent=2))
            return
        for one in expected.creatives:
            why = ", ".join(f"{id} ({why.replace('_', ' ')})" for id, why in one.asked.items())
            state = "not stored any more" if one.gone else f"asks {why or 'nobody'}"
            cost = "" if one.gone else f"; {dollars(one.cost_usd)}"
            print(f"{plain(one.file_name)}: {plain(state)}{cost}")
        print(_in_words(expected))

    async def _tell(self, api: ReplaysApi, replay_id: UUID, output: Path | None, json: bool) -> int:
        replay = await _with_cost(api, replay_id)
        if output:
            form = FORMS[output.suffix.lower()]
            whole = replay.model_dump_json(indent=2).encode()
            content = whole if form == "json" else await api.replay_page(replay_id, form)
            await asyncio.to_thread(write_whole, output, content)
            self._notes.print(f"Wrote {output}.", markup=False, highlight=False, soft_wrap=True)
        print(replay.model_dump_json(indent=2) if json else replay_text(replay))
        return exit_code(replay)


def replay_app(sign_in: SignIn, screen: Console, notes: Console) -> App:
    """The group of commands."""
    made = ReplayCommands(sign_in, screen, notes)
    app = App(name="replay", help="What a profile would change, tried on stored analyses.")
    for command in (made.run, made.show, made.list, made.cancel):
        app.command(command)
    return app


def exit_code(replay: Replay) -> int:
    """0 no verdict is worse, 1 one is, 2 not every creative was replayed, 3 none was."""
    done = [one for one in replay.items if one.after]
    if not done:
        return NONE
    if any(one.after and _rank(one.after) < _rank(one.before) for one in done):
        return WORSE
    return NOT_ALL if len(done) < len(replay.items) else 0


def _rank(side: ReplaySide) -> int:
    return VERDICTS.index(side.verdict) if side.verdict else 0


async def follow(api: ReplaysApi, replay_id: UUID, console: Console) -> None:
    """Show progress to the end; a broken stream is taken up again where it broke."""
    seq = failures = 0
    with progress_bar(console) as bar:
        line = bar.add_task("replaying", total=None)
        while True:
            try:
                async for event in api.replay_events(replay_id, after=seq):
                    seq, failures = event.seq, 0
                    word = plain(event.file or event.kind)
                    bar.update(line, description=word, completed=event.done, total=event.total)
                if (await api.replay(replay_id)).finished_at:
                    return
            except UpstreamFailed:
                failures += 1
                if failures == MOST_TRIES:
                    raise
            await asyncio.sleep(0.5)


async def _with_cost(api: ReplaysApi, replay_id: UUID) -> Replay:
    """The ledger may take a moment to tell what it cost."""
    deadline = asyncio.get_running_loop().time() + COST_WAIT_S
    replay = await api.replay(replay_id)
    while (
        replay.finished_at
        and replay.totals.cost_after_usd is None
        and asyncio.get_running_loop().time() < deadline
    ):
        await asyncio.sleep(0.3)
        replay = await api.replay(replay_id)
    return replay


def _order(profile: str, client: str, wanted: Wanted) -> ReplayOrder:
    edit = _edit(wanted.edit) if wanted.edit else None
    try:
        return ReplayOrder(
            client=client,
            profile=profile,
            edit=edit,
            draft_id=wanted.draft,
            last=wanted.last,
            of="client" if wanted.any_profile else "profile",
            budget_usd=wanted.budget,
        )
    except ValidationError as error:
        raise Invalid("bad_replay", _sentence(error)) from error


def _edit(path: Path) -> ProfileEdit:
    try:
        return ProfileEdit.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise Invalid("bad_edit", f"{path}: {_sentence(error)}") from error


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"]))
    return f"{where + ': ' if where else ''}{first['msg'].removeprefix('Value error, ')}"


def _in_words(expected: ReplayEstimate) -> str:
    gone = f", {expected.gone} not stored any more" if expected.gone else ""
    price = f"; no price is known for {', '.join(expected.unpriced)}" if expected.unpriced else ""
    return (
        f"{len(expected.creatives)} creatives{gone}: {expected.asked} questions asked again, "
        f"{expected.carried} stored answers count, about {dollars(expected.cost_usd)}{price}"
    )
