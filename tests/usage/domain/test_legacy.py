"""Reading a line of the old tracker's daily logs."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from services.usage.domain.legacy import Unit, read_line
from services.usage.domain.legacy_lines import MAX_LINE_BYTES
from services.usage.domain.legacy_values import Unreadable
from services.usage.staging import ENTRY, EVENT

PARTS = {
    "Gemini": {"prompt_tokens": 30, "completion_tokens": 4, "total_tokens": 99, "cost": 0.0046},
    "OpenAI": {"prompt_tokens": 70, "completion_tokens": 6, "total_tokens": 76, "cost": 0.0128},
}
TOTALS = {"total_prompt_tokens": 100, "total_completion_tokens": 10, "total_tokens": 175}


def _read(line: bytes) -> Unit:
    return read_line(line, lambda name: {"gemini": "google"}.get(name.lower(), name.lower()))


def _said(event: str = "analysis_complete", **given: Any) -> Unit:
    known: dict[str, Any] = {
        "event": event,
        "timestamp": "2026-01-26T09:06:41.881205",
        "session_id": "20260126_090623",
        "client": "general",
        "profile": "general_check",
        "user_id": "u-1007",
        "user_email": "tom.k@agency.example",
        "user_name": "Tom, Jr. Klein",
    }
    return _read(json.dumps({k: v for k, v in (known | given).items() if v != "-"}).encode())


def _completed(**given: Any) -> Unit:
    known: dict[str, Any] = {
        "checks_completed": 7,
        "overall_score": 77.67,
        "token_usage": TOTALS | {"by_provider": PARTS},
        "total_cost_usd": 0.0175,
    }
    return _said(**(known | given))


def _event(unit: Unit) -> dict[str, Any]:
    assert unit.event is not None
    return unit.event


def _reason(line: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        _read(line)
    return caught.value.reason


def test_completed_analysis_is_an_event_and_an_entry_for_each_provider() -> None:
    unit = _completed()
    event, (gemini, openai, lacking) = _event(unit), unit.entries

    assert event["kind"] == unit.kind == "analysis_completed"
    assert event["occurred_at"] == datetime(2026, 1, 26, 9, 6, 41, 881205, UTC)
    assert (event["checks_completed"], event["overall_score"]) == (7, Decimal("77.67"))
    assert json.loads(event["details"]) == {"session_id": "20260126_090623"}
    assert [entry["provider"] for entry in unit.entries] == ["google", "openai", "unknown"]
    assert (gemini["input_tokens"], gemini["output_tokens"], gemini["total_tokens"]) == (30, 4, 99)
    assert (openai["cost_usd"], openai["calls"], openai["origin"]) == (
        Decimal("0.0128"),
        1,
        "import",
    )
    assert (lacking["cost_usd"], lacking["calls"]) == (Decimal("0.0001"), 0)
    assert {entry["analysis_id"] for entry in unit.entries} == {event["analysis_id"]}


def test_rows_have_every_column() -> None:
    unit = _completed()

    assert set(_event(unit)) == set(EVENT)
    assert all(set(entry) == set(ENTRY) for entry in unit.entries)


def test_entries_add_up_to_the_totals_of_the_line() -> None:
    totals = {"total_prompt_tokens": 120, "total_completion_tokens": 11, "total_tokens": 1_000}
    unit = _completed(token_usage=totals | {"by_provider": PARTS}, total_cost_usd=0.01)

    assert sum(entry["input_tokens"] for entry in unit.entries) == 120
    assert sum(entry["output_tokens"] for entry in unit.entries) == 11
    assert sum(entry["total_tokens"] for entry in unit.entries) == 1_000
    assert sum(entry["cost_usd"] for entry in unit.entries) == Decimal("0.01")
    assert unit.entries[-1]["cost_usd"] == Decimal("-0.0074")


def test_parts_that_add_up_need_no_further_entry() -> None:
    assert len(_completed(total_cost_usd=0.0174).entries) == 2


def test_parts_beyond_the_totals_give_one_suspect_entry_with_the_totals() -> None:
    totals = TOTALS | {"total_prompt_tokens": 99}
    [entry] = _completed(token_usage=totals | {"by_provider": PARTS}).entries

    assert (entry["provider"], entry["state"]) == ("unknown", "suspect")
    assert (entry["input_tokens"], entry["total_tokens"]) == (99, 175)
    assert entry["cost_usd"] == Decimal("0.0175")
    assert json.loads(entry["raw_usage"])["by_provider"] == PARTS


def test_part_that_is_null_is_a_call_that_used_nothing() -> None:
    parts = {"OpenAI": PARTS["OpenAI"], "Gemini": None}
    totals = {"total_prompt_tokens": 70, "total_completion_tokens": 6, "total_tokens": 76}
    unit = _completed(token_usage=totals | {"by_provider": parts}, total_cost_usd=0.0128)

    costs = {entry["provider"]: entry["cost_usd"] for entry in unit.entries}
    assert costs == {"openai": Decimal("0.0128"), "google": Decimal(0)}


def test_old_line_without_tokens_is_one_estimated_call() -> None:
    unit = _completed(token_usage="-", total_cost_usd="-", estimated_cost_usd=0.0585)
    [entry] = unit.entries

    assert (entry["provider"], entry["usage_source"], entry["calls"]) == ("unknown", "estimated", 1)
    assert (entry["cost_usd"], entry["total_tokens"]) == (Decimal("0.0585"), 0)


@pytest.mark.parametrize(
    ("costs", "usd"),
    [
        ({"total_cost_usd": 0.02, "estimated_cost_usd": 0.5}, "0.02"),
        ({"total_cost_usd": 0, "estimated_cost_usd": 0.5}, "0"),
        ({"total_cost_usd": None, "estimated_cost_usd": 0.5}, "0.5"),
        ({"total_cost_usd": "-"}, "0"),
    ],
)
def test_cost_is_the_total_else_the_estimate_else_nothing(costs: dict[str, Any], usd: str) -> None:
    assert sum(entry["cost_usd"] for entry in _completed(**costs).entries) == Decimal(usd)


@pytest.mark.parametrize(
    "usd", ["0.1000000000000000055511151231257827021181583404541015625", "1e-7", "0.1230"]
)
def test_cost_has_the_digits_that_were_written(usd: str) -> None:
    line = '{"event": "analysis_complete", "timestamp": "2026-01-26", "total_cost_usd": %s}'
    [entry] = _read((line % usd).encode()).entries

    assert str(entry["cost_usd"]) == str(Decimal(usd))


def test_what_is_missing_is_unknown() -> None:
    unit = _completed(client="-", profile=None, user_id="-", user_email="", user_name="-")
    event, entry = _event(unit), unit.entries[0]

    assert (event["client_id"], event["profile_id"], event["user_key"]) == ("unknown",) * 3
    assert (event["user_id"], event["user_email"], event["user_name"]) == ("unknown", "", "")
    assert entry["user_key"] == entry["client_id"] == "unknown"


def test_people_are_known_by_address_as_the_old_tool_knew_them() -> None:
    named, nameless = _event(_completed()), _event(_completed(user_id="-", user_name="-"))
    without_address = _event(_completed(user_email="-"))

    assert named["user_key"] == nameless["user_key"] == "tom.k@agency.example"
    assert (named["user_id"], nameless["user_id"]) == ("u-1007", "unknown")
    assert (without_address["user_key"], without_address["user_id"]) == ("unknown", "unknown")
    assert json.loads(without_address["details"])["user_id"] == "u-1007"


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("2026-01-26T23:59:59.999162", datetime(2026, 1, 26, 23, 59, 59, 999162, UTC)),
        ("2026-01-26T23:30:00-05:00", datetime(2026, 1, 27, 4, 30, tzinfo=UTC)),
        ("2026-01-26T08:00:00Z", datetime(2026, 1, 26, 8, tzinfo=UTC)),
        ("2026-01-26 08:00", datetime(2026, 1, 26, 8, tzinfo=UTC)),
    ],
)
def test_time_without_a_zone_is_utc(written: str, at: datetime) -> None:
    assert _event(_completed(timestamp=written))["occurred_at"] == at


def test_same_line_has_the_same_ids_and_another_line_has_others() -> None:
    first, again = _completed(), _completed()
    other = _completed(overall_score=77.68)
    ids = {_event(first)["event_id"], *(entry["event_id"] for entry in first.entries)}

    assert first == again
    assert len(ids) == 4
    assert not ids & {_event(other)["event_id"], *(entry["event_id"] for entry in other.entries)}
    assert _event(first)["analysis_id"] != _event(other)["analysis_id"]


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("analysis_start", "analysis_started"),
        ("check_execution", "check_execution"),
        ("user_login", "user_login"),
        ("access_change", "access_change"),
        ("access_request", "access_request"),
    ],
)
def test_other_events_keep_what_has_no_column(event: str, kind: str) -> None:
    more = {"filesize": 3_533_608, "token_usage": {"total_tokens": 5}, "clients": ["diageo"]}
    unit = _said(event, **more)

    assert (unit.kind, unit.entries) == (kind, ())
    assert json.loads(_event(unit)["details"]) == {"session_id": "20260126_090623"} | more
    assert (_event(unit)["analysis_id"] is None) == (event != "analysis_start")


def test_change_of_access_is_by_who_changed_it() -> None:
    changed = _said("access_change", user_email="-", changed_by="ada@agency.example")

    assert _event(changed)["user_key"] == "ada@agency.example"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"\x00\x01\x7f PNG rubbish", "not JSON"),
        (b'{"event": "user_login", "timestamp": "202', "not JSON"),
        (b'{"event": "user_login"}{"event": "user_login"}', "not JSON"),
        (b'{"event": "user_login", "user_name": "Zo\xeb"}', "not JSON"),
        (b'{"event": "user_login", "user_name": "\\ud800"}', "not JSON"),
        (b'{"event": "user_login", "cost": NaN}', "not JSON"),
        (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, "not JSON"),
        (b'{"n": ' + b"9" * 5_000 + b"}", "not JSON"),
        (b"[1, 2, 3]", "JSON, but no object"),
        (b"null", "JSON, but no object"),
        (b'{"pad": "' + b"x" * MAX_LINE_BYTES + b'"}', "longer than 1,048,576 bytes"),
        (b"{}", "unknown event"),
        (b'{"event": "lunch"}', "unknown event"),
        (b'{"event": ["user_login"]}', "event is no text"),
    ],
)
def test_line_that_is_not_one_of_the_old_tool_is_named(line: bytes, reason: str) -> None:
    assert _reason(line) == reason


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ('"timestamp": null', "no timestamp"),
        ('"timestamp": 1769418401', "no timestamp"),
        ('"timestamp": "yesterday"', "timestamp is no ISO 8601 time"),
        ('"timestamp": "9999-12-31T23:59:59-05:00"', "timestamp is no ISO 8601 time"),
        ('"timestamp": "9999-12-31T23:59:59"', "timestamp is not in this century"),
        ('"timestamp": "1999-12-31T23:59:59"', "timestamp is not in this century"),
        ('"client": "a\\u0000b"', "NUL character, which cannot be stored"),
        ('"status": ["a\\u0000b"]', "NUL character, which cannot be stored"),
        ('"client": "' + "x" * 301 + '"', "client has more than 300 characters"),
        ('"client": {"id": "diageo"}', "client is no text"),
        ('"duration": [1e400]', "a number is too large to be kept"),
        ('"total_cost_usd": 1e400', "total_cost_usd is not between 0 and 999,999"),
        ('"total_cost_usd": 1e99999999999999999999', "a number is too large to be kept"),
        ('"total_cost_usd": 1e-101', "total_cost_usd has more than 100 decimal places"),
        ('"total_cost_usd": -0.01', "total_cost_usd is not between 0 and 999,999"),
        ('"total_cost_usd": "0.01"', "total_cost_usd is no number"),
        ('"total_cost_usd": true', "total_cost_usd is no number"),
        ('"overall_score": 100.1', "overall_score is not between 0 and 100"),
        ('"checks_completed": 1.5', "checks_completed is no whole number from 0 to 2,000,000,000"),
        ('"token_usage": [1]', "token_usage is no object"),
        ('"token_usage": {"by_provider": {"OpenAI": 7}}', "by_provider is no object"),
        (
            '"token_usage": {"total_tokens": -5}',
            "total_tokens is no whole number from 0 to 2,000,000,000",
        ),
        (
            '"token_usage": {"by_provider": {"OpenAI": {"prompt_tokens": 3000000000}}}',
            "prompt_tokens is no whole number from 0 to 2,000,000,000",
        ),
        (
            '"token_usage": {"by_provider": {"a": {"cost": 900000}, "b": {"cost": 900000}}}',
            "parts add up to more than can be kept",
        ),
    ],
)
def test_value_that_makes_no_sense_is_named(members: str, reason: str) -> None:
    line = f'{{"event": "analysis_complete", "timestamp": "2026-01-26", {members}}}'

    assert _reason(line.encode()) == reason


def test_escaped_backslash_is_no_nul_character() -> None:
    assert json.loads(_event(_said("user_login", path=r"C:\u0000"))["details"])["path"]


def test_word_infinity_is_no_number() -> None:
    assert "Infinity" in _event(_said("user_login", film="Infinity War"))["details"]


def test_whole_number_may_be_written_with_a_point() -> None:
    assert _event(_completed(checks_completed=7.0))["checks_completed"] == 7
