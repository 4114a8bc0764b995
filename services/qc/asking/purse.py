"""The budget of a replay: no call is made that could pass it.

The most that a call can cost is written with its intent, in one transaction that holds the
replay, so neither calls side by side nor a process that dies can pass the limit. Once the ledger
has told what a call took, that counts in its place.
"""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from libs.api.usage import UsageApi
from libs.contracts.usage import QuoteRequest
from libs.postgres import Connection, Pool, Record, transaction
from libs.problems import Problem
from services.qc.attempts import Attempt, Guard
from services.qc.domain.routing import ModelRef
from services.qc.repository import AnalysisRow

LEDGER_WAIT_S = 30.0
POLL_S = 0.2
BUDGET, UNPRICED = "budget", "no_price"

ROOM = """
    SELECT r.budget_usd, coalesce(sum(coalesce(a.cost_usd, c.most_usd)), 0) AS taken_usd,
           coalesce(bool_or(a.cost_usd IS NULL AND a.state = 'open'), false) AS open,
           coalesce(bool_or(a.cost_usd IS NULL AND o.event_id IS NOT NULL), false) AS untold
      FROM (SELECT client_id, replay_id, budget_usd FROM replay
             WHERE client_id = $1 AND replay_id = $2) AS r
      LEFT JOIN replay_call c USING (client_id, replay_id)
      LEFT JOIN attempt a USING (client_id, attempt_id)
      LEFT JOIN outbox o ON o.client_id = c.client_id AND o.event_id = c.attempt_id
                        AND o.delivered_at IS NULL AND o.refused IS NULL
     GROUP BY r.budget_usd
"""


class Spent(Exception):
    """The call may not be made, and why: `code` is `budget` or `no_price`."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


class NoRoomNow(Exception):
    """Another call took the room meanwhile: what it really costs may leave enough."""


@dataclass(frozen=True, slots=True)
class Purse:
    """Of all replays of this process; the sums are in the database."""

    pool: Pool
    usage: UsageApi

    async def most_usd(self, row: AnalysisRow, model: ModelRef, tokens: tuple[int, int]) -> Decimal:
        """The price of so much input and output. Raises Spent when it cannot be told."""
        try:
            quote = await self.usage.quote(
                QuoteRequest(
                    provider=model.provider,
                    model=model.model,
                    occurred_at=datetime.now(UTC),
                    input_tokens=tokens[0],
                    output_tokens=tokens[1],
                )
            )
        except Problem as problem:
            why = f"The ledger tells no price, so no budget can be kept: {problem.detail}"
            raise await self._stopped(row, UNPRICED, why) from problem
        if quote.cost_usd is None:
            why = f"No price is known for {model}, so no budget can be kept: set its price."
            raise await self._stopped(row, UNPRICED, why)
        return quote.cost_usd

    async def wait_for_room(self, row: AnalysisRow, most_usd: Decimal) -> None:
        """Until the call fits, as calls turn out to cost less than they could. Raises Spent.

        A call that is open ends of itself; the ledger is not waited for as long as it likes.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + LEDGER_WAIT_S
        while True:
            async with transaction(self.pool, [row.client_id]) as db:
                found = await _room(db, row)
            if _fits(found, most_usd):
                return
            if found["open"]:
                deadline = loop.time() + LEDGER_WAIT_S
            elif not found["untold"] or loop.time() > deadline:
                left = max(found["budget_usd"] - found["taken_usd"], Decimal(0))
                why = (
                    f"The budget of ${found['budget_usd']:f} leaves ${left:f}, and a call may cost "
                    f"${most_usd:f}: raise the budget."
                )
                raise await self._stopped(row, BUDGET, why)
            await asyncio.sleep(POLL_S)

    def guard(self, row: AnalysisRow, most_usd: Decimal) -> Guard:
        """Takes the room of a call as its intent is written. It raises NoRoomNow."""

        async def take(db: Connection, attempt: Attempt) -> None:
            # Locked before it is summed up: a statement sees what was there when it began.
            await db.execute(
                "SELECT FROM replay WHERE client_id = $1 AND replay_id = $2 FOR UPDATE",
                row.client_id,
                row.replay_id,
            )
            if not _fits(await _room(db, row), most_usd):
                raise NoRoomNow
            await db.execute(
                """
                INSERT INTO replay_call (client_id, replay_id, attempt_id, most_usd)
                VALUES ($1, $2, $3, $4)
                ON CONFLICT DO NOTHING
                """,
                row.client_id,
                row.replay_id,
                attempt.attempt_id,
                most_usd,
            )

        return take

    async def _stopped(self, row: AnalysisRow, code: str, why: str) -> Spent:
        """Noted with the creative before anything follows from it: it is then not replayed."""
        async with transaction(self.pool, [row.client_id]) as db:
            await db.execute(
                """
                UPDATE replay_item SET code = $4, reason = $5
                 WHERE client_id = $1 AND replay_id = $2 AND analysis_id = $3 AND code IS NULL
                """,
                row.client_id,
                row.replay_id,
                row.analysis_id,
                code,
                why,
            )
        return Spent(code, why)


async def _room(db: Connection, row: AnalysisRow) -> Record:
    [found] = await db.fetch(ROOM, row.client_id, row.replay_id)
    return found


def _fits(found: Record, most_usd: Decimal) -> bool:
    fits: bool = found["taken_usd"] + most_usd <= found["budget_usd"]
    return fits
