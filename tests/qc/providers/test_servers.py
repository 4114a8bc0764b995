"""Servers of one's own, by name, beside OpenAI and Google."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from services.qc.domain.routing import FailureKind
from services.qc.providers import Provider, ProviderFailed, open_providers
from tests.fake_providers import FakeProviders, Scripted
from tests.qc.providers.conftest import OPENAI_KEY, find_model, question

KEY = "key-of-mistral-012345"


@asynccontextmanager
async def opened(
    servers: dict[str, str], keys: dict[str, str] | None = None
) -> AsyncIterator[dict[str, Provider]]:
    secrets = {name: SecretStr(key) for name, key in (keys or {}).items()}
    async with open_providers(
        servers=servers, server_keys=secrets, find_model=find_model
    ) as providers:
        yield providers


async def test_a_server_is_a_provider_of_its_name(fake: FakeProviders) -> None:
    async with opened({"mistral": fake.openai_base_url}, {"mistral": KEY}) as providers:
        reply = await providers["mistral"].ask(question("pixtral-large"))

    [(headers, body)] = fake.requests
    assert list(providers) == ["mistral"]
    assert (reply.outcome, reply.model_served) == ("answered", "pixtral-large")
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert fake.calls[0].path == "/v1/chat/completions"
    assert body["max_tokens"] == 4_000


async def test_each_server_gets_its_own_calls_and_its_own_key() -> None:
    async with FakeProviders() as one, FakeProviders() as two:
        servers = {"one": one.openai_base_url, "two": two.openai_base_url}
        async with opened(servers, {"one": "key-1", "two": "key-2"}) as providers:
            await providers["one"].ask(question("a"))
            await providers["two"].ask(question("b"))

        assert [call.model for call in one.calls] == ["a"]
        assert [call.model for call in two.calls] == ["b"]
        assert one.requests[0][0]["Authorization"] == "Bearer key-1"
        assert two.requests[0][0]["Authorization"] == "Bearer key-2"


async def test_a_server_without_a_key_is_sent_none(
    fake: FakeProviders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", OPENAI_KEY)
    monkeypatch.setenv("OPENAI_ADMIN_KEY", "sk-admin-0123456789")

    async with opened({"local": fake.openai_base_url}) as providers:
        await providers["local"].ask(question("llava"))

    assert "Authorization" not in fake.requests[0][0]


async def test_what_the_environment_holds_for_openai_stays_with_openai(
    fake: FakeProviders, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-Secret12345")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "proj_Secret12345")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Custom: Secret12345")

    async with opened({"local": fake.openai_base_url}, {"local": KEY}) as providers:
        await providers["local"].ask(question("llava"))

    assert "Secret12345" not in str(fake.requests[0][0])


async def test_no_field_is_sent_that_only_openai_knows(fake: FakeProviders) -> None:
    async with opened({"local": fake.openai_base_url}) as providers:
        await providers["local"].ask(question("llava", service_tier="flex"))

    assert not {"prompt_cache_key", "service_tier", "store"} & fake.requests[0][1].keys()


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, FailureKind.UNAUTHORIZED, "mistral refused the key (401): check QC_SERVER_KEYS"),
        (307, FailureKind.INVALID_REQUEST, "check QC_SERVERS"),
        (500, FailureKind.SERVER_ERROR, "mistral answered 500"),
    ],
)
async def test_a_failure_names_the_server_and_its_setting(
    status: int, kind: FailureKind, words: str, fake: FakeProviders
) -> None:
    fake.answer_with(Scripted(status=status, headers={"location": "http://127.0.0.1:9/"}))
    async with opened({"mistral": fake.openai_base_url}, {"mistral": KEY}) as providers:
        with pytest.raises(ProviderFailed) as failed:
            await providers["mistral"].ask(question("pixtral-large"))

    assert failed.value.kind is kind
    assert words in failed.value.message
    assert KEY not in f"{failed.value.message} {failed.value.raw}"


@pytest.mark.parametrize("name", ["openai", "google", "Mistral", "a b", "1st", "x" * 41, ""])
async def test_a_name_that_cannot_be_one_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="QC_SERVERS"):
        async with opened({name: "http://127.0.0.1:9/v1"}):
            pass


@pytest.mark.parametrize("url", ["127.0.0.1:9", "ftp://127.0.0.1/", "http://me:word@127.0.0.1/v1"])
async def test_an_address_that_is_none_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ValueError, match="QC_SERVERS") as refused:
        async with opened({"mine": url}):
            pass

    assert "word@" not in str(refused.value)


async def test_a_key_without_a_server_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="QC_SERVER_KEYS names 'mistrall'") as refused:
        async with opened({"mistral": "http://127.0.0.1:9/v1"}, {"mistrall": KEY}):
            pass

    assert KEY not in str(refused.value)
