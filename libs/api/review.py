"""Caller of the gateway for what people do with finished analyses."""

from collections.abc import Sequence
from urllib.parse import quote
from uuid import UUID

from libs.api.call import Caller
from libs.contracts.qc import Analysis
from libs.contracts.review import (
    Comparison,
    ConfirmRequest,
    OverrideRequest,
    ReliabilityReport,
    Rerun,
    RerunRequest,
)


class ReviewApi:
    """One method for each route; the caller is that of somebody who is signed in."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def override(self, analysis_id: UUID, check_id: str, wanted: OverrideRequest) -> Analysis:
        """The analysis as it counts from now on."""
        path = f"/api/analyses/{analysis_id}/checks/{quote(check_id, safe='')}/overrides"
        return await self._caller.call("POST", path, Analysis, wanted)

    async def confirm(
        self, analysis_id: UUID, checks: Sequence[str] = (), reason: str = ""
    ) -> Analysis:
        """Without `checks` all that nobody reviewed yet."""
        body = ConfirmRequest(checks=list(checks), reason=reason)
        path = f"/api/analyses/{analysis_id}/confirm"
        return await self._caller.call("POST", path, Analysis, body)

    async def rerun(self, analysis_id: UUID, wanted: RerunRequest) -> Rerun:
        path = f"/api/analyses/{analysis_id}/rerun"
        return await self._caller.call("POST", path, Rerun, wanted)

    async def compare(self, before: UUID, after: UUID) -> Comparison:
        return await self._caller.call("GET", _compare(before, after), Comparison)

    async def comparison_page(self, before: UUID, after: UUID) -> bytes:
        """One HTML page, for people."""
        params = {"format": "html"}
        return await self._caller.fetch("GET", _compare(before, after), params=params)

    async def reliability(self, **filters: str) -> ReliabilityReport:
        """Filters are client, profile, check, since and until; empty ones are left out."""
        params = {name: value for name, value in filters.items() if value}
        return await self._caller.call("GET", "/api/reliability", ReliabilityReport, params=params)


def _compare(before: UUID, after: UUID) -> str:
    return f"/api/analyses/{before}/compare/{after}"
