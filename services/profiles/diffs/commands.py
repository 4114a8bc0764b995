"""`aiqc profiles diff`."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from rich.console import Console

from libs.api.diffs import DiffsApi
from libs.problems import Invalid
from services.profiles.diffs.showing import in_words

Connect = Callable[[str], AbstractAsyncContextManager[DiffsApi]]
AsUser = Annotated[str, Parameter(help="Who acts, of the people of the dev login.")]


def add_diff_commands(app: App, connect: Connect) -> None:
    """`connect` reaches the gateway as somebody."""
    app.command(DiffCommands(connect).diff)


class DiffCommands:
    """Each method is a command: its parameters are the flags, its docstring the help."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def diff(
        self,
        profile: str,
        other: str | None = None,
        *,
        format: Literal["text", "json", "html"] = "text",
        output: Path | None = None,
        as_user: AsUser = "admin",
    ) -> int:
        """Tell what differs from one version to another, and whether it can change results.

        Parameters
        ----------
        profile
            The id of a version: `my_profile` is the first, `my_profile_v2` the second.
        other
            The id of another version, also of another profile. Without it: what PROFILE changed
            of the version that it was made from.
        output
            A file for the answer, instead of the screen.
        """
        async with self._connect(as_user) as api:
            pair = (profile, other) if other else await _origin_of(api, profile)
            if format == "html":
                _put((await api.profile_diff_page(*pair)).decode(), output)
                return 0
            found = await api.profile_diff(*pair)
        if format == "json":
            _put(found.model_dump_json(indent=2), output)
        elif output:
            _put(in_words(found).plain, output)
        else:
            Console(highlight=False, soft_wrap=True).print(in_words(found))
        return 0


def _put(text: str, output: Path | None) -> None:
    if output:
        output.write_text(f"{text}\n", encoding="utf-8")
    else:
        print(text)


async def _origin_of(api: DiffsApi, profile_id: str) -> tuple[str, str]:
    """What a version was made from, and itself."""
    before = (await api.profile_version(profile_id)).previous_version
    if before is None:
        raise Invalid("no_other", f"{profile_id} is a first version: name another one as well.")
    return before, profile_id
