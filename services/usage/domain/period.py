"""Spans of time as people name them: whole UTC days."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})")


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first_on` to `last_on`, both included; None is open on that side."""

    first_on: date | None = None
    last_on: date | None = None

    @property
    def start_at(self) -> datetime | None:
        """The first instant that belongs to the period."""
        return _midnight(self.first_on) if self.first_on else None

    @property
    def end_at(self) -> datetime | None:
        """The first instant that belongs to it no more; None after the last day there is."""
        if self.last_on is None or self.last_on == date.max:
            return None
        return _midnight(self.last_on + timedelta(days=1))


def read_day(text: str) -> date:
    """The day that `YYYY-MM-DD` means; a day past the month's end is the month's last day.

    So a script may ask for 2026-02-31. Raises ValueError, in words for the person who typed
    it, for a month that does not exist and for a day outside 1 to 31.
    """
    parts = _DAY.fullmatch(text)
    if parts is None:
        raise ValueError(f"{text!r} is not a day: write YYYY-MM-DD.")
    year, month, day = (int(part) for part in parts.groups())
    if year < 1 or not 1 <= month <= 12 or not 1 <= day <= 31:
        raise ValueError(f"{text!r} is not a day of any calendar: write YYYY-MM-DD.")
    return date(year, month, min(day, monthrange(year, month)[1]))


def read_period(
    start_date: str | None, end_date: str | None, last_days: int | None, today_on: date
) -> Period:
    """The period that a report is asked for.

    `last_days` counts back from today, which is one of them. Raises ValueError when it is
    given together with a date, and when the period would end before it starts.
    """
    if last_days is not None:
        if start_date or end_date:
            raise ValueError("Give either last_days or start_date and end_date, not both.")
        return Period(_days_before(today_on, last_days - 1), today_on)
    first_on = read_day(start_date) if start_date else None
    last_on = read_day(end_date) if end_date else None
    if first_on and last_on and first_on > last_on:
        raise ValueError(f"The period ends ({last_on}) before it starts ({first_on}).")
    return Period(first_on, last_on)


def _days_before(day: date, days: int) -> date:
    return date.fromordinal(max(day.toordinal() - days, date.min.toordinal()))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(tzinfo=UTC))
