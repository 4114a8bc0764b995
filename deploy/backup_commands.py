"""`aiqc backup` and `aiqc restore`. All other commands start without what these two need."""

import os
from pathlib import Path

from cyclopts import App
from rich.console import Console

from deploy.installation import data_dir


def add_backup_commands(app: App, notes: Console) -> None:
    """How far they are goes to `notes`."""
    commands = BackupCommands(notes)
    app.command(commands.backup)
    app.command(commands.restore)


class BackupCommands:
    """Each method is a command: its parameters are the flags, its docstring the help."""

    def __init__(self, notes: Console) -> None:
        self._notes = notes

    async def backup(
        self,
        file_or_folder: Path,
        *,
        check: bool = False,
        without_secrets: bool = False,
        verify: bool = True,
    ) -> int:
        """Keep the whole platform in one file, while it runs or not.

        Parameters
        ----------
        file_or_folder
            A new file, or a folder in which to make one with the time in its name.
        check
            Only look whether FILE is whole, byte for byte.
        without_secrets
            Leave out keys and role passwords; a restore then makes new ones.
        verify
            Read the file again before it gets its name.
        """
        from deploy import backup_words
        from deploy.backup import back_up
        from deploy.backup_file import open_backup

        with backup_words.progress(self._notes) as show:
            if check:
                with open_backup(file_or_folder) as found:
                    await found.verify(show)
                    file, manifest = found.path, found.manifest
            else:
                taken = await back_up(
                    os.environ, file_or_folder, show, secrets=not without_secrets, verify=verify
                )
                file, manifest = taken.file, taken.manifest
        print(f"{file}: {backup_words.size_in_words(file)}{', whole' if check or verify else ''}")
        print(backup_words.contents_in_words(manifest))
        return 0

    async def restore(self, file: Path) -> int:
        """Bring a backup back, into an empty AIQC_DATA_DIR (and an empty DATABASE_URL, if set)."""
        from deploy import backup_words
        from deploy.restore import restore

        with backup_words.progress(self._notes) as show:
            manifest = await restore(os.environ, file, show)
        print(f"{data_dir(os.environ)} holds what {file} held: every row and total was compared")
        print(backup_words.contents_in_words(manifest))
        print("Everybody signs in again. `aiqc up` starts the platform.")
        return 0
