"""`aiqc restore`: the platform of a backup, into an empty data directory.

Every byte of the file is checked before anything is touched. From then until the end a mark
stands in the data directory: nothing starts on it, and the same restore may be run again.
"""

import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from hashlib import sha256
from pathlib import Path

from deploy import CannotStart
from deploy.backup import local_store, shown_url
from deploy.backup_file import PRIVATE_FILES, Backup, Show, open_backup
from deploy.children import Account
from deploy.data_dir import SOCKET_RECORD, remove_socket_folder
from deploy.database import PASSWORDS_FILE
from deploy.embedded_postgres import EmbeddedPostgres
from deploy.installation import STORES, data_dir, held_data_dir, store_url
from deploy.manifest import Manifest, own_migrations, refuse_later_version
from deploy.postgres_binaries import find_programs, major_version
from deploy.postmaster import living_server
from deploy.private_files import give_to_owner_of, sync_folder, write_private
from deploy.restore_database import (
    Target,
    finish_database,
    refuse_older_server,
    refuse_unfit,
    restore_database,
)
from deploy.snapshot import told_when_away
from deploy.unfinished import UNFINISHED_FILE

NO_DATA = {"lock", "lost+found"}
SERVER_ENDS_S = 15.0
POLL_S = 0.1


async def restore(environ: Mapping[str, str], file: Path, show: Show) -> Manifest:
    """Raises CannotStart; the data directory then is as it was, or marked."""
    async with told_when_away():
        return await _restore(environ, file, show)


async def _restore(environ: Mapping[str, str], file: Path, show: Show) -> Manifest:
    with open_backup(file) as backup:
        await backup.verify(show)
        await _refuse_unfit(environ, backup)
        with _claimed(environ, backup.path) as folder, ExitStack() as stack:
            if PASSWORDS_FILE in _secrets(backup):
                await _restore_private_file(backup, PASSWORDS_FILE, folder)
            target = _target(stack, environ, folder)
            await restore_database(target, backup, environ, show)
            for name in STORES:
                if store := local_store(environ, name):
                    await _restore_store(backup, name, store, show)
            for name in _secrets(backup):
                await _restore_private_file(backup, name, folder)
            await finish_database(target, backup.manifest)
        return backup.manifest


async def _refuse_unfit(environ: Mapping[str, str], backup: Backup) -> None:
    """Whatever can be known before the first change. Raises CannotStart."""
    manifest, known = backup.manifest, own_migrations()
    digests = {
        f"{service}/{name}": sha256(sql.encode()).hexdigest()
        for service, migrations in known.items()
        for name, sql in migrations.items()
    }
    refuse_later_version(manifest, known, digests)
    for folder, setting in STORES.items():
        if local_store(environ, folder) is None and backup.names(folder):
            raise CannotStart(
                f"the {folder} of this backup cannot go to "
                f"{shown_url(store_url(environ, folder))}: restore without {setting}, then copy "
                f"the folder {folder} there"
            )
    _refuse_data(data_dir(environ))
    if url := environ.get("DATABASE_URL"):
        await refuse_unfit(url, manifest)
    else:
        refuse_older_server(manifest, int(major_version(find_programs(Account()))))


def _refuse_data(folder: Path) -> None:
    """Raises CannotStart for a folder in which something is, unless a restore left it."""
    names = {path.name for path in folder.iterdir()} - NO_DATA if folder.exists() else set()
    if names and UNFINISHED_FILE not in names:
        raise CannotStart(
            f"{folder} is not empty: choose another folder with AIQC_DATA_DIR, or move it away"
        )


@contextmanager
def _claimed(environ: Mapping[str, str], backup: Path) -> Iterator[Path]:
    """The data directory, marked until the end is reached."""
    with held_data_dir(environ, restoring=True) as folder:
        _refuse_data(folder)
        mark = folder / UNFINISHED_FILE
        if mark.exists():
            _clear(folder)
        write_private(mark, str(backup))
        yield folder
        os.sync()
        mark.unlink()
        sync_folder(folder)


def _clear(folder: Path) -> None:
    """Remove what a restore that was killed has made; its server may need a moment to end."""
    server, deadline = folder / "postgres", time.monotonic() + SERVER_ENDS_S
    while (process_id := living_server(server / "cluster")) is not None:
        if time.monotonic() > deadline:
            raise CannotStart(f"PostgreSQL, process {process_id}, runs on {server}: stop it first")
        time.sleep(POLL_S)
    if (server / SOCKET_RECORD).exists():
        remove_socket_folder(server, (server / SOCKET_RECORD).read_text())
    for made in (server, *(folder / name for name in STORES)):
        shutil.rmtree(made, ignore_errors=True)
    for name in PRIVATE_FILES:
        (folder / name).unlink(missing_ok=True)


def _target(stack: ExitStack, environ: Mapping[str, str], folder: Path) -> Target:
    if url := environ.get("DATABASE_URL"):
        return Target(url, folder, environ.get("AIQC_ROLE_PREFIX", ""), embedded=False)
    server = stack.enter_context(EmbeddedPostgres(folder / "postgres"))
    return Target(server.admin_dsn, folder, "", embedded=True)


def _secrets(backup: Backup) -> list[str]:
    return [name.removeprefix("secrets/") for name in backup.names("secrets")]


async def _restore_private_file(backup: Backup, name: str, folder: Path) -> None:
    content = b"".join([chunk async for chunk in backup.read(f"secrets/{name}")])
    try:
        dict(json.loads(content))
    except (ValueError, TypeError):
        raise CannotStart(f"{backup.path} is no backup: its {name} holds no secrets") from None
    write_private(folder / name, content.decode())


async def _restore_store(backup: Backup, store: str, folder: Path, show: Show) -> None:
    names = backup.names(store)
    done, total = 0, sum(backup.manifest.members[name].size_bytes for name in names)
    for name in names:
        path = folder / name.removeprefix(f"{store}/")
        _make_folder(path.parent)
        unfinished = path.with_name(f"{path.name}#restore")
        with unfinished.open("wb") as file:
            give_to_owner_of(path.parent, file.fileno())
            async for chunk in backup.read(name):
                file.write(chunk)
                done += len(chunk)
                show(f"restoring {store}", done, total)
        unfinished.replace(path)


def _make_folder(folder: Path) -> None:
    """As `mkdir -p`; whoever owns the folder above owns a new one, too."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        give_to_owner_of(folder.parent, descriptor)
    finally:
        os.close(descriptor)
