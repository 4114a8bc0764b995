"""The vision models that judged checks ask. Nothing else in the house knows their SDKs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module

from pydantic import SecretStr

from services.qc.domain.routing import KEY_SETTINGS
from services.qc.providers import google, openai
from services.qc.providers.base import Picture, Provider, ProviderFailed, Question, Reply

__all__ = ["Picture", "Provider", "ProviderFailed", "Question", "Reply", "open_providers"]


@asynccontextmanager
async def open_providers(
    *,
    openai_api_key: SecretStr | None = None,
    openai_base_url: str | None = None,
    google_api_key: SecretStr | None = None,
    google_base_url: str | None = None,
) -> AsyncIterator[dict[str, Provider]]:
    """The providers that have a key, by name; open once for the life of the process.

    An SDK takes more than a second to import: each is imported here, in a thread, and only
    when it has a key. Raises ValueError, which names the setting, for a key or an address
    that cannot be one.
    """
    providers: list[Provider] = []
    async with AsyncExitStack() as stack:
        if key := _key("openai", openai_api_key):
            url = _address(openai.BASE_URL_SETTING, openai_base_url)
            await asyncio.to_thread(import_module, "openai")
            providers.append(openai.OpenAIProvider(key, url))
            stack.push_async_callback(providers[-1].aclose)
        if key := _key("google", google_api_key):
            url = _address(google.BASE_URL_SETTING, google_base_url)
            await asyncio.to_thread(import_module, "google.genai")
            providers.append(google.GoogleProvider(key, url))
            stack.push_async_callback(providers[-1].aclose)
        yield {provider.name: provider for provider in providers}


def _key(provider: str, secret: SecretStr | None) -> str | None:
    key = secret.get_secret_value().strip() if secret else ""
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError(f"{KEY_SETTINGS[provider]} holds characters that no key has")
    return key or None


def _address(setting: str, url: str | None) -> str | None:
    if url and not url.startswith(("http://", "https://")):
        raise ValueError(f"{setting} must start with http:// or https://")
    return url or None
