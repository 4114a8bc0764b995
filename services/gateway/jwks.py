"""The public keys of an identity provider, which it may change at any time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from libs.problems import UpstreamFailed

log = structlog.get_logger()

LIFE_S = 3600.0
COOL_DOWN_S = 60.0
LEAST_RSA_BITS = 2048

PublicKey: TypeAlias = RSAKey | ECKey


class UnknownKey(ValueError):
    """No key of the provider has that id."""


class SigningKeys:
    """Kept for an hour. An id that is not among them has them fetched anew, once per cool-down:
    a provider that has just changed its keys is followed, a flood of forged ids is not.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Mapping[str, object]]],
        cool_down_s: float = COOL_DOWN_S,
        life_s: float = LIFE_S,
    ) -> None:
        """`fetch` gets the provider's JWK set; raises UpstreamFailed."""
        self._fetch = fetch
        self._cool_down_s = cool_down_s
        self._life_s = life_s
        self._keys: dict[str, PublicKey] = {}
        self._fresh_until = self._next_search_at = 0.0
        self._lock = asyncio.Lock()

    async def key(self, key_id: str) -> PublicKey:
        """Raises UnknownKey, and UpstreamFailed when none were ever fetched."""
        loop = asyncio.get_running_loop()
        if key_id in self._keys and loop.time() < self._fresh_until:
            return self._keys[key_id]
        async with self._lock:
            now = loop.time()
            if now >= self._fresh_until:
                await self._renew(now)
            elif key_id not in self._keys and now >= self._next_search_at:
                self._next_search_at = now + self._cool_down_s
                await self._renew(now)
            if key_id not in self._keys:
                raise UnknownKey(f"no key {key_id[:80]!r}")
            return self._keys[key_id]

    async def _renew(self, now: float) -> None:
        """Old keys stay in use while the provider does not answer."""
        try:
            self._keys = read_keys(await self._fetch())
        except UpstreamFailed as error:
            if not self._keys:
                raise
            log.warning("the identity provider's keys stay as they were", why=error.detail)
        self._fresh_until = now + self._life_s


def read_keys(document: Mapping[str, object]) -> dict[str, PublicKey]:
    """The keys for signatures that we can use, by id; other kinds are passed over.

    Source: RFC 7517, section 5.
    """
    entries = document.get("keys")
    found: dict[str, PublicKey] = {}
    for entry in entries if isinstance(entries, list) else []:
        key_id = entry.get("kid") if isinstance(entry, dict) else None
        if isinstance(key_id, str) and entry.get("use", "sig") == "sig":
            key = _import(entry)
            if key is not None:
                found[key_id] = key
    return found


def _import(entry: dict[str, str | list[str]]) -> PublicKey | None:
    try:
        if entry.get("kty") == "RSA":
            key = RSAKey.import_key(entry)
            return key if key.public_key.key_size >= LEAST_RSA_BITS else None
        if entry.get("kty") == "EC" and entry.get("crv") == "P-256":
            return ECKey.import_key(entry)
    except (JoseError, ValueError, TypeError, KeyError):
        log.warning("the identity provider has a key that cannot be read")
    return None
