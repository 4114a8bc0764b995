"""Caller of what the qc service knows of models."""

from collections.abc import Sequence

from libs.api.call import UNHURRIED, Caller
from libs.contracts.models import (
    ModelChange,
    ModelName,
    ModelRow,
    ModelRows,
    ProbeRequest,
    Probes,
)


class ModelsApi:
    """One method for each route that commands call."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller

    async def models(self, **filters: str) -> ModelRows:
        return await self._caller.call("GET", "/v1/models", ModelRows, params=filters)

    async def change(self, change: ModelChange) -> ModelRow:
        return await self._caller.call("POST", "/v1/models", ModelRow, change)

    async def reset(self, model: str) -> ModelRow:
        body = ModelName(model=model)
        return await self._caller.call("POST", "/v1/models/reset", ModelRow, body)

    async def probe(self, models: Sequence[str] = ()) -> Probes:
        """Ask them; this takes as long as the slowest of them needs."""
        body = ProbeRequest(models=tuple(models))
        path = "/v1/models/probe"
        return await self._caller.call("POST", path, Probes, body, patience=UNHURRIED)
