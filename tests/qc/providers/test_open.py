"""Opening the providers: what a key and an address do, and what is loaded for them."""

import subprocess
import sys

import pytest
from pydantic import SecretStr

from services.qc.providers import open_providers


async def test_without_a_key_there_is_no_provider() -> None:
    async with open_providers(openai_api_key=SecretStr("  ")) as providers:
        assert providers == {}


async def test_each_key_opens_its_provider() -> None:
    async with open_providers(google_api_key=SecretStr("AIzaSy")) as providers:
        assert list(providers) == ["google"]


@pytest.mark.parametrize("key", ["sk-secr\u00e9t", "sk-secret\nsk-second", "sk secret"])
async def test_a_key_that_cannot_be_one_is_refused_without_repeating_it(key: str) -> None:
    with pytest.raises(ValueError, match="OPENAI_API_KEY") as refused:
        async with open_providers(openai_api_key=SecretStr(key)):
            pass

    assert "sec" not in str(refused.value)


async def test_an_address_without_a_scheme_is_refused() -> None:
    with pytest.raises(ValueError, match="GOOGLE_GEMINI_BASE_URL"):
        async with open_providers(google_api_key=SecretStr("k"), google_base_url="localhost:80"):
            pass


def test_no_sdk_is_loaded_before_it_is_needed() -> None:
    loaded = "'openai' in sys.modules or 'google.genai' in sys.modules"
    program = f"import sys, services.qc.providers; sys.exit({loaded})"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
