"""The vision models that judged checks ask. Nothing else in the house knows their SDKs."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from importlib import import_module
from typing import TypedDict, Unpack

from pydantic import SecretStr

from services.qc.domain.routing import KEY_SETTINGS
from services.qc.model_file import shipped_models
from services.qc.providers import google, openai
from services.qc.providers.base import Picture, Provider, ProviderFailed, Question, Reply
from services.qc.providers.question import FindModel
from services.qc.providers.server import Server, checked_key, checked_url, named_servers

__all__ = [
    "Access",
    "Picture",
    "Provider",
    "ProviderFailed",
    "Question",
    "Reply",
    "open_providers",
    "open_servers",
    "servers_of",
]


class Access(TypedDict, total=False):
    """Keys and addresses. `servers` speak OpenAI's dialect at addresses of their own, with a key
    or without one; their names are those of providers.
    """

    openai_api_key: SecretStr | None
    openai_base_url: str | None
    google_api_key: SecretStr | None
    google_base_url: str | None
    servers: Mapping[str, str]
    server_keys: Mapping[str, SecretStr]


def servers_of(**access: Unpack[Access]) -> list[Server]:
    """Those that can be asked: with a key, or by a name of their own. Raises ValueError, which
    names the setting, for a key, a name or an address that cannot be one.
    """
    keys = {name: key.get_secret_value() for name, key in access.get("server_keys", {}).items()}
    return [
        *_vendor("openai", "OpenAI", access.get("openai_api_key"), access.get("openai_base_url")),
        *_vendor("google", "Gemini", access.get("google_api_key"), access.get("google_base_url")),
        *named_servers(access.get("servers", {}), keys),
    ]


@asynccontextmanager
async def open_providers(
    find_model: FindModel | None = None, **access: Unpack[Access]
) -> AsyncIterator[dict[str, Provider]]:
    """The providers of these keys and addresses. Raises ValueError as `servers_of` does."""
    find = find_model or shipped_models().find
    async with open_servers(servers_of(**access), find) as providers:
        yield providers


@asynccontextmanager
async def open_servers(
    servers: Iterable[Server], find: FindModel
) -> AsyncIterator[dict[str, Provider]]:
    """The providers that can be asked, by name; open once for the life of the process.

    `find` tells what is known of a model, and is asked for each call. An SDK takes more than a
    second to import: each is imported here, in a thread, and only when it is needed.
    """
    providers: list[Provider] = []
    async with AsyncExitStack() as stack:
        for server in servers:
            is_google = server.name == "google"
            await asyncio.to_thread(import_module, "google.genai" if is_google else "openai")
            adapter = google.GoogleProvider if is_google else openai.OpenAIProvider
            providers.append(adapter(server, find))
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
