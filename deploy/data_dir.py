"""What stands beside the cluster in an embedded server's data directory: lock, log, sockets."""

import fcntl
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

from deploy import CannotStart
from deploy.children import Account
from deploy.private_files import give_to_owner_of, write_private

LOG_BYTES = 1_000_000
SOCKET_RECORD = "socket_folder"


def open_log(path: Path) -> BinaryIO:
    """Append to the log; a large one is put aside first, in place of the one before it."""
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    give_to_owner_of(path.parent, descriptor)
    file = os.fdopen(descriptor, "ab")
    file.seek(0, os.SEEK_END)
    return file


def lock(data_dir: Path) -> int:
    """Hold the data directory until the descriptor is closed, be it by the kernel."""
    descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        # Whoever has just taken the lock may not have written its process id yet.
        time.sleep(0.05)
        holder = os.pread(descriptor, 20, 0).decode()
        os.close(descriptor)
        raise CannotStart(
            f"{data_dir} is in use by process {holder}: stop it first, or choose another "
            "folder with AIQC_DATA_DIR"
        ) from None
    give_to_owner_of(data_dir, descriptor)
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, str(os.getpid()).encode(), 0)
    return descriptor


def socket_folder(data_dir: Path, account: Account) -> str:
    """An empty folder of the account's in /tmp: a socket's path has 103 bytes at most.

    Its name is kept on record, so that the next start after a kill -9 uses it again. What a
    killed server left there would stop the next one for as long as its process id is in use.
    """
    record = data_dir / SOCKET_RECORD
    if record.exists() and _is_private(Path(record.read_text()), account):
        for left_over in Path(record.read_text()).iterdir():
            left_over.unlink()
        return record.read_text()
    folder = Path(tempfile.mkdtemp(prefix="aiqc-", dir="/tmp"))
    try:
        account.take(folder)
        write_private(record, str(folder))
    except OSError:
        folder.rmdir()
        raise
    return str(folder)


def _is_private(folder: Path, account: Account) -> bool:
    try:
        state = folder.lstat()
    except OSError:
        return False
    same_owner = state.st_uid == (os.geteuid() if account.is_ours else account.user_id)
    return stat.S_ISDIR(state.st_mode) and stat.S_IMODE(state.st_mode) == 0o700 and same_owner


def remove_socket_folder(data_dir: Path, folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    (data_dir / SOCKET_RECORD).unlink(missing_ok=True)
