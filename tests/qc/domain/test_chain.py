"""Which models are asked: successors of those that ended, none that is broken."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.qc.domain.chain import Chain, succeeded, to_try, working
from services.qc.domain.model_health import ModelHealth
from services.qc.domain.models import Models
from services.qc.domain.routing import ModelRef, model_ref
from services.qc.model_file import shipped_models
from tests.qc.factories import NOON

GPT, PRO = ModelRef("openai", "gpt-4o"), ModelRef("google", "gemini-2.5-pro")
FLASH = ModelRef("google", "gemini-3.8-flash")
LAST_DAY = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)
FIRST_DAY_AFTER = datetime(2026, 12, 1, tzinfo=UTC)
BROKEN = ModelHealth(
    failures=5,
    pauses=1,
    not_working_since=NOON,
    try_again_at=NOON + timedelta(minutes=1),
    message="OpenAI answered 500",
)
SOON, DUE = NOON + timedelta(seconds=59), NOON + timedelta(minutes=1)


def models_with(ref: ModelRef, **facts: Any) -> Models:
    models = shipped_models()
    info = models.find(ref.provider, ref.model)
    return models.replaced([info.model_copy(update={"model": ref.model, **facts})])


def test_successor_is_asked_from_the_day_of_the_shutdown_on() -> None:
    before = succeeded([GPT, PRO], shipped_models(), LAST_DAY)
    after = succeeded([GPT, PRO], shipped_models(), FIRST_DAY_AFTER)

    assert before == Chain((GPT, PRO))
    assert after.models == (GPT, FLASH)
    assert after.remarks == (
        "google/gemini-2.5-pro was shut down on 2026-12-01: "
        "google/gemini-3.8-flash is asked in its place",
    )


def test_successor_of_a_successor_is_asked_when_that_ended_too() -> None:
    models = models_with(FLASH, shutdown_on=date(2027, 3, 1), successor="gemini-4-argon")

    chain = succeeded([PRO], models, datetime(2027, 3, 1, tzinfo=UTC))

    assert chain.models == (model_ref("google/gemini-4-argon"),)


def test_one_model_is_asked_once_when_it_succeeds_another_of_the_chain() -> None:
    assert succeeded([PRO, FLASH], shipped_models(), FIRST_DAY_AFTER).models == (FLASH,)


def test_successors_in_a_circle_end() -> None:
    circle = models_with(GPT, shutdown_on=date(2026, 1, 1), successor="gpt-4o")

    assert succeeded([GPT], circle, NOON).models == (GPT,)


def test_model_without_successor_is_asked_only_when_there_is_no_other() -> None:
    ended = models_with(GPT, shutdown_on=date(2026, 1, 1), successor=None)

    assert succeeded([GPT, PRO], ended, NOON).models == (PRO,)
    assert succeeded([GPT], ended, NOON).models == (GPT,)
    assert "no successor" in succeeded([GPT, PRO], ended, NOON).remarks[0]


def test_model_that_sees_no_pictures_is_never_asked() -> None:
    blind = models_with(GPT, vision=False)

    assert succeeded([GPT, PRO], blind, NOON).models == (PRO,)
    assert succeeded([GPT], blind, NOON) == Chain((), ("openai/gpt-4o does not see pictures",))


def test_broken_model_is_skipped_with_the_reason() -> None:
    chain = working(Chain((GPT, PRO)), {GPT: BROKEN}, (), SOON)

    assert chain.models == (PRO,)
    assert chain.remarks == ("openai/gpt-4o is marked as not working: OpenAI answered 500",)


def test_one_caller_tries_a_broken_model_when_its_pause_is_over() -> None:
    health = {GPT: BROKEN}

    assert to_try((GPT, PRO), health, SOON) == ()
    assert to_try((GPT, PRO), health, DUE) == (GPT,)
    assert working(Chain((GPT, PRO)), health, {GPT}, DUE).models == (GPT, PRO)
    assert working(Chain((GPT, PRO)), health, (), DUE).models == (PRO,)


def test_trial_behind_a_model_that_works_is_not_claimed_but_it_is_there_when_needed() -> None:
    health = {PRO: BROKEN}

    assert to_try((GPT, PRO), health, DUE) == ()
    assert working(Chain((GPT, PRO)), health, (), DUE).models == (GPT, PRO)
    assert working(Chain((GPT, PRO)), health, (), SOON).models == (GPT,)


def test_when_nothing_works_all_are_asked_the_one_to_be_tried_first() -> None:
    chain = Chain((GPT, PRO))
    later = replace(BROKEN, try_again_at=DUE + timedelta(hours=1))

    assert working(chain, {GPT: BROKEN, PRO: BROKEN}, (), SOON) == chain
    assert working(chain, {GPT: later, PRO: BROKEN}, {PRO}, DUE).models == (PRO, GPT)


def test_model_that_works_is_asked_whatever_happened_before() -> None:
    bruised = ModelHealth(failures=4, failed_at=NOON)

    assert working(Chain((GPT, PRO)), {GPT: bruised}, (), SOON) == Chain((GPT, PRO))
