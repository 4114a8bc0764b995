"""The registry of models over a real database: changes, marks, trials, several processes."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from libs.contracts.models import ModelInfo
from libs.postgres import CLASHES, Pool, transaction
from services.qc import model_rows
from services.qc.domain.routing import FailureKind, ModelRef
from services.qc.model_file import shipped_models
from services.qc.models import Registry
from services.qc.providers.base import ProviderFailed

GPT, PRO = ModelRef("openai", "gpt-6-sol"), ModelRef("google", "gemini-3.8-flash")
BROKE = ProviderFailed(FailureKind.SERVER_ERROR, "OpenAI answered 500: no")
WRONG_KEY = ProviderFailed(FailureKind.UNAUTHORIZED, "OpenAI refused the key (401)", status=401)


def now() -> datetime:
    return datetime.now(UTC)


async def end_pause(pool: Pool) -> None:
    async with transaction(pool) as db:
        await db.execute("UPDATE model_health SET try_again_at = now() - interval '1 second'")


async def first(registry: Registry) -> ModelRef:
    registry.forget()
    return (await registry.chain([GPT, PRO])).models[0]


async def test_model_that_keeps_failing_is_skipped_by_every_process(pool: Pool) -> None:
    one, other = Registry(pool), Registry(pool)
    for _ in range(4):
        await one.heard(GPT, BROKE, now())
    assert await first(other) == GPT

    await one.heard(GPT, BROKE, now())

    assert (await one.chain([GPT, PRO])).models == (PRO,)
    assert await first(other) == PRO
    (remark,) = (await other.chain([GPT, PRO])).remarks
    assert remark == "openai/gpt-6-sol is marked as not working: OpenAI answered 500: no"


async def test_wrong_key_is_enough(pool: Pool) -> None:
    registry = Registry(pool)

    await registry.heard(GPT, WRONG_KEY, now())

    assert await first(registry) == PRO


@pytest.mark.parametrize(
    "kind", [FailureKind.RATE_LIMITED, FailureKind.REFUSED, FailureKind.BLOCKED]
)
async def test_answer_that_is_not_the_models_fault_marks_nothing(
    pool: Pool, kind: FailureKind
) -> None:
    registry = Registry(pool)

    for _ in range(9):
        await registry.heard(GPT, ProviderFailed(kind, "no"), now(), decisive=True)

    assert await first(registry) == GPT


async def test_one_of_many_tries_a_broken_model_and_brings_it_back(pool: Pool) -> None:
    registries = [Registry(pool) for _ in range(6)]
    await registries[0].heard(GPT, WRONG_KEY, now())
    await end_pause(pool)

    asked = await asyncio.gather(*(first(registry) for registry in registries))

    assert sorted(map(str, asked)) == [str(PRO)] * 5 + [str(GPT)]
    await registries[0].heard(GPT, None, now())
    assert await asyncio.gather(*(first(r) for r in registries)) == [GPT] * 6


async def test_failed_trial_is_followed_by_a_longer_pause(pool: Pool) -> None:
    registry = Registry(pool)
    await registry.heard(GPT, WRONG_KEY, now())
    await end_pause(pool)
    assert await first(registry) == GPT

    await registry.heard(GPT, WRONG_KEY, now())

    assert await first(registry) == PRO
    again_at = (await registry.health())[GPT].try_again_at
    assert again_at and timedelta(seconds=110) < again_at - now() < timedelta(seconds=121)


async def test_new_process_tries_again_at_once(pool: Pool) -> None:
    await Registry(pool).heard(GPT, WRONG_KEY, now())
    mended = Registry(pool)

    await mended.start()

    assert await first(mended) == GPT


async def test_success_is_not_written_after_every_call(pool: Pool) -> None:
    registry = Registry(pool)
    await registry.heard(GPT, None, now())
    async with transaction(pool) as db:
        before = await db.fetchval("SELECT xmin::text FROM model_health")

    for _ in range(20):
        await registry.heard(GPT, None, now())

    async with transaction(pool) as db:
        assert await db.fetchval("SELECT xmin::text FROM model_health") == before


async def test_failures_of_many_processes_add_up(pool: Pool) -> None:
    registries = [Registry(pool) for _ in range(5)]

    await asyncio.gather(*(registry.heard(GPT, BROKE, now()) for registry in registries))

    assert (await registries[0].health())[GPT].failures == 5
    assert await first(registries[1]) == PRO


async def change(pool: Pool, info: ModelInfo | None) -> None:
    async with transaction(pool) as db:
        await model_rows.add_change(db, GPT, info, "why", "ada", now())


async def test_change_counts_without_a_restart_and_can_be_taken_back(pool: Pool) -> None:
    registry = Registry(pool)
    info = shipped_models().find(*_names(GPT))
    ended = info.model_copy(update={"shutdown_on": date(2026, 1, 1), "successor": "gpt-6.1-sol"})

    await change(pool, ended)
    assert await first(registry) == ModelRef("openai", "gpt-6.1-sol")
    await change(pool, None)
    assert await first(registry) == GPT

    async with transaction(pool) as db:
        (row,) = await model_rows.changed_models(db)
    assert (row["revision"], row["facts"], row["changed_by"]) == (2, None, "ada")


async def test_of_two_changes_at_once_both_are_kept_or_one_is_told(pool: Pool) -> None:
    info = shipped_models().find(*_names(GPT))

    told = await asyncio.gather(*(change(pool, info) for _ in range(6)), return_exceptions=True)

    assert all(one is None or isinstance(one, CLASHES) for one in told)
    async with transaction(pool) as db:
        kept = await db.fetch("SELECT revision FROM model_change ORDER BY revision")
    assert [row["revision"] for row in kept] == list(range(1, told.count(None) + 1))


async def test_history_of_changes_cannot_be_rewritten(pool: Pool) -> None:
    await change(pool, None)

    for statement in ("UPDATE model_change SET note = ''", "DELETE FROM model_change"):
        with pytest.raises(Exception, match="permission denied"):
            async with transaction(pool) as db:
                await db.execute(statement)


def _names(ref: ModelRef) -> tuple[str, str]:
    return ref.provider, ref.model
