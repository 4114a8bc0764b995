"""Caller of the usage ledger's price book."""

from collections.abc import Sequence
from uuid import UUID

from libs.api.call import Caller
from libs.contracts.prices import (
    Decided,
    Decision,
    NewPrice,
    Prices,
    PriceSet,
    Proposals,
    ProposalState,
    Retirement,
    Retirements,
    Synced,
    SyncRequest,
    Validation,
    ValidationRequest,
)


class PricesApi:
    """One method for each route that commands call."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def prices(self, **filters: str) -> Prices:
        return await self._caller.call("GET", "/v1/prices", Prices, params=filters)

    async def history(self, **filters: str) -> Prices:
        return await self._caller.call("GET", "/v1/prices/history", Prices, params=filters)

    async def set_price(self, price: NewPrice) -> PriceSet:
        return await self._caller.call("POST", "/v1/prices", PriceSet, price)

    async def proposals(self, state: ProposalState, provider: str | None = None) -> Proposals:
        params = {"state": str(state)} | ({"provider": provider} if provider else {})
        return await self._caller.call("GET", "/v1/prices/proposals", Proposals, params=params)

    async def sync(self, request: SyncRequest) -> Synced:
        return await self._caller.call("POST", "/v1/prices/proposals/sync", Synced, request)

    async def accept(self, proposal_ids: Sequence[UUID], note: str = "") -> Decided:
        return await self._decide(
            Decision(proposal_ids=list(proposal_ids), decision="accepted", note=note)
        )

    async def reject(self, proposal_ids: Sequence[UUID], note: str = "") -> Decided:
        return await self._decide(
            Decision(proposal_ids=list(proposal_ids), decision="rejected", note=note)
        )

    async def _decide(self, decision: Decision) -> Decided:
        return await self._caller.call("POST", "/v1/prices/proposals/decide", Decided, decision)

    async def retirements(self) -> Retirements:
        return await self._caller.call("GET", "/v1/prices/retirements", Retirements)

    async def retire(self, retirement: Retirement) -> Retirements:
        return await self._caller.call("POST", "/v1/prices/retirements", Retirements, retirement)

    async def validate(self, request: ValidationRequest) -> Validation:
        return await self._caller.call("POST", "/v1/prices/validate", Validation, request)
