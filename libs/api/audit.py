"""Caller of the gateway for the audit of the registry and its change feed."""

from collections.abc import AsyncIterator, Mapping, Sequence

from aiohttp import ClientError

from libs.api.call import UNHURRIED, as_problem
from libs.api.gateway import STREAM_TIMEOUT, GatewayApi
from libs.contracts.audit import (
    MAX_ANCHORS,
    Anchor,
    AnchorFaults,
    Anchors,
    AuditFault,
    AuditPage,
    Verification,
)
from libs.problems import UpstreamFailed

AUDIT = "/api/audit"
CHUNK_BYTES = 1 << 16


class AuditApi(GatewayApi):
    """One method for each route. Filters are those of `AuditQuery`."""

    async def audit(self, filters: Mapping[str, str]) -> AuditPage:
        """A page, the newest first."""
        return await self._caller.call("GET", AUDIT, AuditPage, params=filters)

    async def audit_file(self, form: str, filters: Mapping[str, str]) -> AsyncIterator[bytes]:
        """All of it as jsonl or csv, in pieces. Raises UpstreamFailed where it breaks off."""
        url = (self._url / AUDIT.lstrip("/")).with_query({**filters, "format": form})
        try:
            async with self._session.get(url, timeout=STREAM_TIMEOUT) as response:
                if not response.ok:
                    raise as_problem(response, await response.read())
                async for piece in response.content.iter_chunked(CHUNK_BYTES):
                    yield piece
        except (ClientError, TimeoutError, OSError) as error:
            raise UpstreamFailed("no_reply", f"The audit broke off: {error}") from error

    async def verify_audit(self) -> Verification:
        """Every chain followed, every version hashed again. May take minutes."""
        return await self._caller.call("GET", f"{AUDIT}/verify", Verification, patience=UNHURRIED)

    async def check_anchors(self, anchors: Sequence[Anchor]) -> list[AuditFault]:
        """Which of the heads that were kept the audit does not bear out any more."""
        faults: list[AuditFault] = []
        for start in range(0, len(anchors), MAX_ANCHORS):
            body = Anchors(anchors=list(anchors[start : start + MAX_ANCHORS]))
            found = await self._caller.call("POST", f"{AUDIT}/anchors", AnchorFaults, body)
            faults += found.faults
        return faults
