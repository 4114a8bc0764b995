"""Reading what went wrong on the wire, alike for every provider, without repeating a secret."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx2

from services.qc.domain.answer import clean
from services.qc.domain.routing import FailureKind
from services.qc.providers.base import ProviderFailed

MAX_QUOTE_CHARS = 300

_SECRETS = re.compile(
    r"(?i)\b(?:sk|pk|org|proj|key)-[\w*.-]{6,}|AIza[\w*-]{10,}|bearer\s+\S+|[\w+/=*-]{40,}"
)
_TRY_AGAIN = re.compile(r"(?:try again|retry) in ([\d.]+)\s*(ms|s|m)\b", re.IGNORECASE)
_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0}


def quoted(text: object, secret: str = "") -> str:
    """A provider's words, short, in one line and without anything that looks like a key.

    Providers repeat parts of a wrong key in their messages.
    """
    words = clean(str(text or ""), MAX_QUOTE_CHARS * 2)
    if secret:
        words = words.replace(secret, "[redacted]")
    return clean(_SECRETS.sub("[redacted]", words), MAX_QUOTE_CHARS)


def retry_after_s(headers: Mapping[str, str], message: str = "") -> float | None:
    """Seconds to wait as the provider asks: from `retry-after-ms`, `retry-after` or its words."""
    for name, unit_s in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        if re.fullmatch(r"\d{1,9}(\.\d+)?", value):
            return float(value) * unit_s
    try:
        at = parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        said = _TRY_AGAIN.search(message)
        return float(said[1]) * _UNIT_S[said[2].lower()] if said else None
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max((aware - datetime.now(UTC)).total_seconds(), 0.0)


def unanswered(error: BaseException | None, name: str, setting: str, left: bool) -> ProviderFailed:
    """The failure when no HTTP answer came. Nothing is billed of a request that had not `left`.

    `setting` is the base URL's, for the sentence that says what to look at.
    """
    if not left:
        return ProviderFailed(
            FailureKind.UNREACHABLE,
            f"{name} cannot be reached: check the network and {setting}.",
        )
    if isinstance(error, TimeoutError | httpx2.TimeoutException):
        return ProviderFailed(FailureKind.TIMED_OUT, f"{name} did not answer in time.")
    return ProviderFailed(
        FailureKind.INTERRUPTED, f"The connection to {name} broke before its answer was complete."
    )


def redirected(status: int, name: str, setting: str) -> ProviderFailed:
    """A redirect is never followed: the key and the picture go to the configured host only."""
    return ProviderFailed(
        FailureKind.INVALID_REQUEST,
        f"{name} answered with a redirect ({status}), which is not followed: check {setting}.",
        status=status,
    )
