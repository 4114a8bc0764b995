"""Days as people write them."""

from datetime import UTC, date, datetime

import pytest

from services.usage.domain.period import Period, read_day, read_period

TODAY = date(2026, 3, 1)


def test_days_are_whole_utc_days_and_both_ends_are_included() -> None:
    period = Period(date(2026, 2, 1), date(2026, 2, 28))

    assert period.start_at == datetime(2026, 2, 1, tzinfo=UTC)
    assert period.end_at == datetime(2026, 3, 1, tzinfo=UTC)


def test_last_days_count_today() -> None:
    assert read_period(None, None, 1, TODAY) == Period(TODAY, TODAY)
    assert read_period(None, None, 7, TODAY) == Period(date(2026, 2, 23), TODAY)


def test_day_past_the_end_of_its_month_is_the_last_of_it() -> None:
    assert read_day("2026-02-31") == date(2026, 2, 28)
    assert read_day("2028-02-30") == date(2028, 2, 29)
    assert read_day("2026-04-31") == date(2026, 4, 30)


@pytest.mark.parametrize(
    "text", ["2026-13-01", "2026-00-10", "2026-02-00", "2026-02-32", "0000-01-01", "soon"]
)
def test_day_of_no_calendar_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match=f"'{text}' is not a day"):
        read_day(text)


def test_open_period_has_no_ends() -> None:
    period = read_period(None, None, None, TODAY)

    assert (period.start_at, period.end_at) == (None, None)


def test_period_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValueError, match="before it starts"):
        read_period("2026-02-02", "2026-02-01", None, TODAY)


def test_last_days_and_dates_exclude_each_other() -> None:
    with pytest.raises(ValueError, match="not both"):
        read_period("2026-02-02", None, 3, TODAY)


def test_first_and_last_day_of_all_time_do_not_overflow() -> None:
    assert Period(last_on=date.max).end_at is None
    assert read_period(None, None, 9_999_999, TODAY).first_on == date.min
