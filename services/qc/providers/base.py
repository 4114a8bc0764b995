"""What every provider is asked and answers, and the one way in which it fails."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol
from uuid import UUID

from pydantic import JsonValue

from services.qc.domain.rates import NO_RATES, Rates
from services.qc.domain.routing import FailureKind
from services.qc.domain.usage import TokenUsage

ATTEMPT_HEADER = "X-Client-Request-Id"
"""Carries our attempt id, so that a provider's list of calls can be joined with our ledger."""

ReplyOutcome = Literal["answered", "refused", "blocked", "truncated", "empty"]

_FAILURES: dict[ReplyOutcome, FailureKind] = {
    "refused": FailureKind.REFUSED,
    "blocked": FailureKind.BLOCKED,
    "truncated": FailureKind.UNUSABLE_ANSWER,
    "empty": FailureKind.UNUSABLE_ANSWER,
}


class Picture:
    """What the model sees. It is encoded once, when it is made, for all the calls that carry it.

    No second copy is kept: `data` decodes. Caches know it by its `sha256`.
    """

    __slots__ = ("base64", "mime", "sha256", "size_bytes")

    def __init__(self, data: bytes, mime: str) -> None:
        self.mime = mime
        self.size_bytes = len(data)
        self.base64 = base64.b64encode(data)
        self.sha256 = hashlib.sha256(data).hexdigest()

    def __repr__(self) -> str:
        return f"Picture({self.mime}, {self.sha256[:12]})"

    @property
    def data(self) -> bytes:
        return base64.b64decode(self.base64)

    @property
    def data_url(self) -> str:
        return f"data:{self.mime};base64,{self.base64.decode()}"


@dataclass(frozen=True, slots=True)
class Question:
    """One call. `timeout_s` bounds the whole of it; `max_output_tokens` includes reasoning.

    The first picture is the creative as a whole; others are close-ups or references, and the
    text says which is which. `service_tier` is the one wished for: where it is not to be had,
    the call is standard.
    """

    model: str
    system: str
    pictures: tuple[Picture, ...]
    text: str
    schema: Mapping[str, JsonValue]
    attempt_id: UUID
    timeout_s: float = 120.0
    max_output_tokens: int = 4_000
    service_tier: str = "standard"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as the provider gave it. `usage` is None when it reported none.

    `text` is the model's own, not validated; `finish` and `service_tier` are the provider's
    words, the tier in the ledger's (`standard`, `flex`, `priority`, `batch`).
    """

    text: str | None
    outcome: ReplyOutcome
    model_served: str | None
    usage: TokenUsage | None
    finish: str
    latency_ms: int
    service_tier: str = "standard"
    tool_calls: Mapping[str, int] = field(default_factory=dict)
    rates: Rates = NO_RATES
    provider_request_id: str | None = None
    reason: str | None = None

    @property
    def failure(self) -> FailureKind | None:
        """The kind to route by when the provider answered without answering the question."""
        return _FAILURES.get(self.outcome)


class ProviderFailed(Exception):
    """A call that brought no answer. The message is for people and holds no secret.

    `raw` is the provider's own words on it, without anything that looks like a key.
    """

    def __init__(
        self,
        kind: FailureKind,
        message: str,
        *,
        status: int | None = None,
        retry_after_s: float | None = None,
        rates: Rates = NO_RATES,
        usage: TokenUsage | None = None,
        raw: str = "",
        latency_ms: int = 0,
        provider_request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.status = status
        self.retry_after_s = retry_after_s
        self.rates = rates
        self.usage = usage
        self.raw = raw
        self.latency_ms = latency_ms
        self.provider_request_id = provider_request_id


class Provider(Protocol):
    """One vendor, one key, one open connection pool."""

    name: str

    async def ask(self, question: Question) -> Reply:
        """One HTTP request, never more. Raises ProviderFailed; cancelling it is safe."""
        ...

    async def aclose(self) -> None: ...
