"""pg_dump and pg_restore: which of those at hand fits a server, and how they are run.

The programs of the wheel know no TLS, so for a server of somebody else's those on the PATH come
first. No password is ever on a command line, where every user of the machine could read it.
"""

import asyncio
import shutil
import signal
import subprocess
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from deploy import CannotStart
from deploy.backup_file import CHUNK_BYTES
from deploy.children import Account, die_with_us
from deploy.postgres_binaries import find_programs
from deploy.postgres_cluster import explain

LOCK_WAIT_MS = 60_000
SETS_TRANSACTION_TIMEOUT = 17
"""From this version on pg_restore sets an option that older servers do not know."""
PASSED_ON = ("PATH", "HOME", "LANG", "TMPDIR")


@dataclass(frozen=True)
class Programs:
    folder: Path
    major: int
    environ: Mapping[str, str]

    async def dump(self, dsn: str, schema: str, snapshot: str) -> AsyncIterator[bytes]:
        """The schema as one transaction saw it. Raises CannotStart."""
        process = await self._start(
            "pg_dump",
            dsn,
            "--format=custom",
            f"--schema={schema}",
            f"--snapshot={snapshot}",
            f"--lock-wait-timeout={LOCK_WAIT_MS}",
            "--encoding=UTF8",
            "--compress=1",  # of gzip: more costs seconds for a few percent
        )
        assert process.stdout
        async with _watched(process, f"could not back up the schema {schema}"):
            while chunk := await process.stdout.read(CHUNK_BYTES):
                yield chunk

    async def restore(self, dsn: str, schema: str, archive: AsyncIterator[bytes]) -> None:
        """Make what the archive holds, all or nothing, as the user of `dsn`, who will own it.

        The schema itself is there already. Raises CannotStart.
        """
        process = await self._start(
            "pg_restore",
            dsn,
            f"--schema={schema}",
            "--no-owner",
            "--no-tablespaces",
            "--single-transaction",
            "--exit-on-error",
        )
        assert process.stdin
        async with _watched(process, f"could not restore the schema {schema}"):
            try:
                async for chunk in archive:
                    process.stdin.write(chunk)
                    await process.stdin.drain()
            except (BrokenPipeError, ConnectionResetError):
                pass  # it has ended, and says why
            process.stdin.close()

    async def _start(self, program: str, dsn: str, *options: str) -> Process:
        address, password = without_password(dsn)
        kept = {n: v for n, v in self.environ.items() if n in PASSED_ON or n.startswith("PG")}
        return await asyncio.create_subprocess_exec(
            self.folder / program,
            f"--dbname={address}",
            "--no-password",
            *options,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=kept
            | {"LC_ALL": "C", "TZ": "UTC"}
            | ({"PGPASSWORD": password} if password else {}),
            start_new_session=True,
            preexec_fn=die_with_us(signal.SIGKILL),
        )


class _watched:
    """Until the process has ended; raises CannotStart with what it said when it failed."""

    def __init__(self, process: Process, failure: str) -> None:
        self._process, self._failure = process, failure

    async def __aenter__(self) -> None:
        assert self._process.stderr
        self._said = asyncio.create_task(self._process.stderr.read())

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is not None:
            if self._process.returncode is None:
                self._process.kill()
            await self._process.wait()
            self._said.cancel()
            return
        said = (await self._said).decode(errors="replace")
        if await self._process.wait() != 0:
            raise CannotStart(f"{self._failure}: {explain(said)}")


def programs_to_dump(server_major: int, environ: Mapping[str, str], embedded: bool) -> Programs:
    """Of the server's own version if there are any, else of a later one. Raises CannotStart."""
    for programs in sorted(_at_hand(environ, embedded), key=lambda p: p.major != server_major):
        if programs.major >= server_major:
            return programs
    raise CannotStart(
        f"the server is PostgreSQL {server_major} and there is no pg_dump of that version: "
        f"install the client programs of PostgreSQL {server_major}"
    )


def programs_to_restore(
    dumped_by_major: int, server_major: int, environ: Mapping[str, str], embedded: bool
) -> Programs:
    """Those that read the dump and speak to the server. Raises CannotStart."""
    for programs in sorted(_at_hand(environ, embedded), key=lambda p: p.major != server_major):
        too_new = programs.major >= SETS_TRANSACTION_TIMEOUT > server_major
        if programs.major >= dumped_by_major and not too_new:
            return programs
    raise CannotStart(
        f"no pg_restore here reads a dump of PostgreSQL {dumped_by_major} into a server of "
        f"version {server_major}: install the client programs of PostgreSQL {server_major}, or "
        "restore into a later server"
    )


def _at_hand(environ: Mapping[str, str], embedded: bool) -> list[Programs]:
    folders: list[Path] = []
    if not embedded and (found := shutil.which("pg_dump", path=environ.get("PATH"))):
        folders.append(Path(found).parent)
    try:
        folders.append(find_programs(Account()))
    except CannotStart:
        if not folders:
            raise
    return [Programs(folder, _major(folder / "pg_dump"), environ) for folder in folders]


def _major(program: Path) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    try:
        return int(said.split()[2].partition(".")[0])
    except (IndexError, ValueError):
        raise CannotStart(f"{program} does not say its version: is it pg_dump?") from None


def without_password(dsn: str) -> tuple[str, str]:
    """The address without its password, and the password."""
    parts = urlsplit(dsn)
    account, _, hosts = parts.netloc.rpartition("@")
    user, _, password = account.partition(":")
    options = parse_qsl(parts.query)
    password = unquote(password) or dict(options).get("password", "")
    query = urlencode([(name, value) for name, value in options if name != "password"])
    netloc = f"{user}@{hosts}" if user else hosts
    return urlunsplit(parts._replace(netloc=netloc, query=query)), password
