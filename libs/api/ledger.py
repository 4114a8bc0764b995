"""Caller of the ledger's upkeep: what only admins do, and what may take long."""

from libs.api.call import UNHURRIED, Caller
from libs.contracts.ledger import (
    Archived,
    ArchiveRequest,
    ErasedPeople,
    ErasePerson,
    LedgerProof,
    LedgerQuery,
    MonthMoved,
    Rerated,
    RerateRequest,
    RestoreRequest,
)


class LedgerApi:
    """One method for each route. Each waits until the work is done, however long it takes."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def proof(self, query: LedgerQuery) -> LedgerProof:
        """Every entry compared with its chain. Nothing is changed."""
        asked = {"client": ",".join(query.client), "month": query.month or ""}
        params = {name: value for name, value in asked.items() if value}
        params["rollups"] = str(query.rollups).lower()
        path = "/v1/ledger/proof"
        return await self._caller.call("GET", path, LedgerProof, params=params, patience=UNHURRIED)

    async def rerate(self, request: RerateRequest) -> Rerated:
        """Safe to repeat: what was corrected is not corrected again."""
        path = "/v1/ledger/rerates"
        return await self._caller.call("POST", path, Rerated, request, patience=UNHURRIED)

    async def archive(self, request: ArchiveRequest) -> Archived:
        """Safe to repeat: a month is archived once."""
        path = "/v1/ledger/archives"
        return await self._caller.call("POST", path, Archived, request, patience=UNHURRIED)

    async def restore(self, request: RestoreRequest) -> MonthMoved:
        """Raises NotFound for a month that is not archived."""
        path = "/v1/ledger/archives/restore"
        return await self._caller.call("POST", path, MonthMoved, request, patience=UNHURRIED)

    async def erase(self, person: ErasePerson) -> ErasedPeople:
        """Raises NotFound when nobody is known by that id or address."""
        return await self._caller.call(
            "POST", "/v1/people/erase", ErasedPeople, person, patience=UNHURRIED
        )
