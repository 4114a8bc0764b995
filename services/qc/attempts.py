"""Provider calls as rows: the intent before the bytes leave, the outcome after.

Whatever dies, every call that a provider may bill has exactly one row and exactly one usage
event: settled with what the provider said, or unknown.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

import structlog

from libs.contracts.qc import CheckResult
from libs.contracts.usage import Outcome, ProviderCall
from libs.ids import uuid7
from libs.postgres import Connection, Pool, insist, transaction
from services.qc import outbox, repository
from services.qc.domain.modality import modality_tokens
from services.qc.domain.reported import label, storable, tool_counts
from services.qc.domain.routing import ModelRef
from services.qc.domain.usage import UNKNOWN_USAGE, TokenUsage
from services.qc.repository import AnalysisRow, Payer

log = structlog.get_logger()
Store = Callable[[Connection, AnalysisRow, Sequence[CheckResult]], Awaitable[None]]
"""Stores what a call answered, in the transaction that settles it."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One call that is about to be made. `attempt_no` counts within its group of checks.

    The bounds are what it can use at most; the ledger makes the ceiling of an unknown call of them.
    """

    attempt_id: UUID
    check_ids: tuple[str, ...]
    model: ModelRef
    attempt_no: int
    fallback_of: UUID | None
    opened_at: datetime
    most_input_tokens: int
    most_output_tokens: int


Guard = Callable[[Connection, Attempt], Awaitable[None]]
"""Runs in the transaction that writes an intent; what it raises prevents the call."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a call, as the ledger is told."""

    outcome: Outcome
    usage: TokenUsage
    model_served: str | None = None
    service_tier: str = "standard"
    latency_ms: int | None = None
    fill_percentage: float | None = None
    tool_calls: dict[str, int] | None = None


async def open_attempt(
    pool: Pool,
    row: AnalysisRow,
    check_ids: Sequence[str],
    model: ModelRef,
    attempt_no: int,
    fallback_of: UUID | None,
    most_tokens: tuple[int, int],
    guard: Guard | None = None,
) -> Attempt:
    """Write the intent; `most_tokens` bounds input and output. Raises what `guard` raises, and
    LeaseLost when the analysis is somebody else's by now.
    """
    now = datetime.now(UTC)
    asked = tuple(check_ids)
    attempt = Attempt(uuid7(now), asked, model, attempt_no, fallback_of, now, *most_tokens)

    async def write() -> None:
        async with transaction(pool, [row.client_id]) as db:
            await repository.hold_shared(db, row)
            await _add(db, row, attempt)
            if guard:
                await guard(db, attempt)

    await insist(write)
    return attempt


async def _add(db: Connection, row: AnalysisRow, attempt: Attempt) -> None:
    await db.execute(
        """
        INSERT INTO attempt (client_id, attempt_id, analysis_id, check_ids, lease, attempt_no,
                             fallback_of, provider, model_requested, opened_at,
                             most_input_tokens, most_output_tokens)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT DO NOTHING
        """,
        row.client_id,
        attempt.attempt_id,
        row.analysis_id,
        list(attempt.check_ids),
        row.lease,
        attempt.attempt_no,
        attempt.fallback_of,
        attempt.model.provider,
        attempt.model.model,
        attempt.opened_at,
        attempt.most_input_tokens,
        attempt.most_output_tokens,
    )


async def settle(db: Connection, row: Payer, attempt: Attempt, settled: Settled) -> bool:
    """Write the outcome and its usage event; False when the attempt was settled before, logged.

    Not fenced by the lease: what the provider billed is a fact, whoever holds the analysis.
    The caller adds the check's result in the same transaction.
    """
    event = _event(row, attempt, settled)
    found = await db.fetchval(
        """
        UPDATE attempt SET state = $3, event = $4, settled_at = $5
         WHERE client_id = $1 AND attempt_id = $2 AND state = 'open'
        RETURNING attempt_id
        """,
        row.client_id,
        attempt.attempt_id,
        "unknown" if settled.usage.source == "unknown" else "settled",
        event.model_dump(mode="json"),
        datetime.now(UTC),
    )
    if found is None:
        log.warning(
            "call was settled before",
            attempt_id=str(attempt.attempt_id),
            outcome=settled.outcome,
            usage_source=settled.usage.source,
            input_tokens=settled.usage.input_tokens,
            output_tokens=settled.usage.output_tokens,
        )
        return False
    await outbox.enqueue(db, row.analysis_id, event)
    return True


async def settle_strays(pool: Pool, row: AnalysisRow) -> int:
    """Settle as unknown what an earlier worker opened and never closed; return how many.

    Called by the holder of a new lease, so nobody else will close them: a late worker
    that comes back finds its attempt settled.
    """
    async with transaction(pool, [row.client_id]) as db:
        await repository.hold(db, row)
        return await _settle_open(db, row, "unknown", but_of=row.lease)


