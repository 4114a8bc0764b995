"""What the command line asks of the usage service; `services/cli.py` composes it."""

import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from libs.api.usage import UsageApi
from libs.problems import Invalid
from services.usage.domain.period import read_period


@dataclass(frozen=True, slots=True)
class ReportOptions:
    """Flags of `aiqc report`; the names and what they mean are those of the old tool.

    Parameters
    ----------
    last_days
        Report on this many days, today included.
    start_date
        First day, YYYY-MM-DD, in UTC.
    end_date
        Last day, included; a day past the month's end means the month's last day.
    client
        Report on one brand client only.
    user
        Report on one user only, by id or e-mail address.
    format
        text, json or csv.
    output
        Write the report to this file instead of the terminal.
    """

    last_days: int | None = None
    start_date: str | None = None
    end_date: str | None = None
    client: str | None = None
    user: str | None = None
    format: Literal["text", "json", "csv"] = "text"
    output: Path | None = None


async def report(api: UsageApi, options: ReportOptions) -> str:
    """Fetch a report and return what to print: the report, or where it was written.

    The file is either the whole report or not touched at all. Raises Problem, whose detail
    is a sentence for the person at the terminal.
    """
    _refuse_bad_period(options)
    filters = {
        "last_days": options.last_days,
        "start_date": options.start_date,
        "end_date": options.end_date,
        "client": options.client,
        "user": options.user,
        "format": options.format,
    }
    given = {name: str(value) for name, value in filters.items() if value is not None}
    content = await api.report(**given)
    if options.output is None:
        return content.decode()
    _write_whole(options.output, content)
    return f"Report written to {options.output}\n"


def _refuse_bad_period(options: ReportOptions) -> None:
    if options.last_days is not None and options.last_days < 1:
        raise Invalid("bad_period", "--last-days needs a number of days from 1.")
    try:
        today_on = datetime.now(UTC).date()
        read_period(options.start_date, options.end_date, options.last_days, today_on)
    except ValueError as error:
        raise Invalid("bad_period", str(error)) from error


def _write_whole(path: Path, content: bytes) -> None:
    """Write beside `path`, then rename: a reader sees the old file or the new one."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise _not_writable(path, error) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _give_usual_mode(name)
        Path(name).replace(path)
    except OSError as error:
        with suppress(OSError):
            Path(name).unlink()
        raise _not_writable(path, error) from error


def _give_usual_mode(name: str) -> None:
    """mkstemp makes a file for its owner alone; a report has the mode of any new file."""
    mask = os.umask(0)
    os.umask(mask)
    Path(name).chmod(0o666 & ~mask)


def _not_writable(path: Path, error: OSError) -> Invalid:
    return Invalid("cannot_write", f"Cannot write {path}: {error.strerror or error}.")
