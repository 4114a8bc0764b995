"""What the calls of an analysis cost, as the ledger told it."""

from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from libs.postgres import Connection
from services.qc.domain.cost_shares import shares


@dataclass(frozen=True, slots=True)
class CallCost:
    """`cost_usd` is None until the ledger has told it, and stays so without a price.

    The cost of a call that ended `unknown` is not known to anybody: the ledger bounds it.
    """

    check_ids: tuple[str, ...]
    unknown: bool
    cost_usd: Decimal | None

    def shares(self) -> list["CallCost"]:
        """The same cost by check: parts that add up to it."""
        whole = self.cost_usd
        if whole is None:
            return [replace(self, check_ids=(id,)) for id in self.check_ids]
        return [
            CallCost((id,), self.unknown, cost)
            for id, cost in shares(whole, self.check_ids).items()
        ]


async def costs_of(db: Connection, client_id: str, analysis_id: UUID) -> list[CallCost]:
    rows = await db.fetch(
        "SELECT check_ids, state, cost_usd FROM attempt WHERE client_id = $1 AND analysis_id = $2",
        client_id,
        analysis_id,
    )
    return [
        CallCost(tuple(row["check_ids"]), row["state"] == "unknown", row["cost_usd"])
        for row in rows
    ]
