"""The old tracker's daily logs: a line of bytes in, the ledger's rows out.

    analysis_complete → an event, an entry for each provider and one that makes the parts
                        add up to the line's own totals
    every other event → an event whose details keep what has no column

Ids come from the line's bytes: the same line is the same event wherever and whenever it is read.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

from pydantic_core import from_json

from libs.ids import derived_uuid7
from services.usage.domain.legacy_lines import MAX_LINE_BYTES
from services.usage.domain.legacy_values import (
    MAX_COUNT,
    MAX_USD,
    UNKNOWN,
    Unreadable,
    count,
    instant,
    json_text,
    mapping,
    number,
    refuse_nul,
    rest,
    text,
)
from services.usage.domain.report import WIDE, exact_sum

Row = dict[str, Any]
ProviderOf = Callable[[str], str]

LOGS = "usage_logs"
"""How an entry tells which of the two old trackers it is from: `raw_usage.tracker`."""

KINDS = {
    "analysis_start": "analysis_started",
    "analysis_complete": "analysis_completed",
    "check_execution": "check_execution",
    "user_login": "user_login",
    "access_change": "access_change",
    "access_request": "access_request",
}
_EVENT = frozenset({"event", "timestamp", "client", "profile", "user_email", "user_name"})
_COMPLETED = _EVENT | {
    "checks_completed",
    "overall_score",
    "token_usage",
    "total_cost_usd",
    "estimated_cost_usd",
}
_WITH_ANALYSIS = {"analysis_started", "analysis_completed"}
_PART = {"prompt_tokens", "completion_tokens", "total_tokens", "cost"}
_TOTALS = {"total_prompt_tokens", "total_completion_tokens", "total_tokens", "by_provider"}
_RAW = json_text({"tracker": LOGS})
_BEST_SCORE = Decimal(100)
_EXACTLY = json.JSONDecoder(parse_float=Decimal)

IMPORTED: Row = {
    "analysis_id": None,
    "profile_version": None,
    "check_ids": [],
    "attempt_no": 1,
    "fallback_of": None,
    "provider": UNKNOWN,
    "model_requested": UNKNOWN,
    "model_served": None,
    "service_tier": "standard",
    "service_tier_requested": None,
    "outcome": "succeeded",
    "usage_source": "actual",
    "input_tokens": 0,
    "cached_input_tokens": 0,
    "cache_write_tokens": 0,
    "tool_input_tokens": 0,
    "output_tokens": 0,
    "reasoning_tokens": 0,
    "total_tokens": 0,
    "latency_ms": None,
    "fill_percentage": None,
    "tool_calls": "{}",
    "modality_tokens": "{}",
    "state": "posted",
    "price_id": None,
    "cost_usd": Decimal(0),
    "input_cost_usd": None,
    "cached_input_cost_usd": None,
    "cache_write_cost_usd": None,
    "output_cost_usd": None,
    "cost_ceiling_usd": None,
    "origin": "import",
    "calls": 1,
    "adjusts": None,
    "settles": False,
    "rerate_id": None,
}
"""An entry of an old tracker, but for who, when and which; rows are never changed in place."""


class Unit(NamedTuple):
    """What one line or row stands for: all of it is new, or none."""

    kind: str
    unit_id: UUID
    entries: Sequence[Row] = ()
    event: Row | None = None

    @property
    def occurred_at(self) -> datetime:
        at: datetime = (self.event or self.entries[0])["occurred_at"]
        return at


class Used(NamedTuple):
    prompt: int
    completion: int
    total: int
    cost: Decimal

    @property
    def tokens(self) -> tuple[int, int, int]:
        return self.prompt, self.completion, self.total


def read_line(line: bytes, provider_of: ProviderOf) -> Unit:
    """What a line says. Raises Unreadable, which names the reason, when it cannot count.

    `provider_of` gives the ledger's id of a provider: `google` for `Gemini`.
    """
    said = _object(line)
    word = text(said.get("event"), "event", "")
    kind = KINDS.get(word)
    if kind is None:
        raise Unreadable("unknown event", word)
    if b"\\u0000" in line:
        refuse_nul(said)
    digest = sha256(line).digest()
    if kind != "analysis_completed":
        row = _event(said, kind, digest, _EVENT)
        return Unit(kind, row["event_id"], (), row)
    row = _event(said, kind, digest, _COMPLETED)
    exact = _exact(line)
    row["checks_completed"] = count(exact.get("checks_completed"), "checks_completed") or 0
    row["overall_score"] = number(exact.get("overall_score"), "overall_score", _BEST_SCORE)
    entries = list(_entries(exact, said.get("token_usage") or {}, row, provider_of))
    return Unit(kind, row["event_id"], entries, row)


def _object(line: bytes) -> Mapping[str, Any]:
    if len(line) > MAX_LINE_BYTES:
        raise Unreadable(f"longer than {MAX_LINE_BYTES:,} bytes")
    try:
        said = from_json(line, allow_inf_nan=False)
    except ValueError as error:
        raise Unreadable("not JSON", str(error)) from None
    if not isinstance(said, dict):
        raise Unreadable("JSON, but no object")
    return said


def _exact(line: bytes) -> Mapping[str, Any]:
    """The same object with the digits of its numbers as they were written."""
    try:
        exact: Mapping[str, Any] = _EXACTLY.decode(line.decode())
    except (ValueError, ArithmeticError):
        raise Unreadable("a number is too large to be kept") from None
    return exact


def _event(said: Mapping[str, Any], kind: str, digest: bytes, columns: frozenset[str]) -> Row:
    at = instant(said.get("timestamp"))
    client_id, profile_id = said.get("client"), said.get("profile")
    email = said.get("user_email") or said.get("changed_by")
    details = rest(said, columns)
    row = {
        "client_id": UNKNOWN if client_id is None else text(client_id, "client"),
        "event_id": derived_uuid7(at, digest),
        "kind": kind,
        "occurred_at": at,
        "user_key": UNKNOWN,
        "user_id": UNKNOWN,
        "user_email": "",
        "user_name": text(said.get("user_name"), "user_name", ""),
        "analysis_id": None,
        "profile_id": UNKNOWN if profile_id is None else text(profile_id, "profile"),
        "profile_version": None,
        "checks_completed": None,
        "overall_score": None,
        "verdict": None,
        "duration_ms": None,
        "content_sha256": digest,
    }
    if email:  # the old tool knew people by address: an id without one stays in the details
        row["user_key"] = row["user_email"] = text(email, "user_email")
        row["user_id"] = text(details.pop("user_id", None), "user_id")
    if kind in _WITH_ANALYSIS:
        row["analysis_id"] = derived_uuid7(at, sha256(digest + b"analysis").digest())
    row["details"] = json_text(details) if details else "{}"
    return row


def _entries(
    exact: Mapping[str, Any], said: Mapping[str, Any], event: Row, provider_of: ProviderOf
) -> Iterator[Row]:
    """An entry for each provider, and one without for what the line's totals have beyond them.

    `said` is the line's usage with floats, for what is kept but not counted. When the parts
    exceed the totals, which are as logged, there is one entry only, and it is `suspect`.
    """
    usage = mapping(exact.get("token_usage"), "token_usage")
    parts = {
        name: _used(mapping(part, "by_provider"))
        for name, part in mapping(usage.get("by_provider"), "by_provider").items()
    }
    whole = _whole(exact, usage, list(parts.values()))
    lacking = _lacking(whole, list(parts.values()))
    if min(lacking.tokens) < 0:
        yield _entry(event, "whole", whole, said) | {"state": "suspect"}
    elif not parts:
        source = "actual" if usage else "estimated"
        yield _entry(event, "whole", whole, rest(said, _TOTALS)) | {"usage_source": source}
    else:
        for name, used in parts.items():
            row = _entry(event, f"part {name}", used, rest(said["by_provider"][name] or {}, _PART))
            row["provider"] = provider_of(text(name, "by_provider"))
            yield row
        if any(lacking.tokens) or lacking.cost:
            yield _entry(event, "lacking", lacking, {}) | {"calls": 0}


def _used(part: Mapping[str, Any]) -> Used:
    prompt = count(part.get("prompt_tokens"), "prompt_tokens") or 0
    completion = count(part.get("completion_tokens"), "completion_tokens") or 0
    total = count(part.get("total_tokens"), "total_tokens")
    cost = number(part.get("cost"), "cost", MAX_USD) or Decimal(0)
    return Used(prompt, completion, prompt + completion if total is None else total, cost)


def _whole(line: Mapping[str, Any], usage: Mapping[str, Any], parts: Sequence[Used]) -> Used:
    """What the line itself says that it used; what it does not say is the sum of its parts."""
    prompt = count(usage.get("total_prompt_tokens"), "total_prompt_tokens")
    completion = count(usage.get("total_completion_tokens"), "total_completion_tokens")
    total = count(usage.get("total_tokens"), "total_tokens")
    cost = number(line.get("total_cost_usd"), "total_cost_usd", MAX_USD)
    if cost is None:
        cost = number(line.get("estimated_cost_usd"), "estimated_cost_usd", MAX_USD)
    prompt = sum(part.prompt for part in parts) if prompt is None else prompt
    completion = sum(part.completion for part in parts) if completion is None else completion
    if total is None:
        total = sum(part.total for part in parts) if parts else prompt + completion
    return Used(prompt, completion, total, Decimal(0) if cost is None else cost)


def _lacking(whole: Used, parts: Sequence[Used]) -> Used:
    """What the parts lack to the whole; the cost may be less than nothing, for it was rounded."""
    cost = WIDE.subtract(whole.cost, exact_sum(part.cost for part in parts))
    if abs(cost) > MAX_USD or max(whole.tokens) > MAX_COUNT:
        raise Unreadable("parts add up to more than can be kept")
    return Used(
        whole.prompt - sum(part.prompt for part in parts),
        whole.completion - sum(part.completion for part in parts),
        whole.total - sum(part.total for part in parts),
        cost,
    )


def _entry(event: Row, part: str, used: Used, beyond: Mapping[str, Any]) -> Row:
    """An entry of the analysis that `event` completed; `part` makes its id one of its own."""
    digest = sha256(event["content_sha256"] + part.encode()).digest()
    return IMPORTED | {
        "client_id": event["client_id"],
        "event_id": derived_uuid7(event["occurred_at"], digest),
        "occurred_at": event["occurred_at"],
        "user_key": event["user_key"],
        "user_id": event["user_id"],
        "user_email": event["user_email"],
        "user_name": event["user_name"],
        "analysis_id": event["analysis_id"],
        "profile_id": event["profile_id"],
        "input_tokens": used.prompt,
        "output_tokens": used.completion,
        "total_tokens": used.total,
        "cost_usd": used.cost,
        "raw_usage": json_text({**beyond, "tracker": LOGS}) if beyond else _RAW,
        "content_sha256": event["content_sha256"],
    }
