"""Webhooks by the rules of Standard Webhooks: where one may go, how it is signed, when again.

Source: the specification of Standard Webhooks, version 1.0.0.
"""

import hashlib
import hmac
import ipaddress
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

PREFIX = "whsec_"
LEAST_SECRET_BYTES = 24
MOST_URL_CHARS = 2_000
PAUSES = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 57_600)
)
"""After each failed try; about 32 hours in all."""

LONGEST_PAUSE = timedelta(hours=1)
NEVER_AGAIN = 410
TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class AllowedHosts:
    """Names that webhooks may go to, each with a port where it is not the usual one.

    A `private` one may also stand inside, on an address that nobody outside can reach, and may
    be called without TLS.
    """

    public: frozenset[str] = frozenset()
    private: frozenset[str] = frozenset()

    def refusal(self, url: str) -> str | None:
        """Why no webhook may go to the URL, as a sentence; None when one may."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname or "", parts.port
        except ValueError:
            return "This is no address: write https://HOST/PATH."
        if len(url) > MOST_URL_CHARS or not url.isascii() or not url.isprintable() or " " in url:
            return "This is no address: write https://HOST/PATH."
        if "@" in parts.netloc or parts.fragment:
            return "An address for a webhook has no user, no password and no #."
        name = host.lower() if port is None else f"{host.lower()}:{port}"
        is_private = name in self.private
        if not is_private and name not in self.public:
            return f"Webhooks may not go to {name[:100] or 'no host'}: ask who runs this service."
        if parts.scheme != "https" and not (is_private and parts.scheme == "http"):
            return "A webhook goes over https only."
        if not is_private and is_address(host) and not is_public(host):
            return f"{host[:100]} is an address inside a network."
        return None


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_public(address: str) -> bool:
    """Whether anybody in the world could reach the IP address, also one inside another."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found in TRANSLATED:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if found.teredo or (inner and not is_public(str(inner))):
            return False
        if inner and found.ipv4_mapped:
            return True
    return found.is_global and not found.is_multicast


def read_secrets(text: str) -> list[bytes]:
    """The keys that sign, with commas between them; each `whsec_` and Base64.

    Raises ValueError, which does not repeat them.
    """
    keys = []
    for word in filter(None, (word.strip() for word in text.split(","))):
        try:
            key = b64decode(word.removeprefix(PREFIX), validate=True)
        except NotBase64:
            key = b""
        if not word.startswith(PREFIX) or len(key) < LEAST_SECRET_BYTES:
            raise ValueError(
                f"write {PREFIX} and then Base64 of at least {LEAST_SECRET_BYTES} random bytes"
            )
        keys.append(key)
    return keys


def signed_headers(
    delivery_id: str, at: datetime, body: bytes, keys: Sequence[bytes]
) -> dict[str, str]:
    """The headers by which a receiver knows who sent this body, and when.

    One signature for each key, so that a key can be replaced without a gap.
    """
    seconds = str(int(at.timestamp()))
    signed = b".".join((delivery_id.encode(), seconds.encode(), body))
    signatures = (b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys)
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def pause_after(
    tries: int, status: int | None, retry_after: str | None, pauses: Sequence[timedelta] = PAUSES
) -> timedelta | None:
    """How long to wait after a failed try, the first of which is 1; None: it is given up.

    A receiver that is gone for good (410) is not asked again; one that says when is obeyed,
    within an hour.
    """
    if status == NEVER_AGAIN or tries > len(pauses):
        return None
    pause = pauses[tries - 1]
    if retry_after and retry_after.isascii() and retry_after.isdecimal() and len(retry_after) < 9:
        asked = min(timedelta(seconds=int(retry_after)), LONGEST_PAUSE)
        pause = max(pause, asked)
    return pause
