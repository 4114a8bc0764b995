"""What the command line asks of the usage service; `services/cli.py` composes it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from libs.api.usage import UsageApi
from libs.contracts.usage import ReportFormat
from libs.problems import Invalid
from libs.whole_file import write_whole
from services.usage.domain.period import Period, read_period

BINARY = ("xlsx", "pdf")


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
        Report on these brand clients only; may be given several times.
    user
        Report on one user only, by id or e-mail address.
    profile
        Report on one profile only.
    check
        Count only calls that asked this check.
    provider
        Count only calls to this provider.
    model
        Count only calls that this model answered.
    format
        text, json, csv, xlsx, html, pdf, or focus (charges as FOCUS 1.2 CSV).
    output
        Write the report to this file instead of the terminal.
    email
        Send the report to this address instead; may be given several times.
    again
        Send it even to those who got it today.
    """

    last_days: int | None = None
    start_date: str | None = None
    end_date: str | None = None
    client: tuple[str, ...] = ()
    user: str | None = None
    profile: str | None = None
    check: str | None = None
    provider: str | None = None
    model: str | None = None
    format: ReportFormat = "text"
    output: Path | None = None
    email: tuple[str, ...] = ()
    again: bool = False


async def report(api: UsageApi, options: ReportOptions, is_terminal: bool = False) -> bytes:
    """Fetch a report and return what to print: the report, or where it was written.

    The file is either the whole report or not touched at all. Raises Problem, whose detail
    is a sentence for the person at the terminal.
    """
    refuse(options, is_terminal)
    content = await api.report(**filters_of(options))
    if options.output is None:
        return content
    try:
        write_whole(options.output, content)
    except OSError as error:
        raise _not_writable(options.output, error) from error
    return f"Report written to {options.output}\n".encode()


async def left_out(api: UsageApi, options: ReportOptions) -> str | None:
    """What a file of charges does not contain; None when that is nothing."""
    if options.format != "focus":
        return None
    known = json.loads(await api.report(**filters_of(options) | {"format": "json"}))
    if not known["unpriced_calls"] and not known["unknown_calls"]:
        return None
    return (
        f"Not among the charges, because nobody knows their cost: {known['unpriced_calls']:,} "
        f"calls without a known price, {known['unknown_calls']:,} with unknown usage."
    )


def filters_of(options: ReportOptions) -> dict[str, str | Sequence[str]]:
    """What to ask the service for."""
    names = ("start_date", "end_date", "user", "profile", "check", "provider", "model", "format")
    asked: dict[str, str | Sequence[str]] = {
        name: value for name in names if (value := getattr(options, name)) is not None
    }
    if options.last_days is not None:
        asked["last_days"] = str(options.last_days)
    if options.client:
        asked["client"] = options.client
    return asked


def refuse(options: ReportOptions, is_terminal: bool) -> None:
    """Raise Invalid, in words, for what can be known to be wrong before anything is asked."""
    if options.last_days is not None and options.last_days < 1:
        raise Invalid("bad_period", "--last-days needs a number of days from 1.")
    period_of(options, datetime.now(UTC).date())
    if options.email and options.output:
        raise Invalid("bad_options", "Give either --email or --output, not both.")
    if options.again and not options.email:
        raise Invalid("bad_options", "--again is for --email.")
    if options.format in BINARY and is_terminal and not (options.output or options.email):
        raise Invalid(
            "not_for_a_terminal",
            f"A terminal cannot show {options.format}: write it to a file with --output FILE.",
        )


def period_of(options: ReportOptions, today_on: date) -> Period:
    """The days that the flags name. Raises Invalid when they cannot be."""
    try:
        return read_period(options.start_date, options.end_date, options.last_days, today_on)
    except ValueError as error:
        raise Invalid("bad_period", str(error)) from error


def _not_writable(path: Path, error: OSError) -> Invalid:
    return Invalid("cannot_write", f"Cannot write {path}: {error.strerror or error}.")
