"""Every SQL statement about models: what operators changed, and how each model fares."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from libs.contracts.models import ModelInfo
from libs.postgres import Connection, Record
from services.qc.domain.model_health import ModelHealth
from services.qc.domain.routing import ModelRef

HEALTH = """failures, pauses, not_working_since, try_again_at, kind, message, worked_at,
            failed_at"""


async def changed_models(db: Connection) -> list[Record]:
    """The latest change of each model: provider, model, facts (null: as shipped) and by whom."""
    return await db.fetch(
        """
        SELECT DISTINCT ON (provider, model)
               provider, model, revision, facts, note, changed_by, changed_at
          FROM model_change
         ORDER BY provider, model, revision DESC
        """
    )


async def add_change(
    db: Connection,
    ref: ModelRef,
    info: ModelInfo | None,
    note: str,
    changed_by: str,
    at: datetime,
) -> None:
    """Write the next revision. Raises what `libs.postgres.CLASHES` has when two do so at once."""
    await db.execute(
        """
        INSERT INTO model_change (provider, model, revision, facts, note, changed_by, changed_at)
        SELECT $1, $2, coalesce(max(revision), 0) + 1, $3::jsonb, $4, $5, $6
          FROM model_change
         WHERE provider = $1 AND model = $2
        """,
        ref.provider,
        ref.model,
        info and info.model_dump(mode="json"),
        note,
        changed_by,
        at,
    )


async def all_health(db: Connection) -> dict[ModelRef, ModelHealth]:
    rows = await db.fetch(f"SELECT provider, model, {HEALTH} FROM model_health")
    return {ModelRef(row["provider"], row["model"]): _health(row) for row in rows}


async def held_health(db: Connection, ref: ModelRef) -> ModelHealth:
    """The health of a model, held by this transaction."""
    await db.execute(
        "INSERT INTO model_health (provider, model) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        ref.provider,
        ref.model,
    )
    row = await db.fetchrow(
        f"SELECT {HEALTH} FROM model_health WHERE provider = $1 AND model = $2 FOR UPDATE",
        ref.provider,
        ref.model,
    )
    assert row
    return _health(row)


async def write_health(db: Connection, ref: ModelRef, health: ModelHealth) -> None:
    """Write it; whoever was trying the model has ended."""
    await db.execute(
        """
        UPDATE model_health
           SET failures = $3, pauses = $4, not_working_since = $5, try_again_at = $6, kind = $7,
               message = $8, worked_at = $9, failed_at = $10, trial_until = NULL
         WHERE provider = $1 AND model = $2
        """,
        ref.provider,
        ref.model,
        *asdict(health).values(),
    )


async def claim_trials(
    db: Connection, refs: Sequence[ModelRef], at: datetime, trial_for: timedelta
) -> set[ModelRef]:
    """Take the trials of models whose pause is over and that nobody tries; return them."""
    rows = await db.fetch(
        """
        UPDATE model_health h SET trial_until = $3::timestamptz + $4::interval
          FROM unnest($1::text[], $2::text[]) AS due (provider, model)
         WHERE h.provider = due.provider AND h.model = due.model
           AND h.try_again_at <= $3 AND (h.trial_until IS NULL OR h.trial_until <= $3)
        RETURNING h.provider, h.model
        """,
        [ref.provider for ref in refs],
        [ref.model for ref in refs],
        at,
        trial_for,
    )
    return {ModelRef(row["provider"], row["model"]) for row in rows}


async def end_pauses(db: Connection, at: datetime) -> None:
    """Let every model that does not work be tried now; its next pause is as long as it would be."""
    await db.execute(
        "UPDATE model_health SET try_again_at = $1, trial_until = NULL WHERE try_again_at > $1", at
    )


def _health(row: Mapping[str, object] | Record) -> ModelHealth:
    return ModelHealth(**{name: row[name] for name in ModelHealth.__dataclass_fields__})  # type: ignore[arg-type]
