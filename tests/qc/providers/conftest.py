"""The fake providers, the real SDKs pointed at them, and a question to ask."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from libs.contracts.models import ModelInfo
from services.qc.domain.answer_schema import answers_schema
from services.qc.domain.prompt import SYSTEM
from services.qc.model_file import shipped_models
from services.qc.providers import Picture, Provider, Question, open_providers
from tests.fake_providers import FakeProviders

OPENAI_KEY = "sk-proj-0123456789abcdefghijklmnopqrstuvwxyz"
GOOGLE_KEY = "AIzaSyA-0123456789abcdefghijklmnopqrstu"
MODELS = {"openai": "gpt-4o", "google": "gemini-2.5-pro"}
BY_RESPONSES = "gpt-5-pro"
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
SCHEMA = answers_schema(["logo"])
ATTEMPT_ID = UUID("0199a8c0-0000-7000-8000-000000000001")

Known = Callable[..., None]


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[FakeProviders]:
    async with FakeProviders() as fake:
        yield fake


CHANGED: dict[tuple[str, str], dict[str, Any]] = {}
"""What a test says of a model beside what is shipped."""


def find_model(provider: str, model: str) -> ModelInfo:
    found = shipped_models().find(provider, model)
    return found.model_copy(update=CHANGED.get((provider, model), {}))


def opened(server: FakeProviders) -> AbstractAsyncContextManager[dict[str, Provider]]:
    return open_providers(
        openai_api_key=SecretStr(OPENAI_KEY),
        openai_base_url=server.openai_base_url,
        google_api_key=SecretStr(GOOGLE_KEY),
        google_base_url=server.google_base_url,
        find_model=find_model,
    )


@pytest.fixture(scope="session")
async def providers(server: FakeProviders) -> AsyncIterator[dict[str, Provider]]:
    async with opened(server) as found:
        yield found


@pytest.fixture
def fake(server: FakeProviders) -> FakeProviders:
    """The one running server, with nothing scripted and nothing seen."""
    server.reset()
    CHANGED.clear()
    return server


@pytest.fixture
def known(fake: FakeProviders) -> Known:
    """Say something else of a model, for one test: `known("openai", "gpt-4o", api="responses")`."""

    def say(provider: str, model: str, **facts: Any) -> None:
        CHANGED[provider, model] = facts

    return say


def question(model: str, **other: Any) -> Question:
    asked = Question(
        model=model,
        system=SYSTEM,
        pictures=(Picture(PICTURE, "image/png"),),
        text=(
            "<facts>\nfile {}\n</facts>\n\n"
            '<checks>\n<check id="logo">\nIs the logo visible?\n</check>\n</checks>'
        ),
        schema=SCHEMA,
        attempt_id=ATTEMPT_ID,
        timeout_s=10.0,
    )
    return replace(asked, **other)
