"""`aiqc backup`: the whole platform in one file, taken while it runs or while it does not.

One snapshot holds all four schemas, so an analysis and what it cost are both in it or neither.
The file is written under another name, read again, and only then called what was asked for.
"""

import asyncio
import fcntl
import os
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit, urlunsplit

from deploy import CannotStart
from deploy.backup_file import CHUNK_BYTES, PRIVATE_FILES, BackupWriter, Show, open_backup
from deploy.database import DATABASE
from deploy.dump_programs import Programs, programs_to_dump
from deploy.embedded_postgres import EmbeddedPostgres
from deploy.installation import STORES, DataDirInUse, data_dir, held_data_dir, store_url
from deploy.manifest import FORMAT, Manifest, own_version
from deploy.postgres_cluster import PASSWORD_FILE, SUPERUSER
from deploy.postmaster import port_of_living
from deploy.private_files import sync_folder
from deploy.running import is_announced
from deploy.snapshot import Frozen, frozen
from deploy.unfinished import refuse_unfinished

PATIENCE_S = 60.0
POLL_S = 0.2
TRIES = 5
PREFIX, UNFINISHED = ".aiqc-", ".unfinished"
FILE = "file://"


@dataclass(frozen=True)
class Taken:
    file: Path
    size_bytes: int
    manifest: Manifest


async def back_up(
    environ: Mapping[str, str],
    target: Path,
    show: Show,
    *,
    secrets: bool = True,
    verify: bool = True,
) -> Taken:
    """Write a backup to `target`, a new file or a folder for one. Raises CannotStart."""
    now = datetime.now(UTC)
    target = _file_for(target, now)
    for folder in STORES:
        if (store := local_store(environ, folder)) and target.is_relative_to(store):
            raise CannotStart(f"{target} lies among the {folder}: choose another folder")
    with _unfinished(target) as path, path.open("r+b") as file:
        manifest = await _write(environ, file, show, now, secrets)
        if verify:
            with open_backup(path) as backup:
                await backup.verify(show)
        size = path.stat().st_size
        _publish(path, target)
    return Taken(target, size, manifest)


def _file_for(target: Path, now: datetime) -> Path:
    target = target.resolve()
    return target / f"aiqc-{now:%Y%m%dT%H%M%SZ}.tar" if target.is_dir() else target


def local_store(environ: Mapping[str, str], folder: str) -> Path | None:
    """Where the store is on this machine; None when it is a bucket."""
    url = store_url(environ, folder)
    return Path(url.removeprefix(FILE)).absolute() if url.startswith(FILE) else None


