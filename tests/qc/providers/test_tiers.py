"""The cheaper tier for those who can wait: asked for, and left when it is refused."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.qc.domain.routing import FailureKind, ModelRef, Retry, decide
from services.qc.domain.usage import NO_USAGE, settled_usage
from services.qc.providers import Provider, ProviderFailed
from services.qc.providers.tiers import REFUSED_FOR_S, Tiers, is_refusal, served_as
from tests.fake_providers import FakeProviders, Scripted
from tests.qc.providers.conftest import BY_RESPONSES, Known, find_model, opened, question

ALL = ("standard", "flex", "batch", "priority")
WAYS = [("openai", "gpt-5"), ("openai", BY_RESPONSES), ("google", "gemini-2.5-pro")]
each_way = pytest.mark.parametrize(("name", "model"), WAYS)

NO_ROOM = {
    "openai": Scripted(
        status=429, body={"error": {"code": "resource_unavailable", "message": "No room."}}
    ),
    "google": Scripted(
        status=503,
        body={"error": {"code": 503, "status": "UNAVAILABLE", "message": "At capacity."}},
    ),
}
NO_SUCH_TIER = {
    "openai": Scripted(
        status=400,
        body={
            "error": {
                "message": "Invalid service_tier argument",
                "param": "service_tier",
                "code": "invalid_request_error",
            }
        },
    ),
    "google": Scripted(
        status=400,
        body={"error": {"status": "INVALID_ARGUMENT", "message": "Flex is not supported."}},
    ),
}


@pytest.fixture
async def providers(server: FakeProviders) -> AsyncIterator[dict[str, Provider]]:
    """Fresh ones, that no tier was refused to."""
    async with opened(server) as fresh:
        yield fresh


def tier_of(body: dict[str, Any]) -> str | None:
    tier: str | None = body.get("service_tier") or body.get("serviceTier")
    return tier


async def asked(provider: Provider, fake: FakeProviders, model: str, tier: str) -> str | None:
    await provider.ask(question(model, service_tier=tier))
    return tier_of(fake.requests[-1][1])


async def refusal(provider: Provider, model: str) -> ProviderFailed:
    with pytest.raises(ProviderFailed) as failed:
        await provider.ask(question(model, service_tier="flex"))
    return failed.value


@each_way
async def test_the_tier_that_is_wished_for_is_asked_for_and_told(
    name: str, model: str, fake: FakeProviders, providers: dict[str, Provider], known: Known
) -> None:
    known(name, model, tiers=ALL)

    reply = await providers[name].ask(question(model, service_tier="flex"))

    assert tier_of(fake.requests[0][1]) == "flex"
    assert reply.service_tier == "flex"


@each_way
async def test_the_standard_tier_is_not_named(
    name: str, model: str, fake: FakeProviders, providers: dict[str, Provider]
) -> None:
    assert await asked(providers[name], fake, model, "standard") is None


@each_way
async def test_a_model_without_the_tier_is_asked_without_it(
    name: str, model: str, fake: FakeProviders, providers: dict[str, Provider], known: Known
) -> None:
    known(name, model, tiers=("standard",))

    assert await asked(providers[name], fake, model, "flex") is None


async def test_who_can_wait_for_a_batch_gets_flex(
    fake: FakeProviders, providers: dict[str, Provider], known: Known
) -> None:
    known("openai", "gpt-5", tiers=ALL)
    known("openai", "gpt-4o", tiers=("standard", "batch"))

    assert await asked(providers["openai"], fake, "gpt-5", "batch") == "flex"
    assert await asked(providers["openai"], fake, "gpt-4o", "batch") is None


@each_way
@pytest.mark.parametrize("refused", [NO_ROOM, NO_SUCH_TIER], ids=["no room", "no such tier"])
async def test_a_refused_tier_costs_nothing_and_the_same_question_goes_standard(
    refused: dict[str, Scripted],
    name: str,
    model: str,
    fake: FakeProviders,
    providers: dict[str, Provider],
    known: Known,
) -> None:
    known(name, model, tiers=ALL)
    fake.answer_with(refused[name])

    failed = await refusal(providers[name], model)
    step = decide(failed.kind, ModelRef(name, model), 1, [])
    again = await asked(providers[name], fake, model, "flex")

    assert failed.kind is FailureKind.TIER_REFUSED
    assert settled_usage(failed.usage, failed.kind) == NO_USAGE
    assert step == Retry(0.0)
    assert again is None
    assert len(fake.calls) == 2


def test_the_tier_is_tried_again_after_a_while() -> None:
    tiers, info = Tiers(), find_model("openai", "gpt-5")
    asked_flex = question("gpt-5", service_tier="flex")
    tiers.refused("gpt-5", "flex", now_s=100.0)

    assert tiers.to_ask(asked_flex, info, now_s=101.0) == "standard"
    assert tiers.to_ask(question("gpt-5-mini", service_tier="flex"), info, now_s=101.0) == "flex"
    assert tiers.to_ask(asked_flex, info, now_s=100.0 + REFUSED_FOR_S) == "flex"


async def test_a_burst_is_no_refusal_of_the_tier(
    fake: FakeProviders, providers: dict[str, Provider], known: Known
) -> None:
    known("openai", "gpt-5", tiers=ALL)
    slow_down = {"error": {"code": "rate_limit_exceeded", "message": "Rate limit reached."}}
    fake.answer_with(Scripted(status=429, body=slow_down))

    failed = await refusal(providers["openai"], "gpt-5")

    assert failed.kind is FailureKind.RATE_LIMITED
    assert await asked(providers["openai"], fake, "gpt-5", "flex") == "flex"


def test_nothing_is_a_refusal_when_no_tier_was_asked_for() -> None:
    assert not is_refusal("standard", 429, "resource_unavailable", "")
    assert not is_refusal("flex", 500, "resource_unavailable", "")
    assert not is_refusal("flex", 400, "", "The picture is too large.")
    assert is_refusal("priority", 400, "", "priority is not allowed for this project")


@pytest.mark.parametrize(
    ("said", "tier"),
    [
        (None, "standard"),
        ("default", "standard"),
        ("SERVICE_TIER_FLEX", "flex"),
        ("ON_DEMAND_FLEX", "flex"),
        ("ON_DEMAND", "standard"),
        ("fast", "priority"),
        ("scale", "scale"),
    ],
)
def test_the_ledger_has_one_word_for_a_tier(said: str | None, tier: str) -> None:
    assert served_as(said) == tier
