"""Contract of the usage ledger."""

import math
from datetime import UTC, date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field, JsonValue, model_validator

from libs.contracts.common import Amount, Label, Reply, Request, Several, Usd

MAX_TOKENS = 2_000_000_000
MAX_EVENTS = 5_000
MAX_KEY_BYTES = 600
Tokens = Annotated[int, Field(ge=0, le=MAX_TOKENS, strict=True)]
Count = Annotated[int, Field(ge=0, le=MAX_TOKENS, strict=True)]
Instant = Annotated[
    AwareDatetime,
    Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2100, 1, 1, tzinfo=UTC)),
    AfterValidator(lambda at: at.astimezone(UTC)),
]
"""A moment in this century, in UTC whatever zone it was written in."""
Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]

Outcome = Literal["succeeded", "failed", "timed_out", "cancelled", "unknown", "cached"]
UsageSource = Literal["actual", "estimated", "unknown"]
EntryState = Literal["posted", "unpriced", "unknown", "suspect"]
ReportFormat = Literal["text", "json", "csv", "xlsx", "html", "pdf", "focus"]


def _canonical(value: JsonValue) -> JsonValue:
    """The same JSON with the keys of its objects in order, so that what means the same is the
    same text. Refuses what JSON in Postgres cannot hold: NUL, NaN and infinity.
    """
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        _text("".join(value))
        return {name: _canonical(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [_canonical(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("NaN and infinity are no JSON numbers")
    return value


def _text(text: str) -> str:
    if "\x00" in text:
        raise ValueError("text with a NUL character cannot be stored")
    return text


def _in_order(counts: dict[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items())) if len(counts) > 1 else counts


def _fits_an_index(text: str) -> str:
    if not text.isascii() and len(text.encode()) > MAX_KEY_BYTES:
        raise ValueError(f"more than {MAX_KEY_BYTES} bytes in UTF-8")
    return text


Key = Annotated[Label, AfterValidator(_fits_an_index)]
"""A label that roll-ups are kept by. Four of them must fit into the 2,704 bytes of an index row:
one day that cannot be summed would leave the roll-ups of all days behind.
"""
Details = Annotated[dict[str, JsonValue], AfterValidator(_canonical)]


class _Counts(Request):
    """Counts nest: `cached_input_tokens`, `cache_write_tokens` and `tool_input_tokens` are part of
    `input_tokens`; `reasoning_tokens` is part of `output_tokens`. Adapters normalise
    providers that report the parts separately, so the ledger adds nothing twice.
    """

    input_tokens: Tokens = 0
    cached_input_tokens: Tokens = 0
    cache_write_tokens: Tokens = 0
    tool_input_tokens: Tokens = 0
    output_tokens: Tokens = 0
    reasoning_tokens: Tokens = 0

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if self.cached_input_tokens + self.cache_write_tokens > self.input_tokens:
            raise ValueError("cached_input_tokens + cache_write_tokens exceed input_tokens")
        if self.tool_input_tokens > self.input_tokens:
            raise ValueError("tool_input_tokens exceed input_tokens")
        if self.reasoning_tokens > self.output_tokens:
            raise ValueError("reasoning_tokens exceed output_tokens")
        return self


class _Event(Request):
    """`event_id` is a UUIDv7 that the sender made before the fact: sent twice, it counts once."""

    event_id: UUID
    occurred_at: Instant
    client_id: Key = "unknown"
    user_id: Key = "unknown"
    user_email: str = Field(default="", max_length=320, pattern=r"^[^\x00]*$")
    user_name: str = Field(default="", max_length=300, pattern=r"^[^\x00]*$")


class ProviderCall(_Counts, _Event):
    """One HTTP attempt at a provider, as the provider reported it.

    `service_tier` is the one that answered, which decides the price; the one asked for may
    differ. `modality_tokens` are side facts (`input_image`, `input_text`, `output_audio` …):
    vendors give them as a breakdown that need not add up, so nothing is priced by them.
    """

    kind: Literal["provider_call"]
    analysis_id: UUID | None = None
    profile_id: Key = "unknown"
    profile_version: int | None = Field(default=None, ge=1, le=MAX_TOKENS)
    check_ids: list[Key] = Field(default=[], max_length=100)
    attempt_no: int = Field(default=1, ge=1, le=1000)
    fallback_of: UUID | None = None
    provider: Key
    model_requested: Key
    model_served: Key | None = None
    service_tier: Label = "standard"
    service_tier_requested: Label | None = None
    outcome: Outcome
    total_tokens: Tokens | None = None
    usage_source: UsageSource = "actual"
    latency_ms: Count | None = None
    fill_percentage: Percent | None = None
    tool_calls: Annotated[dict[Key, Count], Field(max_length=100), AfterValidator(_in_order)] = {}
    modality_tokens: Annotated[
        dict[Label, Count], Field(max_length=20), AfterValidator(_in_order)
    ] = {}
    raw_usage: Details = {}


class AnalysisStarted(_Event):
    kind: Literal["analysis_started"]
    analysis_id: UUID
    profile_id: Key = "unknown"
    profile_version: int | None = Field(default=None, ge=1, le=MAX_TOKENS)


class AnalysisCompleted(_Event):
    kind: Literal["analysis_completed"]
    analysis_id: UUID
    profile_id: Key = "unknown"
    profile_version: int | None = Field(default=None, ge=1, le=MAX_TOKENS)
    checks_completed: Count = 0
    overall_score: Percent | None = None
    verdict: Literal["pass", "fail", "incomplete"] | None = None
    duration_ms: Count | None = None


class UserLogin(_Event):
    kind: Literal["user_login"]


class AccessChange(_Event):
    kind: Literal["access_change"]
    details: Details = {}


class AccessRequested(_Event):
    kind: Literal["access_request"]
    details: Details = {}


UsageEvent = Annotated[
    ProviderCall | AnalysisStarted | AnalysisCompleted | UserLogin | AccessChange | AccessRequested,
    Field(discriminator="kind"),
]


class UsageEvents(Request):
    """Body of `POST /v1/events`."""

    events: Annotated[list[UsageEvent], Field(min_length=1, max_length=MAX_EVENTS)]


class Recorded(Reply):
    """`duplicates` were recorded before and are safe to forget."""

    accepted: int
    duplicates: int


class QuoteRequest(_Counts):
    """Body of `POST /v1/prices/quote`; counts nest as in `ProviderCall`."""

    provider: Label
    model: Label
    occurred_at: Instant
    service_tier: Label = "standard"


class Quote(Reply):
    """`cost_usd` is null when no price is known: that is not the same as free."""

    cost_usd: Usd | None
    components: dict[str, Usd]
    price_id: str | None


class LedgerEntry(Reply):
    """One provider call with its exact cost. Never updated: corrections are further entries.

    A correction names the entry that it `adjusts`; its cost is what is added to that entry's,
    and may be negative. An entry of an older tracker (`import`) may stand for several calls.
    """

    event_id: UUID
    occurred_at: datetime
    client_id: str
    user_id: str
    analysis_id: UUID | None
    profile_id: str
    profile_version: int | None
    check_ids: list[str]
    attempt_no: int
    fallback_of: UUID | None
    provider: str
    model_requested: str
    model_served: str | None
    service_tier: str
    service_tier_requested: str | None = None
    outcome: Outcome
    usage_source: UsageSource
    input_tokens: int
    cached_input_tokens: int
    cache_write_tokens: int
    tool_input_tokens: int
    output_tokens: int
    reasoning_tokens: int
    total_tokens: int
    cost_usd: Amount | None
    cost_ceiling_usd: Amount | None = None
    price_id: str | None
    state: EntryState
    origin: Literal["call", "adjustment", "import"] = "call"
    calls: int = 1
    adjusts: UUID | None = None
    rerate_id: UUID | None = None


class Entries(Reply):
    """`next_cursor` is null on the last page."""

    entries: list[LedgerEntry]
    next_cursor: str | None


class EntriesQuery(Request):
    client: Label | None = None
    user: Label | None = None
    analysis: UUID | None = None
    kind: Literal["provider_call"] | None = None
    state: EntryState | None = None
    from_day: date | None = Field(default=None, alias="from")
    to_day: date | None = Field(default=None, alias="to")
    limit: int = Field(default=500, ge=1, le=5_000)
    cursor: str | None = Field(default=None, max_length=100)


class ReportQuery(Request):
    """Days are inclusive UTC days; a day past the month's end means the month's last day.

    `client` may be given several times, or once with commas; no client means all of them.
    """

    start_date: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}-\d{2}$")
    end_date: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}-\d{2}$")
    last_days: int | None = Field(default=None, ge=1, le=36_500)
    client: Annotated[tuple[Label, ...], Field(max_length=100), Several] = ()
    user: Label | None = None
    profile: Label | None = None
    check: Label | None = None
    provider: Label | None = None
    model: Label | None = None
    format: ReportFormat = "text"
