"""`aiqc profiles list`, `show`, `versions`, `create` and `save`."""

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated, Any, TypeVar

from cyclopts import App, Parameter
from pydantic import BaseModel, ValidationError

from libs.api.saves import SavesApi
from libs.contracts.profiles import Profile, ProfileDraft, ProfileEdit, Updated
from libs.contracts.saves import StaleSave
from libs.problems import Invalid, PreconditionFailed
from services.profiles.doubts import tell_doubts
from services.profiles.saves.showing import history_in_words, list_in_words, refusal, saved

Connect = Callable[[str], AbstractAsyncContextManager[SavesApi]]
AsUser = Annotated[str, Parameter(help="Who acts, of the people of the dev login.")]
Body = TypeVar("Body", bound=BaseModel)

MERGES = 5
REFUSED = 1
SHOWN = ("profile_id", "etag", *ProfileEdit.model_fields)
"""What `show` prints: all that people write, and which state it is, so that `save` can tell."""


def add_save_commands(app: App, connect: Connect) -> None:
    """`connect` reaches the gateway as somebody."""
    commands = SaveCommands(connect)
    for command in (
        commands.list,
        commands.show,
        commands.versions,
        commands.create,
        commands.save,
    ):
        app.command(command)


class SaveCommands:
    """Each method is a command: its parameters are the flags, its docstring the help."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def list(
        self, *, client: str | None = None, json: bool = False, as_user: AsUser = "admin"
    ) -> int:
        """List profiles, each as the version that is active.

        Parameters
        ----------
        client
            Exactly what this client may use, each as the version that its analyses run.
        json
            As JSON.
        """
        async with self._connect(as_user) as api:
            found = await api.profiles(client)
        _tell(found, json, list_in_words(found))
        return 0

    async def show(self, profile: str, *, as_user: AsUser = "admin") -> int:
        """Print a version as JSON, in the form that `save` takes.

        Parameters
        ----------
        profile
            The id of a version: `my_profile` is the first, `my_profile_v2` the second.
        """
        async with self._connect(as_user) as api:
            found = (await api.profile(profile)).model_dump(mode="json", exclude_defaults=True)
        shown = {name: found[name] for name in SHOWN if name in found}
        print(json.dumps(shown, indent=2, ensure_ascii=False))
        return 0

    async def versions(self, profile: str, *, json: bool = False, as_user: AsUser = "admin") -> int:
        """List the versions of a profile, the newest first."""
        async with self._connect(as_user) as api:
            found = await api.versions(profile)
        _tell(found, json, history_in_words(found))
        return 0

    async def create(self, file: Path, *, as_user: AsUser = "admin") -> int:
        """Make a profile of the JSON in a file."""
        draft = _read(file, _without_state(_loaded(file)), ProfileDraft)
        async with self._connect(as_user) as api:
            created = await api.create_profile(draft)
            print(f"{created.message}: {created.profile_id}")
            await tell_doubts(api, {created.profile_id: draft.checks})
        return 0

    async def save(
        self,
        file: Path,
        *,
        profile: str | None = None,
        merge: bool = False,
        note: str = "",
        as_user: AsUser = "admin",
    ) -> int:
        """Save the JSON of a file as the next version of its profile.

        Nobody's edit is lost: when somebody saved after the file was written by `show`, nothing
        is saved, and what both changed is told. Exit code 1.

        Parameters
        ----------
        file
            What it leaves out stays as it is. `checks` are replaced whole.
        profile
            The version to start from; that of the file when not given.
        merge
            When somebody else saved meanwhile, in other places, save both changes.
        note
            Why, for the history.
        """
        given = _loaded(file)
        edit = _read(file, _without_state(given), ProfileEdit)
        async with self._connect(as_user) as api:
            start, etag = await _start(api, file, given, profile)
            try:
                done = await _save(api, start, edit, etag, note, MERGES if merge else 0)
            except PreconditionFailed as problem:
                print(refusal(StaleSave.model_validate(problem.members), start, merge))
                return REFUSED
            print(saved(done))
            await tell_doubts(api, {done.profile_id: edit.checks})
        return 0


async def _start(
    api: SavesApi, file: Path, given: dict[str, Any], profile: str | None
) -> tuple[str, str]:
    """The version to save on, and the tag of the state that the file was made from."""
    start = profile or given.get("profile_id")
    if not isinstance(start, str):
        raise Invalid("no_profile", f"{file} names no profile_id: say --profile.")
    if isinstance(given.get("etag"), str) and start == given.get("profile_id"):
        return start, given["etag"]
    return start, (await api.profile(start)).etag


async def _save(
    api: SavesApi, start: str, edit: ProfileEdit, etag: str, note: str, merges: int
) -> Updated:
    """Each time that somebody was faster, take the offered merge, up to `merges` times."""
    try:
        return await api.save_profile(start, edit, etag, note)
    except PreconditionFailed as problem:
        stale = StaleSave.model_validate(problem.members)
        if not merges or stale.merged is None:
            raise
    current = stale.current
    return await _save(api, current.profile_id, stale.merged, current.etag, note, merges - 1)


def _tell(found: list[Any], as_json: bool, words: str) -> None:
    if as_json:
        print(json.dumps([one.model_dump(mode="json") for one in found], ensure_ascii=False))
    else:
        print(words)


def _loaded(file: Path) -> dict[str, Any]:
    try:
        given = json.loads(file.read_bytes())
    except ValueError as error:
        raise Invalid("bad_profile_file", f"{file} is no JSON: {error}.") from error
    if not isinstance(given, dict):
        raise Invalid("bad_profile_file", f"{file} is no JSON object.")
    return given


def _without_state(given: dict[str, Any]) -> dict[str, Any]:
    """Without what an answer tells of a version beside what people write in it."""
    told = Profile.model_fields.keys() - ProfileEdit.model_fields.keys()
    return {name: value for name, value in given.items() if name not in told}


def _read(file: Path, fields: dict[str, Any], model: type[Body]) -> Body:
    try:
        return model.model_validate_json(json.dumps(fields))
    except ValidationError as error:
        wrong = [
            f"{'.'.join(map(str, one['loc'])) or 'the file'}: {one['msg']}"
            for one in error.errors(include_url=False, include_context=False)[:10]
        ]
        raise Invalid("bad_profile_file", f"{file}: {'; '.join(wrong)}.") from error
