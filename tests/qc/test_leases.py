"""Work that this version of the service cannot read: it ends, and its calls are in the ledger."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from deploy.database import Dsns
from libs.api.call import Caller
from libs.api.usage import UsageApi
from libs.contracts.usage import ProviderCall
from libs.postgres import Pool, open_pool, transaction
from services.qc import attempts
from services.qc.attempts import Attempt
from services.qc.domain.routing import ModelRef
from services.qc.leases import Worker
from services.qc.outbox import EVENT, Outbox
from services.qc.repository import AnalysisRow
from services.qc.run import Bench
from tests.qc.factories import claimed, queued

GPT = ModelRef("openai", "gpt-4o")
UNREADABLE = [
    'profile = \'{"name": "of a later version"}\'',
    "creative = '{}'",
    'brief = \'{"given": {"placement": {"of": ["a", "later", "version"]}, "can_wait": 7}}\'',
]


@pytest.fixture
async def owner(pool: Pool, dsns: Mapping[str, Dsns]) -> AsyncIterator[Pool]:
    async with open_pool(dsns["qc"].owner, "qc") as owner:
        yield owner


def worker(pool: Pool) -> Worker:
    outbox = Outbox(pool, UsageApi(Caller(None, None)))  # type: ignore[arg-type]
    untouched: Any = None
    bench = Bench(
        pool=pool,
        store=untouched,
        scratch=untouched,
        decoders=untouched,
        kept=untouched,
        judge=untouched,
        outbox=outbox,
        progress=untouched,
        queue=untouched,
    )
    return Worker(bench, slots=1, lease_s=10, max_claims=5)


async def asked_once(pool: Pool) -> tuple[AnalysisRow, Attempt]:
    await queued(pool)
    row = await claimed(pool)
    assert row
    call = await attempts.open_attempt(pool, row, ["file_weight"], GPT, 1, None, (30_000, 4_000))
    return row, call


async def change(owner: Pool, what: str) -> None:
    """Change every analysis, as another version might have written it, and end its lease."""
    async with transaction(owner) as db:
        await db.execute(
            f"UPDATE analysis SET {what}, lease_until = clock_timestamp() - interval '1 s'"
        )


async def events(pool: Pool) -> list[ProviderCall]:
    async with transaction(pool) as db:
        rows = await db.fetch("SELECT event FROM outbox ORDER BY event_id")
    found = [EVENT.validate_python(row["event"]) for row in rows]
    return [event for event in found if isinstance(event, ProviderCall)]


@pytest.mark.parametrize("written", UNREADABLE)
async def test_what_an_unreadable_analysis_had_asked_is_in_the_ledger(
    pool: Pool, owner: Pool, written: str
) -> None:
    row, call = await asked_once(pool)
    await change(owner, written)

    assert await worker(pool)._claim() is None

    (event,) = await events(pool)
    assert (event.event_id, event.outcome) == (call.attempt_id, "unknown")
    assert (event.input_tokens, event.output_tokens) == (30_000, 4_000)
    assert (event.user_id, event.profile_id) == (row.user_id, row.profile_id)
    async with transaction(pool) as db:
        left = await db.fetchrow("SELECT state, reason FROM analysis")
        still_open = await db.fetchval("SELECT count(*) FROM attempt WHERE state = 'open'")
    assert left and left["state"] == "failed" and "check it again" in left["reason"]
    assert still_open == 0


@pytest.mark.parametrize("written", UNREADABLE)
async def test_an_unreadable_analysis_that_was_cancelled_holds_up_no_other(
    pool: Pool, owner: Pool, written: str
) -> None:
    _, first = await asked_once(pool)
    await change(owner, f"{written}, state = 'cancelled'")
    _, second = await asked_once(pool)
    await change(owner, "state = 'cancelled'")

    await worker(pool)._tidy()

    settled = {event.event_id: event.outcome for event in await events(pool)}
    assert settled == {first.attempt_id: "cancelled", second.attempt_id: "cancelled"}
