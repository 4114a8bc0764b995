"""Caller of the usage ledger."""

from collections.abc import AsyncIterable, Sequence
from uuid import UUID

from aiohttp import ClientTimeout

from libs.api.call import UNHURRIED, Caller
from libs.contracts.imports import Imported, ImportQuery
from libs.contracts.usage import (
    Entries,
    Quote,
    QuoteRequest,
    Recorded,
    UsageEvent,
    UsageEvents,
)

REPORT_TIMEOUT = ClientTimeout(total=300, sock_connect=3)


class UsageApi:
    """One method for each route that other services and commands call."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def record(self, events: Sequence[UsageEvent]) -> Recorded:
        """Send a batch. Safe to repeat: the ledger knows an event by its id."""
        body = UsageEvents(events=list(events))
        return await self._caller.call("POST", "/v1/events", Recorded, body)

    async def entries_of(self, analysis_id: UUID) -> Entries:
        """The ledger entries of one analysis, oldest first."""
        params = {"analysis": str(analysis_id), "limit": "5000"}
        return await self._caller.call("GET", "/v1/entries", Entries, params=params)

    async def quote(self, counts: QuoteRequest) -> Quote:
        """What so many tokens of a model cost; its cost is None when it has no price."""
        return await self._caller.call("POST", "/v1/prices/quote", Quote, counts)

    async def report(self, **filters: str | Sequence[str]) -> bytes:
        """A report in the form that `filters["format"]` names, ready to be written to a file.

        A filter with several values, such as several clients, is a sequence of them.
        """
        path = "/v1/reports/usage"
        return await self._caller.fetch("GET", path, params=filters, patience=REPORT_TIMEOUT)

    async def import_log(self, content: AsyncIterable[bytes], query: ImportQuery) -> Imported:
        """Send the bytes of one old log. Safe to repeat: a line counts once, ever."""
        params = {
            name: str(value).lower() if isinstance(value, bool) else value
            for name, value in query.model_dump().items()
        }
        path = "/v1/imports"
        return await self._caller.call("POST", path, Imported, content, params, UNHURRIED)
