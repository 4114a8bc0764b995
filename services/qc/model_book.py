"""The models as people see them, and how an operator changes one."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from libs.contracts.access import Actor
from libs.contracts.models import Health, ModelChange, ModelInfo, ModelRow, ModelsQuery
from libs.postgres import CLASHES, Record, transaction
from libs.problems import Conflict, Invalid, NotFound
from services.qc import model_rows
from services.qc.domain.model_changes import changed
from services.qc.domain.model_health import ModelHealth
from services.qc.domain.routing import ModelRef, model_ref
from services.qc.models import Registry


@dataclass(frozen=True, slots=True)
class ModelBook:
    """`configured` are the providers that have a key, `default` the models asked by default."""

    registry: Registry
    configured: Collection[str]
    default: Sequence[ModelRef]

    async def rows(self, query: ModelsQuery) -> list[ModelRow]:
        """Those that concern this installation, or all that are written down."""
        models = await self.registry.models()
        health = await self.registry.health()
        changes = await self._changes()
        asked = list(dict.fromkeys([*self.default, *health, *changes]))
        heirs = [
            ModelRef(ref.provider, heir)
            for ref in self.default
            if (heir := models.find(ref.provider, ref.model).successor)
        ]
        written = [ModelRef(info.provider, info.model) for info in models] if query.all else []
        return [
            self._row(ref, models.find(ref.provider, ref.model), health, changes)
            for ref in dict.fromkeys([*asked, *heirs, *written])
            if query.provider in (None, ref.provider)
        ]

    async def row(self, ref: ModelRef) -> ModelRow:
        models, health = await self.registry.models(), await self.registry.health()
        return self._row(ref, models.find(ref.provider, ref.model), health, await self._changes())

    async def change(self, change: ModelChange, actor: Actor) -> ModelRow:
        """Let other facts count from now on. Raises Invalid when they contradict each other."""
        self.registry.forget()
        try:
            info = changed(change, await self.registry.models())
        except ValueError as error:
            raise Invalid("contradictory_model", f"{error}.") from error
        return await self._write(model_ref(change.model), info, change.note, actor)

    async def reset(self, ref: ModelRef, actor: Actor) -> ModelRow:
        """Let what is shipped count again. Raises NotFound when nothing was changed."""
        if ref not in await self._changes():
            raise NotFound("not_changed", f"Nobody has changed {ref}: it is as it was shipped.")
        return await self._write(ref, None, "", actor)

    async def _write(
        self, ref: ModelRef, info: ModelInfo | None, note: str, actor: Actor
    ) -> ModelRow:
        try:
            async with transaction(self.registry.pool) as db:
                await model_rows.add_change(db, ref, info, note, actor.subject, datetime.now(UTC))
        except CLASHES as error:
            raise Conflict(
                "changed_meanwhile", f"Somebody else has just changed {ref}: look, and try again."
            ) from error
        self.registry.forget()
        return await self.row(ref)

    async def _changes(self) -> dict[ModelRef, Record]:
        async with transaction(self.registry.pool) as db:
            rows = await model_rows.changed_models(db)
        return {ModelRef(row["provider"], row["model"]): row for row in rows if row["facts"]}

    def _row(
        self,
        ref: ModelRef,
        info: ModelInfo,
        health: Mapping[ModelRef, ModelHealth],
        changes: Mapping[ModelRef, Record],
    ) -> ModelRow:
        change, fares = changes.get(ref), health.get(ref)
        today = datetime.now(UTC).date()
        return ModelRow(
            **info.model_dump(),
            configured=ref.provider in self.configured,
            is_default=ref in self.default,
            days_left=(info.shutdown_on - today).days if info.shutdown_on else None,
            health=_seen(fares) if fares else None,
            changed_by=change["changed_by"] if change else None,
            changed_at=change["changed_at"] if change else None,
            change_note=change["note"] if change else "",
        )


def _seen(health: ModelHealth) -> Health:
    return Health.model_validate(asdict(health))


def refs(names: Iterable[str]) -> list[ModelRef]:
    return list(dict.fromkeys(map(model_ref, names)))
