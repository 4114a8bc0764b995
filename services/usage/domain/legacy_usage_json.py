"""The second old tracker, `usage.json`: sums by day, model and question; the ledger's rows out.

A row's id comes from what it counts, not from its figures: the old tool kept writing the rows of
a day, and a row that grew must not be counted beside what it was.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple

from pydantic_core import from_json

from libs.ids import derived_uuid7
from services.usage.domain.legacy import IMPORTED, ProviderOf, Row, Unit
from services.usage.domain.legacy_values import (
    MAX_USD,
    UNKNOWN,
    Unreadable,
    count,
    instant,
    json_text,
    number,
    refuse_nul,
    rest,
    text,
)

USAGE_JSON = "usage.json"
HOUR = 12
"""Of its day, in UTC: the tracker tells no time, and noon is that day in most zones."""

_USAGE = {
    "month",
    "day",
    "model",
    "service",
    "pydantic_model_name",
    "requests",
    "input_tokens",
    "output_tokens",
    "total_tokens",
    "cost",
}
_TOOL = {"month", "day", "tool_name", "calls"}
_DERIVED = {"usage_today", "usage_this_month"}


class Document(NamedTuple):
    """`rows` are (list, place in it, row) as they stand in the file; `left_out` is what has no
    day and so no place in a ledger: the averages of how far answers were filled.
    """

    rows: Sequence[tuple[str, int, Any]]
    left_out: Mapping[str, Any]


def read_document(content: bytes) -> Document:
    """The rows of a usage.json. Raises Unreadable when the file as a whole is none."""
    try:
        shown = from_json(content, allow_inf_nan=False)
        said = json.loads(content, parse_float=Decimal)
    except (ValueError, ArithmeticError) as error:
        raise Unreadable("not JSON", str(error)) from None
    if not isinstance(said, dict) or not isinstance(said.get("daily_usage"), list):
        raise Unreadable("JSON, but has no list daily_usage")
    tools = said.get("daily_tool_usage") or []
    if not isinstance(tools, list):
        raise Unreadable("daily_tool_usage is no list")
    rows = [("daily_usage", place, row) for place, row in enumerate(said["daily_usage"])]
    rows += [("daily_tool_usage", place, row) for place, row in enumerate(tools)]
    return Document(rows, rest(shown, {"daily_usage", "daily_tool_usage"} | _DERIVED))


class Rows:
    """Reads the rows of one document, in order; two that count the same thing are told apart."""

    def __init__(self, provider_of: ProviderOf) -> None:
        self._provider_of = provider_of
        self._seen: Counter[str] = Counter()

    def read(self, kind: str, said: object) -> Unit:
        """What a row says. Raises Unreadable, which names the reason, when it cannot count."""
        if not isinstance(said, dict):
            raise Unreadable("no object")
        refuse_nul(said)
        at = instant(said.get("day")).replace(hour=HOUR, minute=0, second=0, microsecond=0)
        figures, counted = self._usage(said) if kind == "daily_usage" else _tool(said)
        key = "|".join((kind, at.date().isoformat(), *map(json.dumps, counted)))
        self._seen[key] += 1
        digest = sha256(f"{key}|{self._seen[key]}".encode()).digest()
        beyond = rest(said, _USAGE if kind == "daily_usage" else _TOOL)
        row = IMPORTED | {
            "client_id": UNKNOWN,
            "event_id": derived_uuid7(at, digest),
            "occurred_at": at,
            "user_key": UNKNOWN,
            "user_id": UNKNOWN,
            "user_email": "",
            "user_name": "",
            "profile_id": UNKNOWN,
            "raw_usage": json_text({**beyond, "tracker": USAGE_JSON}),
            "content_sha256": sha256(_canonical(said)).digest(),
            **figures,
        }
        return Unit(kind, row["event_id"], [row])

    def _usage(self, said: Mapping[str, Any]) -> tuple[Row, tuple[str, ...]]:
        model = text(said.get("model"), "model")
        service = text(said.get("service"), "service")
        question = text(said.get("pydantic_model_name"), "pydantic_model_name")
        prompt = count(said.get("input_tokens"), "input_tokens") or 0
        completion = count(said.get("output_tokens"), "output_tokens") or 0
        total = count(said.get("total_tokens"), "total_tokens")
        figures = {
            "provider": self._provider_of(service),
            "model_requested": model,
            "check_ids": [question],
            "calls": count(said.get("requests"), "requests") or 0,
            "input_tokens": prompt,
            "output_tokens": completion,
            "total_tokens": prompt + completion if total is None else total,
            "cost_usd": number(said.get("cost"), "cost", MAX_USD) or Decimal(0),
        }
        return figures, (service, model, question)


def _tool(said: Mapping[str, Any]) -> tuple[Row, tuple[str, ...]]:
    """An entry that stands for no provider call of its own: those are in daily_usage."""
    tool = text(said.get("tool_name"), "tool_name")
    calls = count(said.get("calls"), "calls") or 0
    return {"calls": 0, "tool_calls": json_text({tool: calls})}, (tool,)


def _canonical(said: Mapping[str, Any]) -> bytes:
    return json.dumps(said, sort_keys=True, default=str).encode()
