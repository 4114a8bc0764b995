"""The models that can be asked: those that are shipped, what operators changed, how they fare."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import structlog
from prometheus_client import Gauge
from pydantic import ValidationError

from libs.contracts.models import ModelInfo
from libs.metrics import REGISTRY
from libs.postgres import Pool, Record, insist, transaction
from libs.problems import Unavailable
from services.qc import model_rows
from services.qc.domain.chain import Chain, succeeded, to_try, working
from services.qc.domain.model_health import (
    ANSWERED,
    ModelHealth,
    after_failure,
    after_success,
    is_certain,
)
from services.qc.domain.models import Models
from services.qc.domain.routing import FailureKind, ModelRef
from services.qc.model_file import shipped_models
from services.qc.providers.base import ProviderFailed

log = structlog.get_logger()
FRESH_S = 5.0
TRIAL = timedelta(minutes=4)
"""Longer than a question takes with all its attempts; after it somebody else may try."""

WORKED_EVERY = timedelta(minutes=1)
"""That a model still works is written down this often, not after every call."""

WARN_DAYS = 90

MODEL_WORKS = Gauge(
    "aiqc_model_works",
    "1 for a model that works, 0 for one that is marked.",
    ["model"],
    registry=REGISTRY,
)
MODEL_DAYS_LEFT = Gauge(
    "aiqc_model_days_left",
    "Days until a model that is asked is shut down.",
    ["model"],
    registry=REGISTRY,
)


@dataclass(slots=True)
class _Seen:
    models: Models
    health: dict[ModelRef, ModelHealth] = field(default_factory=dict)
    read_s: float = float("-inf")


class Registry:
    """What is known of every model, shared by all that ask in this process.

    The database is read again when what is known is older than FRESH_S, so that other
    processes learn of a change or of a broken model within that time.
    """

    def __init__(self, pool: Pool, shipped: Models | None = None) -> None:
        """`shipped` is what is known without the database, if not what came with this version."""
        self.pool = pool
        self._shipped = shipped or shipped_models()
        self._seen = _Seen(self._shipped)
        self._warned: dict[ModelRef, datetime] = {}

    @property
    def known(self) -> Models:
        """The facts as they were read last, for who cannot wait."""
        return self._seen.models

    def find(self, provider: str, model: str) -> ModelInfo:
        return self.known.find(provider, model)

    def heirs(self, wanted: Sequence[ModelRef]) -> tuple[ModelRef, ...]:
        """What stands in the place of models that were shut down, as far as is known now."""
        return succeeded(wanted, self.known, datetime.now(UTC)).models

    async def models(self) -> Models:
        """Facts about the models, with the operators' changes."""
        return (await self._fresh()).models

    async def health(self) -> dict[ModelRef, ModelHealth]:
        """How each model fares that was ever asked."""
        return (await self._fresh()).health

    def forget(self) -> None:
        """Read the database again at the next question: somebody has just changed it."""
        self._seen.read_s = float("-inf")

    async def start(self) -> None:
        """A new process may have another key: every model that does not work is tried at once."""

        async def end_pauses() -> None:
            async with transaction(self.pool) as db:
                await model_rows.end_pauses(db, datetime.now(UTC))

        await insist(end_pauses)
        self.forget()

    async def chain(self, wanted: Sequence[ModelRef]) -> Chain:
        """The models to ask in place of `wanted`, in order; none when none sees pictures.

        Whoever asks for it asks them: a model that may be tried again is tried by one caller.
        """
        at = datetime.now(UTC)
        seen = await self._fresh()
        chain = succeeded(wanted, seen.models, at)
        for ref in chain.models:
            self._warn(seen.models.find(ref.provider, ref.model), ref, at)
        trials = await self._claim(to_try(chain.models, seen.health, at), at)
        return working(chain, seen.health, trials, at)

    async def foreseen(self, wanted: Sequence[ModelRef]) -> Chain:
        """What `chain` would be now, for who does not ask: trials are nobody's."""
        at = datetime.now(UTC)
        seen = await self._fresh()
        return working(succeeded(wanted, seen.models, at), seen.health, (), at)

    async def heard(
        self,
        ref: ModelRef,
        failure: ProviderFailed | None,
        asked_at: datetime,
        decisive: bool = False,
    ) -> None:
        """Take note of how a call ended; `failure` is None when the model answered.

        `decisive`: it was asked to find out, so one failure is enough.
        """
        at = datetime.now(UTC)
        if failure and failure.kind in (FailureKind.RATE_LIMITED, FailureKind.TIER_REFUSED):
            return
        fault = failure if failure and failure.kind not in ANSWERED else None
        known = self._seen.health.get(ref, ModelHealth())
        recently = known.worked_at is not None and at - known.worked_at < WORKED_EVERY
        if fault is None and recently and not known.failures:
            return
        try:
            async with transaction(self.pool) as db:
                before = await model_rows.held_health(db, ref)
                after = _after(before, fault, asked_at, at, decisive)
                await model_rows.write_health(db, ref, after)
        except Unavailable:
            return  # The call itself is settled elsewhere; the next one tells again.
        self._seen.health[ref] = after
        MODEL_WORKS.labels(str(ref)).set(after.works)
        _tell(ref, before, after)

    async def _claim(self, due: Sequence[ModelRef], at: datetime) -> set[ModelRef]:
        if not due:
            return set()
        try:
            async with transaction(self.pool) as db:
                return await model_rows.claim_trials(db, due, at, TRIAL)
        except Unavailable:
            return set()

    async def _fresh(self) -> _Seen:
        """While the database is away, what was read last."""
        seen = self._seen
        began_s = time.monotonic()
        if began_s - seen.read_s < FRESH_S:
            return seen
        try:
            async with transaction(self.pool) as db:
                rows = await model_rows.changed_models(db)
                health = await model_rows.all_health(db)
        except Unavailable:
            return seen
        changed = [info for row in rows if (info := _readable(row))]
        self._seen = _Seen(self._shipped.replaced(changed), health, began_s)
        for ref, known in health.items():
            MODEL_WORKS.labels(str(ref)).set(known.works)
        return self._seen

    def _warn(self, info: ModelInfo, ref: ModelRef, at: datetime) -> None:
        """Once a day of a model that ends soon."""
        if info.shutdown_on is None:
            return
        days = (info.shutdown_on - at.date()).days
        MODEL_DAYS_LEFT.labels(str(ref)).set(days)
        if days > WARN_DAYS:
            return
        if at - self._warned.get(ref, at - timedelta(days=2)) > timedelta(days=1):
            self._warned[ref] = at
            log.warning(
                "model shuts down soon",
                model=str(ref),
                on=str(info.shutdown_on),
                successor=info.successor,
            )


def _readable(row: Record) -> ModelInfo | None:
    """A change as it is stored; None when it is taken back, or from a version to come."""
    try:
        return ModelInfo.model_validate(row["facts"]) if row["facts"] else None
    except ValidationError as error:
        model = f"{row['provider']}/{row['model']}"
        log.error("unreadable change of a model", model=model, why=str(error))
        return None


def _after(
    before: ModelHealth,
    fault: ProviderFailed | None,
    asked_at: datetime,
    at: datetime,
    decisive: bool,
) -> ModelHealth:
    if fault is None:
        return after_success(before, at)
    certain = decisive or is_certain(fault.kind, fault.status)
    return after_failure(before, fault.kind, fault.message, certain, asked_at, at)


def _tell(ref: ModelRef, before: ModelHealth, after: ModelHealth) -> None:
    if before.works and not after.works:
        log.error(
            "model does not work",
            model=str(ref),
            kind=after.kind,
            why=after.message,
            again_at=str(after.try_again_at),
        )
    if after.works and not before.works:
        log.info("model works again", model=str(ref))