async def settle_cut_off(pool: Pool, row: Payer, outcome: Outcome) -> int:
    """Settle all that is open, as `outcome` with unknown usage; return how many.

    For whoever has cut the calls off, or knows that nobody waits for them any more.
    """
    async with transaction(pool, [row.client_id]) as db:
        return await _settle_open(db, row, outcome)


async def _settle_open(
    db: Connection, row: Payer, outcome: Outcome, but_of: UUID | None = None
) -> int:
    rows = await db.fetch(
        """
        SELECT attempt_id, check_ids, provider, model_requested, attempt_no, fallback_of,
               opened_at, most_input_tokens, most_output_tokens
          FROM attempt
         WHERE client_id = $1 AND analysis_id = $2 AND state = 'open'
           AND lease IS DISTINCT FROM $3
        """,
        row.client_id,
        row.analysis_id,
        but_of,
    )
    for stray in rows:
        attempt = Attempt(
            attempt_id=stray["attempt_id"],
            check_ids=tuple(stray["check_ids"]),
            model=ModelRef(stray["provider"], stray["model_requested"]),
            attempt_no=stray["attempt_no"],
            fallback_of=stray["fallback_of"],
            opened_at=stray["opened_at"],
            most_input_tokens=stray["most_input_tokens"],
            most_output_tokens=stray["most_output_tokens"],
        )
        await settle(db, row, attempt, Settled(outcome, UNKNOWN_USAGE))
    return len(rows)


async def settle_with_results(
    pool: Pool,
    row: AnalysisRow,
    attempt: Attempt,
    settled: Settled,
    results: Sequence[CheckResult],
    store: Store = repository.add_results,
) -> None:
    """Settle the call and store what it answered, all or nothing.

    Raises LeaseLost after the call was settled without its results, when the analysis is
    somebody else's by now.
    """

    async def both() -> None:
        async with transaction(pool, [row.client_id]) as db:
            await repository.hold_shared(db, row)
            await settle(db, row, attempt, settled)
            await store(db, row, results)

    try:
        await insist(both)
    except repository.LeaseLost:
        await settle_alone(pool, row, attempt, settled)
        raise


async def add_settled(
    pool: Pool,
    row: AnalysisRow,
    attempt: Attempt,
    settled: Settled,
    results: Sequence[CheckResult],
    store: Store = repository.add_results,
) -> None:
    """Write what needed no call: its row is never open, so that nobody takes it for a lost one.

    Raises LeaseLost, and has then written nothing.
    """

    async def write() -> None:
        async with transaction(pool, [row.client_id]) as db:
            await repository.hold_shared(db, row)
            await _add(db, row, attempt)
            await settle(db, row, attempt, settled)
            await store(db, row, results)

    await insist(write)


async def settle_alone(pool: Pool, row: AnalysisRow, attempt: Attempt, settled: Settled) -> None:
    async def alone() -> None:
        async with transaction(pool, [row.client_id]) as db:
            await settle(db, row, attempt, settled)

    await insist(alone)


def _bounded(usage: TokenUsage, attempt: Attempt) -> TokenUsage:
    """Usage that nobody saw, by the bounds that were written with the intent."""
    if usage.source != "unknown":
        return usage
    most_input, most_output = attempt.most_input_tokens, attempt.most_output_tokens
    return replace(usage, input_tokens=most_input, output_tokens=most_output)


def _event(row: Payer, attempt: Attempt, settled: Settled) -> ProviderCall:
    usage = _bounded(settled.usage, attempt)
    return ProviderCall(
        kind="provider_call",
        event_id=attempt.attempt_id,
        occurred_at=attempt.opened_at,
        client_id=row.client_id,
        user_id=row.user_id,
        user_email=row.user_email,
        user_name=row.user_name,
        analysis_id=row.analysis_id,
        profile_id=row.profile_id,
        profile_version=row.profile_version,
        check_ids=list(attempt.check_ids),
        attempt_no=attempt.attempt_no,
        fallback_of=attempt.fallback_of,
        provider=attempt.model.provider,
        model_requested=attempt.model.model,
        model_served=label(settled.model_served),
        service_tier=label(settled.service_tier) or "standard",
        service_tier_requested="flex" if row.can_wait else "standard",
        outcome=settled.outcome,
        input_tokens=usage.input_tokens,
        cached_input_tokens=usage.cached_input_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        tool_input_tokens=usage.tool_input_tokens,
        output_tokens=usage.output_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        total_tokens=usage.total_tokens,
        usage_source=usage.source,
        latency_ms=settled.latency_ms,
        fill_percentage=settled.fill_percentage,
        tool_calls=tool_counts(settled.tool_calls or {}),
        modality_tokens=modality_tokens(usage.raw),
        raw_usage=storable(usage.raw),
    )
