"""What all judged checks of a process share: providers, models, limits."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial

from libs.contracts.models import ModelInfo
from libs.contracts.profiles import Check
from libs.contracts.qc import Given
from libs.postgres import Pool
from services.qc.asking.purse import Purse
from services.qc.domain.chain import succeeded
from services.qc.domain.grouping import Group, groups_of
from services.qc.domain.models import seen_size
from services.qc.domain.routing import ModelRef, Skipped, models_to_ask
from services.qc.domain.triage import Plan, Policy, TriageMode, cheaper, planned
from services.qc.domain.views import SizeSeen
from services.qc.limits import Limits
from services.qc.models import Registry
from services.qc.providers.base import Provider

PATIENCE = 10


def patience(given: Given | None) -> int:
    """How many times as long calls and questions may take: the tier of those that can wait is
    slower. OpenAI API docs, "Flex processing": a quarter of an hour.
    """
    return PATIENCE if given and given.can_wait else 1


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass(frozen=True, slots=True)
class Judge:
    """What all judged checks of this process share.

    `limits` gives out places for calls that are made or not yet written down; a call waits for
    `open`, which a worker that was told to stop clears. `timeout_s` is of a call,
    `run_timeout_s` of all that an analysis asks; `patience` stretches
    both.
    """

    pool: Pool
    registry: Registry
    providers: Mapping[str, Provider]
    default_models: tuple[str, ...]
    limits: Limits
    timeout_s: float
    run_timeout_s: float
    max_output_tokens: int
    triage: TriageMode = "off"
    policy: Policy = field(default_factory=Policy)
    open: asyncio.Event = field(default_factory=_set)
    purse: Purse | None = None

    def skipped(self, check: Check) -> str | None:
        """Why the check cannot be asked at all, or None."""
        found = self._models(check)
        return found.reason if isinstance(found, Skipped) else None

    def _models(self, check: Check) -> tuple[ModelRef, ...] | Skipped:
        return models_to_ask(check.models, self.default_models, self.providers.keys())

    def may_answer(self, check: Check) -> set[str]:
        """Every model that may be asked now, as `provider/model`; none for a skipped check."""
        chain = self._models(check)
        if isinstance(chain, Skipped):
            return set()
        asked = {*chain, *self.registry.heirs(chain)}
        cheap = {ModelRef(m.provider, c) for m in asked if (c := self.info(m).cheaper)}
        return {str(model) for model in asked | cheap}

    def info(self, model: ModelRef) -> ModelInfo:
        return self.registry.find(model.provider, model.model)

    def sizes_seen(self, checks: Iterable[Check]) -> list[SizeSeen]:
        """How each model that these checks may be asked of looks at a picture.

        Also the cheaper one that triage asks first, and the successor of one that is shut down.
        """
        chains = [self._models(check) for check in checks]
        asked = (chain for chain in chains if not isinstance(chain, Skipped))
        models = {model for chain in asked for model in self.registry.heirs(chain)}
        infos = [self.info(model) for model in sorted(models, key=str)]
        cheaper = {ModelRef(one.provider, one.cheaper) for one in infos if one.cheaper}
        infos += [self.info(model) for model in sorted(cheaper - models, key=str)]
        return [partial(seen_size, info) for info in infos]

    def groups(self, checks: Mapping[str, Check]) -> list[Group]:
        """How the checks are asked together; those that are skipped are in no group."""
        chains = {check_id: self._models(check) for check_id, check in checks.items()}
        asked = {id: chain for id, chain in chains.items() if not isinstance(chain, Skipped)}
        return groups_of({id: checks[id] for id in asked}, asked)

    async def first_asked(self, wanted: Sequence[ModelRef]) -> ModelRef | None:
        """The model that is asked first as long as it works: a successor, where one ended."""
        chain = succeeded(wanted, await self.registry.models(), datetime.now(UTC))
        return chain.models[0] if chain.models else None

    async def plan(self, groups: Sequence[Group]) -> Plan:
        """Which of the groups' checks a cheap model is asked first."""
        if self.triage == "off":
            return Plan(groups)
        models, health = await self.registry.models(), await self.registry.health()
        now = datetime.now(UTC)

        def cheap(strong: ModelRef) -> ModelRef | None:
            asked = succeeded([strong], models, now).models
            found = cheaper(asked[0], models) if asked else None
            known = health.get(found) if found else None
            return None if known and not known.works and not known.is_due(now) else found

        return planned(groups, cheap, named=self.triage == "all")