def shown_url(url: str) -> str:
    """The address without what may be secret in it."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))


@contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """A private file beside the target, gone when we do not get to its end.

    What a kill -9 left of earlier ones is removed: nobody holds their lock any more.
    """
    if target.exists():
        raise CannotStart(f"{target} is there already: choose another name, or a folder")
    if not target.parent.is_dir():
        raise CannotStart(f"there is no folder {target.parent}: make it first")
    try:
        for left_over in target.parent.glob(f"{PREFIX}*{UNFINISHED}"):
            _remove_unheld(left_over)
        descriptor, name = tempfile.mkstemp(UNFINISHED, PREFIX, target.parent)
    except OSError as error:
        raise CannotStart(f"cannot write to {target.parent}: {error.strerror}") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield Path(name)
    except OSError as error:
        raise CannotStart(f"cannot write {target}: {error.strerror or error}") from error
    finally:
        Path(name).unlink(missing_ok=True)
        os.close(descriptor)


def _remove_unheld(path: Path) -> None:
    with suppress(OSError), path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()


def _publish(path: Path, target: Path) -> None:
    """Give the file its name, which nobody else may have taken meanwhile."""
    try:
        os.link(path, target)
    except FileExistsError:
        raise CannotStart(f"{target} is there already: choose another name, or a folder") from None
    except OSError:
        path.rename(target)  # a file system without links
    sync_folder(target.parent)


async def _write(
    environ: Mapping[str, str], file: BinaryIO, show: Show, now: datetime, secrets: bool
) -> Manifest:
    writer, embedded = BackupWriter(file), not environ.get("DATABASE_URL")
    objects = local_store(environ, "objects")
    if objects and not objects.is_dir() and (environ.get("QC_STORE_URL") or not embedded):
        raise CannotStart(
            f"there are no originals in {objects}: set AIQC_DATA_DIR, or QC_STORE_URL, as for "
            "`aiqc up`"
        )
    database, programs = await _write_dumps(environ, writer, show, embedded)
    # A file is stored before the row that names it, so those of the snapshot are there.
    elsewhere = dict[str, str]()
    for folder in STORES:
        if store := local_store(environ, folder):
            await _add_store(writer, folder, store, show)
        else:
            elsewhere[folder] = shown_url(store_url(environ, folder))
    if secrets:
        await _add_private_files(writer, data_dir(environ))
    manifest = Manifest(
        format=FORMAT,
        aiqc_version=own_version(),
        created_at=now,
        postgres_major=database.server_major,
        dumped_by_major=programs.major,
        role_prefix=database.role_prefix,
        other_roles=database.other_roles,
        with_secrets=any(name.startswith("secrets/") for name in writer.members),
        elsewhere=elsewhere,
        contents=database.contents,
        members=writer.members,
    )
    writer.finish(manifest)
    return manifest


async def _write_dumps(
    environ: Mapping[str, str], writer: BackupWriter, show: Show, embedded: bool
) -> tuple[Frozen, Programs]:
    async with _admin_dsn(environ) as dsn:
        for _ in range(TRIES):
            writer.restart()
            show("counting", 0, 0)
            async with frozen(dsn) as database:
                programs = programs_to_dump(database.server_major, environ, embedded)
                try:
                    for schema in database.schemas:
                        dump = programs.dump(dsn, schema, database.snapshot)
                        shown = _shown(dump, show, f"dumping {schema}")
                        await writer.add(f"database/{schema}.dump", shown)
                except CannotStart:
                    if not await database.is_rewritten():
                        raise
                else:
                    if not await database.is_rewritten():
                        return database, programs
    raise CannotStart("tables are emptied or dropped again and again: try at a quieter time")


@asynccontextmanager
async def _admin_dsn(environ: Mapping[str, str]) -> AsyncIterator[str]:
    """The database of DATABASE_URL, of the platform that runs, or of one that does not."""
    folder = data_dir(environ)
    refuse_unfinished(folder)
    if url := environ.get("DATABASE_URL"):
        yield url
        return
    server = folder / "postgres"
    if not (server / "cluster").is_dir():
        raise CannotStart(f"there is no AI QC in {folder}: set AIQC_DATA_DIR as for `aiqc up`")
    with ExitStack() as stack:
        port = await _port_of_running(stack, environ, server / "cluster")
        if port is None:
            port = stack.enter_context(EmbeddedPostgres(server)).port
        password = (server / PASSWORD_FILE).read_text()
        yield f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{port}/{DATABASE}"


async def _port_of_running(
    stack: ExitStack, environ: Mapping[str, str], cluster: Path
) -> int | None:
    """None when nothing runs; the data directory is then held by us.

    Only `aiqc up` announces itself. A single command's server ends with it, at any moment, so
    such a command is waited for, unless it takes long.
    """
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            stack.enter_context(held_data_dir(environ))
            return None
        except DataDirInUse:
            is_late = time.monotonic() > deadline
            port = port_of_living(cluster)
            if port and (is_late or is_announced(environ)):
                return port
            if is_late:
                raise
        await asyncio.sleep(POLL_S)


async def _shown(chunks: AsyncIterator[bytes], show: Show, what: str) -> AsyncIterator[bytes]:
    done = 0
    async for chunk in chunks:
        done += len(chunk)
        show(what, done, 0)
        yield chunk


def _sizes(folder: Path) -> dict[Path, int]:
    """A file that ends in #1 is one that the store has not renamed to its name yet."""
    found = [path for path in sorted(folder.rglob("*")) if "#" not in path.name]
    return {path: path.lstat().st_size for path in found if path.is_file()}


async def _add_store(writer: BackupWriter, name: str, folder: Path, show: Show) -> None:
    sizes = _sizes(folder)
    done, total = 0, sum(sizes.values())
    for path, size in sizes.items():
        with suppress(FileNotFoundError), path.open("rb") as file:  # its time may have come
            await writer.add(f"{name}/{path.relative_to(folder).as_posix()}", _content(file))
        done += size
        show(f"copying {name}", done, total)


async def _add_private_files(writer: BackupWriter, folder: Path) -> None:
    for name in PRIVATE_FILES:
        if (folder / name).exists():
            with (folder / name).open("rb") as file:
                await writer.add(f"secrets/{name}", _content(file))


async def _content(file: BinaryIO) -> AsyncIterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk
        await asyncio.sleep(0)
