"""What the calls of the last weeks say about models."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from libs.contracts.prices import RetirementRow
from services.usage.domain.model_check import (
    ModelUse,
    disputed_ends,
    ending_models,
    is_dated_name,
    replaced_models,
    unpriced_uses,
)
from services.usage.domain.pricing import Names, RateCard
from services.usage.domain.published import Upstream
from tests.usage.factories import price

DAY = date(2026, 11, 27)
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
GPT = ("openai", "gpt-4o")


def _use(**given: Any) -> ModelUse:
    known: dict[str, Any] = {
        "provider": "openai",
        "model_requested": "gpt-4o",
        "model_served": None,
        "service_tier": "standard",
        "calls": 3,
        "unpriced_calls": 0,
        "last_used_at": NOW,
    }
    return ModelUse(**known | given)


def _end(**given: Any) -> dict[tuple[str, str], RetirementRow]:
    known = {
        "provider": "openai",
        "model": "gpt-4o",
        "shutdown_on": DAY,
        "successor": "gpt-6",
        "source_url": "https://x.example",
        "checked_on": DAY,
        "note": "",
        "added_by": "files",
        "added_at": NOW,
    }
    return {GPT: RetirementRow.model_validate(known | given)}


@pytest.mark.parametrize(
    ("asked", "served", "same"),
    [
        ("gpt-4o", "gpt-4o-2024-08-06", True),
        ("claude-haiku-4-5", "claude-haiku-4-5-20251001", True),
        ("gemini-2.0-flash", "gemini-2.0-flash-001", True),
        ("gemini-2.5-flash", "gemini-2.5-flash-preview-09-2025", True),
        ("gpt-4o", "gpt-4o-mini", False),
        ("gpt-4o", "gpt-4o-mini-2024-07-18", False),
        ("gpt-4o", "gpt-4o", False),
        ("gpt-5", "gpt-5.1", False),
    ],
)
def test_dated_name_is_the_model_itself(asked: str, served: str, same: bool) -> None:
    assert is_dated_name(asked, served) is same


@pytest.mark.parametrize(
    ("asked", "served", "said"),
    [
        ("gpt-4o", "gpt-4o-2024-08-06", False),
        ("gpt-4o", "gpt-4o-2099-01-01", False),
        ("models/gpt-4o", "gpt-4o", False),
        ("gpt-4o-nick", "gpt-4o", False),
        ("gpt-chat-latest", "gpt-6", False),
        ("gpt-4o", None, False),
        ("gpt-4o", "gpt-4o-mini", True),
        ("gemini-2.5-pro", "gemini-3.8-flash", True),
    ],
)
def test_answer_of_another_model_is_told(asked: str, served: str | None, said: bool) -> None:
    names = Names("openai", model_aliases={"gpt-4o-nick": "gpt-4o"}, model_prefixes=("models/",))
    uses = [_use(model_requested=asked, model_served=served), _use()]

    remarks = list(replaced_models(RateCard([], [names]), uses))

    assert [remark.model for remark in remarks] == ([asked] if said else [])


def test_called_model_without_a_price_is_an_error_and_a_later_price_a_warning() -> None:
    card = RateCard([price()])
    unknown = _use(model_served="gpt-next", unpriced_calls=2)

    codes = [
        (remark.severity, remark.code, remark.model)
        for remark in unpriced_uses(card, [_use(), unknown, _use(unpriced_calls=1)])
    ]

    assert codes == [("error", "unpriced", "gpt-next"), ("warning", "priced_later", "gpt-4o")]


@pytest.mark.parametrize(
    ("days", "used", "said"),
    [
        (91, True, None),
        (90, True, ("warning", "shutdown_near")),
        (1, False, ("warning", "shutdown_near")),
        (0, True, ("error", "used_after_shutdown")),
        (-5, True, ("error", "used_after_shutdown")),
        (-5, False, ("note", "shut_down")),
        (None, True, None),
    ],
)
def test_end_of_a_model_is_told_ninety_days_before(
    days: int | None, used: bool, said: tuple[str, str] | None
) -> None:
    ends = _end(shutdown_on=None if days is None else DAY + timedelta(days=days))
    card = RateCard([price()])

    remarks = list(ending_models(card, ends, [_use()] if used else [], DAY))

    assert [(remark.severity, remark.code) for remark in remarks] == ([said] if said else [])


def test_call_before_the_shutdown_is_no_error_after_it() -> None:
    ends = _end(shutdown_on=DAY)
    before = _use(last_used_at=NOW - timedelta(days=1))

    [remark] = ending_models(RateCard([price()]), ends, [before], DAY + timedelta(days=1))

    assert remark.code == "shut_down"


def test_asking_for_a_model_that_is_shut_down_counts_though_another_answers() -> None:
    rerouted = _use(model_served="gpt-6")

    [remark] = ending_models(RateCard([price()]), _end(), [rerouted], DAY)

    assert remark.code == "used_after_shutdown"


def test_shutdown_that_a_source_dates_otherwise_is_told() -> None:
    card = RateCard([price()])
    other = Upstream("s", {}, shutdowns={GPT: date(2027, 3, 1)})
    dated = Upstream("s", {}, shutdowns={("openai", "gpt-4o-2024-08-06"): DAY})
    stranger = Upstream("s", {}, shutdowns={("openai", "gpt-4o-mini"): DAY})

    assert [r.code for r in disputed_ends(card, _end(), [other], DAY)] == ["shutdown_differs"]
    assert list(disputed_ends(card, _end(), [dated, stranger], DAY)) == []
