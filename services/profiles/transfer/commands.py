"""`aiqc profiles export`, `import` and `schema`."""

import io
import json
import zipfile
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from libs.api.transfer import TransferApi
from libs.contracts.profiles import Checks
from libs.contracts.transfer import FileLine, FileOutcome, Imported
from libs.problems import Invalid
from services.profiles.domain.files import Incoming
from services.profiles.domain.slug import profile_id_of
from services.profiles.doubts import tell_doubts

Connect = Callable[[str], AbstractAsyncContextManager[TransferApi]]
AsUser = Annotated[str, Parameter(help="Who acts, of the people of the dev login.")]
COULD_NOT = 1


def add_transfer_commands(app: App, connect: Connect) -> None:
    """`connect` reaches the gateway as somebody."""
    commands = TransferCommands(connect)
    app.command(commands.export)
    app.command(commands.import_, name="import")
    app.command(commands.schema)


class TransferCommands:
    """Each method is a command: its parameters are the flags, its docstring the help."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def export(
        self, folder: Path, *, client: str = "", profile: str = "", as_user: AsUser = "admin"
    ) -> int:
        """Write every version of the profiles into a folder: pack.json, pack_v2.json …

        Parameters
        ----------
        client
            Only the profiles that this client may use.
        profile
            Only this profile.
        """
        async with self._connect(as_user) as api:
            files = await api.export_profiles(client, profile)
        written = _write(folder, files)
        print(f"{folder}: {len(files)} files, {written} of them new")
        return 0

    async def import_(self, path: Path, *, dry_run: bool = False, as_user: AsUser = "admin") -> int:
        """Take profiles from a folder, from a ZIP or from one file: all of it, or nothing.

        Ids are kept: pack_v2.json is the second version of `pack`. What is there already is
        skipped. Exit code 1 when --dry-run finds something in the way.

        Parameters
        ----------
        path
            A folder with pack.json, pack_v2.json …, or with a folder `profiles` of them.
        dry_run
            Change nothing; tell what would be added, and what is in the way.
        """
        archive = _archive(path)
        async with self._connect(as_user) as api:
            imported = await api.import_profiles(archive, dry_run)
            _tell(imported)
            await tell_doubts(api, _newest_added(archive, imported.files))
        return COULD_NOT if imported.problems else 0

    async def schema(self, *, as_user: AsUser = "admin") -> int:
        """Print the JSON Schema of a profile's file."""
        async with self._connect(as_user) as api:
            print(json.dumps(await api.profile_schema(), indent=2))
        return 0


def _write(folder: Path, files: Iterable[FileLine]) -> int:
    """How many are new. Raises Invalid before anything is written over."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        folder / Path(one.file).name: json.dumps(one.profile, ensure_ascii=False, indent=2) + "\n"
        for one in files
    }
    new = {path: text for path, text in texts.items() if not path.exists()}
    for path, text in texts.items():
        if path not in new and path.read_text(encoding="utf-8", errors="replace") != text:
            raise Invalid("other_file", f"{path} is there with other content: take a new folder.")
    for path, text in new.items():
        path.write_text(text, encoding="utf-8")
    return len(new)


def _archive(path: Path) -> bytes:
    """The files as a ZIP: the service names what is wrong with each."""
    if path.suffix == ".zip":
        return path.read_bytes()
    pipe = io.BytesIO()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in _files(path):
            archive.writestr(file.name, file.read_bytes())
    return pipe.getvalue()


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    for folder in (path, path / "profiles"):
        if files := sorted(folder.glob("*.json")):
            return files
    raise Invalid("no_files", f"{path} has no files like pack.json, and no folder of them.")


def _newest_added(archive: bytes, outcomes: Iterable[FileOutcome]) -> dict[str, Checks]:
    """The checks of the newest version of each profile that is new, by its id."""
    from services.profiles.transfer.uploads import read_zip  # all other commands start without it

    added = {one.file for one in outcomes if one.outcome == "added"}
    newest: dict[str, Incoming] = {}
    for file in sorted(read_zip(archive)[0], key=lambda file: file.version):
        if file.file in added:
            newest[file.slug] = file
    return {
        profile_id_of(slug, file.version): dict(file.content.checks)
        for slug, file in newest.items()
    }


def _tell(imported: Imported) -> None:
    would = "would be " if imported.dry_run else ""
    for one in imported.files:
        if one.outcome == "added":
            print(f"{would}added: {one.profile_id}")
    for problem in imported.problems:
        print(f"in the way: {problem}")
    if imported.problems:
        print("nothing would be imported while something is in the way")
    else:
        print(f"{imported.added} {would}added, {imported.skipped} there already")
