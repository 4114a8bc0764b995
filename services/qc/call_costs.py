"""What the calls of an analysis cost, as the ledger told it."""

from dataclasses import dataclass, replace
from decimal import ROUND_DOWN, Decimal
from uuid import UUID

from libs.postgres import Connection

SHARE = Decimal("1e-18")
"""As fine as the ledger splits a call."""


@dataclass(frozen=True, slots=True)
class CallCost:
    """`cost_usd` is None until the ledger has told it, and stays so without a price.

    The cost of a call that ended `unknown` is not known to anybody: the ledger bounds it.
    """

    check_ids: tuple[str, ...]
    unknown: bool
    cost_usd: Decimal | None

    def shares(self) -> list["CallCost"]:
        """The same cost by check: equal shares that add up to it, the first takes the rest.

        As the report by check splits a call: services/usage/sums.py.
        """
        count, whole = len(self.check_ids), self.cost_usd
        if whole is None or count == 1:
            return [replace(self, check_ids=(id,)) for id in self.check_ids]
        part = (whole / count).quantize(SHARE, ROUND_DOWN)
        parts = [whole - part * (count - 1)] + [part] * (count - 1)
        return [
            CallCost((id,), self.unknown, cost)
            for id, cost in zip(self.check_ids, parts, strict=True)
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
