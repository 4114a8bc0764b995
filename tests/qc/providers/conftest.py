"""The fake providers, the real SDKs pointed at them, and a question to ask."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from pydantic import SecretStr

from services.qc.domain.answer_schema import answers_schema
from services.qc.domain.prompt import SYSTEM
from services.qc.providers import Picture, Provider, Question, open_providers
from tests.fake_providers import FakeProviders

OPENAI_KEY = "sk-proj-0123456789abcdefghijklmnopqrstuvwxyz"
GOOGLE_KEY = "AIzaSyA-0123456789abcdefghijklmnopqrstu"
MODELS = {"openai": "gpt-4o", "google": "gemini-2.5-pro"}
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
SCHEMA = answers_schema(["logo"])
ATTEMPT_ID = UUID("0199a8c0-0000-7000-8000-000000000001")


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[FakeProviders]:
    async with FakeProviders() as fake:
        yield fake


@pytest.fixture(scope="session")
async def providers(server: FakeProviders) -> AsyncIterator[dict[str, Provider]]:
    async with open_providers(
        openai_api_key=SecretStr(OPENAI_KEY),
        openai_base_url=server.openai_base_url,
        google_api_key=SecretStr(GOOGLE_KEY),
        google_base_url=server.google_base_url,
    ) as opened:
        yield opened


@pytest.fixture
def fake(server: FakeProviders) -> FakeProviders:
    """The one running server, with nothing scripted and nothing seen."""
    server.reset()
    return server


def question(model: str, *, timeout_s: float = 10.0) -> Question:
    return Question(
        model=model,
        system=SYSTEM,
        pictures=(Picture(PICTURE, "image/png"),),
        text=(
            "<facts>\nfile {}\n</facts>\n\n"
            '<checks>\n<check id="logo">\nIs the logo visible?\n</check>\n</checks>'
        ),
        schema=SCHEMA,
        attempt_id=ATTEMPT_ID,
        timeout_s=timeout_s,
    )
