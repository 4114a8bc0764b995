"""Caller of the gateway for replays."""

from collections.abc import AsyncIterator
from uuid import UUID

from libs.api.gateway import GatewayApi
from libs.contracts.replays import (
    Replay,
    ReplayEstimate,
    ReplayEvent,
    ReplayOrder,
    ReplayQuestion,
    Replays,
    ReplaySummary,
)

REPLAYS = "/api/replays"


class ReplaysApi(GatewayApi):
    """One method for each route."""

    async def estimate_replay(self, question: ReplayQuestion) -> ReplayEstimate:
        """What would be asked, and its cost. Nothing is run."""
        return await self._caller.call("POST", f"{REPLAYS}/estimate", ReplayEstimate, question)

    async def start_replay(self, order: ReplayOrder) -> ReplaySummary:
        return await self._caller.call("POST", REPLAYS, ReplaySummary, order)

    async def replays(self, client_id: str = "", limit: int = 50) -> list[ReplaySummary]:
        """The newest first, of one client or of all."""
        params = {"limit": str(limit)} | ({"client": client_id} if client_id else {})
        return (await self._caller.call("GET", REPLAYS, Replays, params=params)).replays

    async def replay(self, replay_id: UUID) -> Replay:
        return await self._caller.call("GET", f"{REPLAYS}/{replay_id}", Replay)

    async def replay_page(self, replay_id: UUID, form: str) -> bytes:
        """For people: as `html` or `text`."""
        params = {"format": form}
        return await self._caller.fetch("GET", f"{REPLAYS}/{replay_id}", params=params)

    async def cancel_replay(self, replay_id: UUID) -> Replay:
        return await self._caller.call("POST", f"{REPLAYS}/{replay_id}/cancel", Replay)

    async def replay_events(self, replay_id: UUID, after: int = 0) -> AsyncIterator[ReplayEvent]:
        """Progress from event number `after` on, to the end or to where the stream breaks."""
        async for event in self._stream(f"api/replays/{replay_id}/events", after, ReplayEvent):
            yield event
