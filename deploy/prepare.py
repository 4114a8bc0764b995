"""Prepare a PostgreSQL for services that somebody else starts: `aiqc prepare`.

The images have it too, without the rest of the command line: `python -m deploy.prepare`.
"""

import argparse
import asyncio
import os
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from deploy import CannotStart
from deploy.database import SERVICES, prepare_database
from deploy.env_file import env_text
from deploy.environments import secrets_of
from deploy.installation import held_data_dir
from deploy.keys import load_keys
from deploy.private_files import write_private

BAD_CONFIGURATION = 3
NOTE = "Written by `aiqc prepare`, which writes it anew; secrets of one service, for it alone."


@dataclass(frozen=True, slots=True)
class Prepared:
    """`secrets` are the variables of each service; `database` is where it is, without secrets."""

    database: str
    secrets: Mapping[str, Mapping[str, str]] = field(repr=False)


async def prepare(environ: Mapping[str, str]) -> Prepared:
    """Database, schemas, roles and keys; may run again and then gives the same. Raises CannotStart.

    Passwords and keys stay in the data directory. The services' addresses of the database have
    the host of DATABASE_URL, so give it the name that the services know.
    """
    url = environ.get("DATABASE_URL")
    if not url:
        raise CannotStart(
            "DATABASE_URL is not set: name the PostgreSQL that the services will use, like "
            "postgresql://user:password@host/database"
        )
    with held_data_dir(environ) as folder:
        prefix = environ.get("AIQC_ROLE_PREFIX", "")
        dsns = await prepare_database(url, folder, role_prefix=prefix)
        keys = load_keys(folder)
    return Prepared(
        database=_without_account(dsns["usage"].run),
        secrets={service: secrets_of(service, dsns[service], keys) for service in SERVICES},
    )


async def prepare_files(environ: Mapping[str, str], output: Path) -> list[str]:
    """Prepare, then write OUTPUT/<service>/<service>.env; gives lines that say what was done.

    A folder for each service, so that it can be handed over without the others' secrets.
    Raises CannotStart.
    """
    folders = [output / service for service in SERVICES]
    try:
        for folder in folders:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        prepared = await prepare(environ)
        lines = [f"The database {prepared.database} is ready for {', '.join(SERVICES)}."]
        for folder in folders:
            file = folder / f"{folder.name}.env"
            text = env_text(prepared.secrets[folder.name], NOTE)
            lines.append(f"{_write(file, text):9}  {file}")
    except OSError as error:
        raise CannotStart(f"cannot write {error.filename or output}: {error.strerror}") from error
    return lines


def _write(file: Path, text: str) -> str:
    try:
        private = stat.S_IMODE(file.stat().st_mode) == 0o600
        if private and file.read_text() == text:
            return "unchanged"
    except FileNotFoundError:
        pass
    write_private(file, text)
    return "written"


def _without_account(dsn: str) -> str:
    parts = urlsplit(dsn)
    hosts = parts.netloc.rpartition("@")[2] or "the local socket"
    return f"{parts.path.lstrip('/')} at {hosts}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m deploy.prepare", description=__doc__)
    parser.add_argument("--output", type=Path, required=True, help="folder for the env files")
    try:
        lines = asyncio.run(prepare_files(os.environ, parser.parse_args().output))
    except CannotStart as error:
        print(f"prepare: {error}", file=sys.stderr)
        sys.exit(BAD_CONFIGURATION)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
