"""`aiqc profiles activate`, `history`, `live` and those about schedules."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Annotated, TypeVar
from uuid import UUID

from cyclopts import App, Parameter
from pydantic import BaseModel, ValidationError

from libs.api.lifecycle import LifecycleApi
from libs.contracts.activations import Schedule, ScheduleRequest
from libs.problems import Invalid

Connect = Callable[[str], AbstractAsyncContextManager[LifecycleApi]]
AsUser = Annotated[str, Parameter(help="Who acts, of the people of the dev login.")]
MOST_SHOWN = 50
Asked = TypeVar("Asked", bound=BaseModel)


def add_activation_commands(app: App, connect: Connect) -> None:
    """`connect` reaches the gateway as somebody."""
    commands = ActivationCommands(connect)
    for command in (
        commands.activate,
        commands.history,
        commands.live,
        commands.schedule,
        commands.schedules,
        commands.unschedule,
    ):
        app.command(command)


class ActivationCommands:
    """Each method is a command: its parameters are the flags, its docstring the help."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def activate(self, profile: str, *, note: str = "", as_user: AsUser = "admin") -> int:
        """Make a version the active one: a rollback, or the way forward again.

        Parameters
        ----------
        profile
            The id of exactly that version: `my_profile` is the first one.
        note
            Why, for the history.
        """
        async with self._connect(as_user) as api:
            done = await api.activate(profile, note)
        print(done.message)
        if done.changed and not done.comparable:
            print("it can give other results")
        if done.pinned_clients:
            print(f"pinned, and not moved: {', '.join(done.pinned_clients)}")
        return 0

    async def history(self, profile: str, *, as_user: AsUser = "admin") -> int:
        """Tell which version of a profile was active since when, the newest first."""
        async with self._connect(as_user) as api:
            moves = await api.activations(profile, MOST_SHOWN)
        for move in moves:
            note = f"  {plain(move.note)}" if move.note else ""
            told = f"{move.profile_id}  {move.reason} by {plain(move.activated_by)}{note}"
            print(f"{instant(move.activated_at)}  {told}")
        return 0

    async def live(
        self, client: str, profile: str, *, at: str = "", as_user: AsUser = "admin"
    ) -> int:
        """Tell what a client's analyses ran at an instant. Exit code 1: nothing.

        Parameters
        ----------
        at
            Like 2026-08-21T12:00:00Z; without a zone it is UTC, and now when not given.
        """
        when = _instant(at) if at else None
        async with self._connect(as_user) as api:
            told = await api.live(client, profile, when)
        if told.profile_id is None or told.since is None:
            print(f"nothing: {told.why}")
            return 1
        by = f", by {plain(told.by)}" if told.by else ""
        note = f": {plain(told.note)}" if told.note else ""
        print(f"{told.profile_id} ({told.binding}) since {instant(told.since)}{by}{note}")
        return 0

    async def schedule(
        self,
        profile: str,
        *,
        at: str,
        expected: str | None = None,
        note: str = "",
        as_user: AsUser = "admin",
    ) -> int:
        """Make a version the active one at an instant.

        Parameters
        ----------
        at
            Like 2026-12-24T06:00:00Z; without a zone it is UTC.
        expected
            The version that must be active then, or nothing happens. When not given it is the
            one that will be active just before, as things stand.
        """
        when = _instant(at)
        wanted = asked(ScheduleRequest, activate_at=when, expected_profile_id=expected, note=note)
        async with self._connect(as_user) as api:
            print(_line(await api.schedule(profile, wanted)))
        return 0

    async def schedules(self, profile: str, *, as_user: AsUser = "admin") -> int:
        """List what is to come for a profile, and what became of earlier schedules."""
        async with self._connect(as_user) as api:
            for planned in await api.schedules(profile):
                print(_line(planned))
        return 0

    async def unschedule(self, profile: str, schedule: UUID, *, as_user: AsUser = "admin") -> int:
        """Cancel a schedule that is to come."""
        async with self._connect(as_user) as api:
            print(_line(await api.unschedule(profile, schedule)))
        return 0


def asked(kind: type[Asked], **fields: object) -> Asked:
    """The request of these flags. Raises Invalid, with the flag, for a value that it refuses."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        wrong = (f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise Invalid("bad_flag", f"{'; '.join(wrong)}.") from error


def plain(text: str) -> str:
    """Somebody else wrote it: it must not steer the terminal."""
    return "".join(letter if letter.isprintable() else " " for letter in text)


def instant(at: datetime) -> str:
    """UTC, to the second."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(
            "bad_instant", f"{plain(text)}: write an instant like 2026-12-24T06:00:00Z."
        ) from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _line(planned: Schedule) -> str:
    after = "" if planned.state == "pending" else f": {plain(planned.reason)}"
    move = f"{planned.profile_id} after {planned.expected_profile_id}"
    state = planned.state + (after if planned.reason else "")
    return f"{planned.schedule_id}  {instant(planned.activate_at)}  {move}  {state}"
