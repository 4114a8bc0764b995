"""Reading the second old tracker's usage.json."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from services.usage.domain.legacy import Unit
from services.usage.domain.legacy_usage_json import Rows, read_document
from services.usage.domain.legacy_values import Unreadable
from services.usage.staging import ENTRY

USAGE: dict[str, Any] = {
    "month": "2026-01",
    "day": "2026-01-26",
    "model": "gemini-2.5-pro",
    "service": "google",
    "pydantic_model_name": "BarcodeZoneModel",
    "requests": 2,
    "input_tokens": 56,
    "output_tokens": 39,
    "total_tokens": 110,
    "cost": Decimal("0.000265"),
}
TOOL = {"month": "2026-01", "day": "2026-01-26", "tool_name": "measure_contrast", "calls": 3}


def _rows() -> Rows:
    return Rows(str.lower)


def _usage(**given: Any) -> Unit:
    return _rows().read("daily_usage", USAGE | given)


def test_row_is_one_entry_that_stands_for_its_requests() -> None:
    unit = _usage()
    [entry] = unit.entries

    assert set(entry) == set(ENTRY)
    assert entry["occurred_at"] == datetime(2026, 1, 26, 12, tzinfo=UTC)
    assert (entry["provider"], entry["model_requested"]) == ("google", "gemini-2.5-pro")
    assert (entry["check_ids"], entry["calls"]) == (["BarcodeZoneModel"], 2)
    assert (entry["input_tokens"], entry["output_tokens"], entry["total_tokens"]) == (56, 39, 110)
    assert (entry["cost_usd"], entry["client_id"]) == (Decimal("0.000265"), "unknown")


def test_tool_row_counts_the_tool_and_no_provider_call() -> None:
    [entry] = _rows().read("daily_tool_usage", TOOL).entries

    assert json.loads(entry["tool_calls"]) == {"measure_contrast": 3}
    assert (entry["calls"], entry["cost_usd"], entry["total_tokens"]) == (0, 0, 0)


def test_row_that_grew_keeps_its_id_so_that_it_is_not_counted_beside_what_it_was() -> None:
    before, after = _usage(), _usage(requests=3)
    other = _usage(model="gemini-2.5-flash")

    assert before.unit_id == after.unit_id != other.unit_id
    assert before.entries[0]["content_sha256"] != after.entries[0]["content_sha256"]


def test_rows_of_one_file_that_count_the_same_both_count() -> None:
    def ids() -> list[Any]:
        rows = _rows()
        return [rows.read("daily_usage", USAGE).unit_id for _ in range(2)]

    assert len(set(ids())) == 2
    assert ids() == ids()


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"day": None}, "no timestamp"),
        ({"day": "someday"}, "timestamp is no ISO 8601 time"),
        ({"requests": -1}, "requests is no whole number from 0 to 2,000,000,000"),
        ({"cost": "free"}, "cost is no number"),
        ({"model": "gpt\x00"}, "NUL character, which cannot be stored"),
    ],
)
def test_value_that_makes_no_sense_is_named(given: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        _usage(**given)

    assert caught.value.reason == reason


def test_document_names_what_has_no_day() -> None:
    said = {"usage_today": 1.5, "daily_usage": [{}, {}], "daily_tool_usage": [{}]}
    document = read_document(json.dumps(said | {"fill": {"a": [90, 100], "b": [80]}}).encode())

    places = [(kind, number) for kind, number, _ in document.rows]
    assert places == [("daily_usage", 0), ("daily_usage", 1), ("daily_tool_usage", 0)]
    assert document.left_out == {"fill": {"a": [90, 100], "b": [80]}}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"daily_usage": {}}',
        b'{"daily_usage": [], "daily_tool_usage": 1}',
        b'{"daily_usage": [NaN]}',
        b'{"daily_usage": [' + b"[" * 100_000,
        b'{"event": "user_login"}\n{"event": "user_login"}',
    ],
)
def test_other_file_is_refused_as_a_whole(content: bytes) -> None:
    with pytest.raises(Unreadable):
        read_document(content)
