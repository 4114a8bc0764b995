"""`aiqc profiles preview`: what a save would do, before it is done."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from pydantic import ValidationError

from libs.api.clients import ClientsApi
from libs.contracts.bindings import Preview
from libs.contracts.profiles import Profile, ProfileEdit
from libs.problems import Invalid
from services.profiles.doubts import doubts_of, warned

Connect = Callable[[str], AbstractAsyncContextManager[ClientsApi]]
AsUser = Annotated[str, Parameter(help="Who acts, of the people of the dev login.")]
REFUSED = 1
MADE_BY_THE_REGISTRY = Profile.model_fields.keys() - ProfileEdit.model_fields.keys()
CLASSES = {
    "none": "changes nothing in how creatives are judged",
    "presentation": "changes only how things read: scores stay comparable",
    "scoring": "can change results",
}


def add_preview_command(app: App, connect: Connect) -> None:
    """`connect` reaches the gateway as somebody."""
    app.command(PreviewCommands(connect).preview)


class PreviewCommands:
    """Each method is a command: its parameters are the flags, its docstring the help."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def preview(
        self, profile: str, file: Path, *, json: bool = False, as_user: AsUser = "admin"
    ) -> int:
        """Tell what saving FILE on a version would do, and for which clients. Nothing is written.

        Exit code: 0 it can be saved, 1 it would be refused, 3 could not run.

        Parameters
        ----------
        profile
            The id of the version that the edit starts from.
        file
            JSON with the fields that change, or a whole profile.
        """
        edit = read_edit(file)
        async with self._connect(as_user) as api:
            found = await api.preview_save(profile, edit)
            doubts = await doubts_of(api, {found.profile_id: edit.checks})
        found = found.model_copy(update={"warnings": [*found.warnings, *doubts]})
        print(found.model_dump_json(indent=2) if json else "\n".join(in_words(found)))
        return REFUSED if found.problems else 0


def read_edit(file: Path) -> ProfileEdit:
    """What a file says of a profile; what the registry itself writes there is left out.

    Raises Invalid, with the place, for anything else.
    """
    try:
        said = json.loads(file.read_bytes())
        if isinstance(said, dict):
            said = {key: value for key, value in said.items() if key not in MADE_BY_THE_REGISTRY}
        return ProfileEdit.model_validate_json(json.dumps(said))
    except ValidationError as error:
        wrong = [
            f"{'.'.join(map(str, one['loc'])) or 'the file'}: {one['msg']}"
            for one in error.errors(include_url=False, include_context=False)[:10]
        ]
        raise Invalid("bad_profile", f"{file}: {'; '.join(wrong)}.") from error
    except ValueError as error:
        raise Invalid("bad_profile", f"{file} is no JSON: {error}.") from error


def in_words(found: Preview) -> Iterator[str]:
    """Line by line, for people."""
    if found.change_class == "none" and not found.changes:
        yield found.message
    else:
        yield f"{found.active_profile_id} → {found.profile_id}: {CLASSES[found.change_class]}"
    for move in found.moves:
        yield f"moves   {move.client_id}: {move.previous_profile_id} → {move.profile_id}"
    for title, runs in (("stays", found.stays), ("gains", found.gains), ("loses", found.loses)):
        for run in runs:
            yield f"{title}   {run.client_id}: {run.profile_id}"
    if found.others:
        yield "Other brand clients use it too, which you may not see."
    yield from map(warned, found.warnings)
    yield from (f"refused: {problem.detail}" for problem in found.problems)
