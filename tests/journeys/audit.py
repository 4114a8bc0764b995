"""Holds what lies in the tables against what the provider saw. Knows nothing of the services."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.fake_providers import Call
from tests.journeys.fleet import Fleet, key_of

TOTAL = {"openai": "total_tokens", "google": "totalTokenCount"}
WITHOUT_USAGE = (1_000, 200)


@dataclass(frozen=True)
class Audit:
    """What was found; every rule has been held by then."""

    calls: int
    billed: int
    entries: int
    analyses: int
    unknown: frozenset[str]
    unknown_by_life: Mapping[str, int]
    never_made: int

    def __str__(self) -> str:
        return (
            f"{self.analyses} analyses, {self.calls} calls, {self.billed} billed, "
            f"{self.entries} entries, 0 missing, 0 double, {len(self.unknown)} unknown "
            f"({self.never_made} of them never made)"
        )


async def audited(fleet: Fleet, ends: str = "done") -> Audit:
    """Raises AssertionError where a call or an analysis is lost, double or wrong, or where one
    ends in another state than that.
    """
    calls = list(fleet.fake.calls)
    keys = [key_of(headers) for headers, _ in fleet.fake.requests]
    entries = await fleet.rows("SELECT * FROM usage.ledger_entry")
    by_id = {str(entry["event_id"]): dict(entry) for entry in entries}

    seen = Counter(call.attempt_id for call in calls)
    assert set(seen.values()) <= {1}, "no call is made twice"
    assert len(by_id) == len(entries), "no call is in the ledger twice"
    missing = seen.keys() - by_id.keys()
    assert not missing, f"calls that the ledger never heard of: {missing}"
    unknown = {event_id for event_id, entry in by_id.items() if entry["state"] == "unknown"}
    assert by_id.keys() - seen.keys() <= unknown, "a call that nobody saw has no known cost"
    for call in calls:
        told_as_billed(call, by_id[str(call.attempt_id)])
    await costs_are_the_ledgers(fleet, by_id)
    await everything_ended(fleet, ends)
    await told_once(fleet, ends)
    lives = (key for call, key in zip(calls, keys, strict=True) if call.attempt_id in unknown)
    return Audit(
        calls=len(calls),
        billed=sum(call.billed for call in calls),
        entries=len(entries),
        analyses=len(fleet.accepted),
        unknown=frozenset(unknown),
        unknown_by_life=Counter(lives),
        never_made=len(by_id.keys() - seen.keys()),
    )


def told_as_billed(call: Call, entry: Mapping[str, Any]) -> None:
    """To the last token, or not known and bounded; never nothing for what was billed."""
    if entry["state"] == "unknown":
        assert entry["cost_usd"] is None and entry["cost_ceiling_usd"] > 0, entry
    elif call.billed and call.usage is None:
        counts = entry["input_tokens"], entry["output_tokens"], entry["usage_source"]
        assert counts == (*WITHOUT_USAGE, "estimated") and entry["cost_usd"] > 0, entry
    elif call.billed:
        assert entry["state"] == "posted" and entry["cost_usd"] > 0, entry
        assert json.loads(entry["raw_usage"]) == call.usage
        assert entry["total_tokens"] == call.usage[TOTAL[call.provider]]
    else:
        assert entry["cost_usd"] == 0 and entry["outcome"] == "failed", entry


async def costs_are_the_ledgers(fleet: Fleet, by_id: Mapping[str, Mapping[str, Any]]) -> None:
    attempts = await fleet.rows("SELECT attempt_id, state, cost_usd FROM qc.attempt")
    assert {str(attempt["attempt_id"]) for attempt in attempts} == by_id.keys()
    for attempt in attempts:
        entry = by_id[str(attempt["attempt_id"])]
        assert (attempt["state"] == "unknown") == (entry["state"] == "unknown")
        assert attempt["cost_usd"] == entry["cost_usd"], (dict(attempt), entry)
    total = sum((entry["cost_usd"] or Decimal(0) for entry in by_id.values()), Decimal(0))
    assert total == sum((a["cost_usd"] or Decimal(0) for a in attempts), Decimal(0))


async def everything_ended(fleet: Fleet, ends: str) -> None:
    """Also what had no 202 because its worker was killed between writing and answering."""
    found = await fleet.rows("SELECT analysis_id, state, reason, profile FROM qc.analysis")
    ended = {row["analysis_id"]: row for row in found}
    assert set(fleet.accepted) <= ended.keys(), "an accepted analysis is never lost"
    results = await fleet.rows("SELECT analysis_id, check_id FROM qc.check_result")
    of: dict[UUID, list[str]] = {}
    for result in results:
        of.setdefault(result["analysis_id"], []).append(result["check_id"])
    for analysis_id, row in ended.items():
        assert row["state"] == ends, (row["state"], row["reason"])
        wanted, ended_checks = json.loads(row["profile"])["checks"], of.get(analysis_id, [])
        assert len(set(ended_checks)) == len(ended_checks) and set(ended_checks) <= wanted.keys()
        assert ends != "done" or len(ended_checks) == len(wanted)


async def told_once(fleet: Fleet, ends: str) -> None:
    """Progress has no gap and one end; the ledger heard of each start and each end once."""
    progress: dict[UUID, list[Mapping[str, Any]]] = {}
    for row in await fleet.rows("SELECT analysis_id, event FROM qc.progress ORDER BY seq"):
        progress.setdefault(row["analysis_id"], []).append(json.loads(row["event"]))
    for events in progress.values():
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        assert [e["kind"] for e in events].count("finished") == 1
        assert events[-1]["kind"] == "finished"
        told = Counter(e["check_id"] for e in events if e["kind"] == "check_finished")
        assert set(told.values()) <= {1}, told
    heard = await fleet.rows("SELECT analysis_id, kind FROM usage.usage_event")
    kinds = Counter((row["analysis_id"], row["kind"]) for row in heard)
    told_of = ("analysis_started", *(["analysis_completed"] if ends == "done" else []))
    wanted = {(analysis_id, kind) for analysis_id in progress for kind in told_of}
    assert kinds.keys() == wanted and set(kinds.values()) == {1}
    assert not await fleet.rows("SELECT 1 FROM qc.outbox WHERE refused IS NOT NULL")
