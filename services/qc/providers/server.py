"""A configured server: the only host that its adapter speaks to."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

SERVERS_SETTING = "QC_SERVERS"
SERVER_KEYS_SETTING = "QC_SERVER_KEYS"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class Server:
    """`title` is its name for people; the settings are those that a message points to."""

    name: str
    title: str
    base_url: str
    key: str | None = field(repr=False)
    key_setting: str
    url_setting: str


def checked_key(setting: str, key: str) -> str | None:
    """The key without blanks around it, None for none. Raises ValueError, which names the setting
    and does not repeat the key."""
    stripped = key.strip()
    if not stripped.isascii() or not stripped.isprintable() or " " in stripped:
        raise ValueError(f"{setting} holds characters that no key has")
    return stripped or None


def checked_url(setting: str, url: str) -> str:
    """Raises ValueError, which names the setting, for what is no plain address."""
    if not url.startswith(("http://", "https://")):
        raise ValueError(f"{setting} must start with http:// or https://")
    parts = urlsplit(url)
    if parts.username or parts.password:
        raise ValueError(f"{setting} must hold no password: a key has its own setting")
    return url


def named_servers(urls: Mapping[str, str], keys: Mapping[str, str]) -> list[Server]:
    """The servers beside OpenAI and Google. Their names are those of providers from then on.

    Raises ValueError for a name that cannot be one or is taken, and for a key without a server.
    """
    for name in urls:
        if not _NAME.fullmatch(name) or name in ("openai", "google"):
            raise ValueError(
                f"{SERVERS_SETTING}: {name!r} is no name for a server: small letters, digits, "
                "- and _, and not openai or google"
            )
    if stray := [name for name in keys if name not in urls]:
        raise ValueError(f"{SERVER_KEYS_SETTING} names {stray[0]!r}, {SERVERS_SETTING} does not")
    return [
        Server(
            name=name,
            title=name,
            base_url=checked_url(SERVERS_SETTING, url),
            key=checked_key(SERVER_KEYS_SETTING, keys.get(name, "")),
            key_setting=SERVER_KEYS_SETTING,
            url_setting=SERVERS_SETTING,
        )
        for name, url in urls.items()
    ]
