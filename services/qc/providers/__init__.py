"""The vision models that judged checks ask. Nothing else in the house knows their SDKs."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module

from pydantic import SecretStr

from services.qc.domain.routing import KEY_SETTINGS
from services.qc.model_file import shipped_models
from services.qc.providers import google, openai
from services.qc.providers.base import Picture, Provider, ProviderFailed, Question, Reply
from services.qc.providers.question import FindModel
from services.qc.providers.server import Server, checked_key, checked_url, named_servers

__all__ = ["Picture", "Provider", "ProviderFailed", "Question", "Reply", "open_providers"]


@asynccontextmanager
async def open_providers(
    *,
    openai_api_key: SecretStr | None = None,
    openai_base_url: str | None = None,
    google_api_key: SecretStr | None = None,
    google_base_url: str | None = None,
    servers: Mapping[str, str] | None = None,
    server_keys: Mapping[str, SecretStr] | None = None,
    find_model: FindModel | None = None,
) -> AsyncIterator[dict[str, Provider]]:
    """The providers that have a key, by name; open once for the life of the process.

    `servers` speak OpenAI's dialect at an address of their own, with a key or without one; their
    names are those of providers. `find_model` tells what is known of a model, if not what was
    shipped. An SDK takes more than a second to import: each is imported here, in a thread, and
    only when it is needed. Raises ValueError, which names the setting, for a key, a name or an
    address that cannot be one.
    """
    find = find_model or shipped_models().find
    keys = {name: key.get_secret_value() for name, key in (server_keys or {}).items()}
    dialect = [
        *_vendor("openai", "OpenAI", openai_api_key, openai_base_url),
        *named_servers(servers or {}, keys),
    ]
    providers: list[Provider] = []
    async with AsyncExitStack() as stack:
        if dialect:
            await asyncio.to_thread(import_module, "openai")
        for server in dialect:
            providers.append(openai.OpenAIProvider(server, find))
            stack.push_async_callback(providers[-1].aclose)
        for server in _vendor("google", "Gemini", google_api_key, google_base_url):
            await asyncio.to_thread(import_module, "google.genai")
            providers.append(google.GoogleProvider(server, find))
            stack.push_async_callback(providers[-1].aclose)
        yield {provider.name: provider for provider in providers}


def _vendor(name: str, title: str, secret: SecretStr | None, url: str | None) -> list[Server]:
    module = {"openai": openai, "google": google}[name]
    setting = KEY_SETTINGS[name]
    key = checked_key(setting, secret.get_secret_value() if secret else "")
    if key is None:
        return []
    address = checked_url(module.BASE_URL_SETTING, url or module.DEFAULT_BASE_URL)
    return [Server(name, title, address, key, setting, module.BASE_URL_SETTING)]
