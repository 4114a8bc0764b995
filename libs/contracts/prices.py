"""Contract of the price book: what is held, what is proposed, and what is doubtful about it."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, PlainSerializer, WithJsonSchema

from libs.contracts.common import Label, Reply, Request

PerMillion = Annotated[
    Decimal,
    Field(ge=0, lt=1_000_000, allow_inf_nan=False, decimal_places=9),
    PlainSerializer(lambda value: format(value, "f"), return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,6}(\.\d{1,9})?$"}),
]
"""US dollars for a million tokens, exact: a decimal string between services."""

ProviderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")]
TierName = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,100}$")]
"""Without a slash: ids of prices are made of these names."""

Day = Annotated[date, Field(ge=date(2000, 1, 1), lt=date(2100, 1, 1))]
PageUrl = Annotated[str, Field(pattern=r"^https?://[^\s\x00]+$", max_length=500)]
Note = Annotated[str, Field(max_length=1_000, pattern=r"^[^\x00]*$")]
MAX_TOKENS_ABOVE = 100_000_000
MAX_DECISIONS = 5_000
MAX_PUBLISHED = 20_000

Severity = Literal["error", "warning", "note"]
ProposalState = Literal["open", "accepted", "rejected", "superseded"]


class Figures(Request):
    """USD per million tokens for prompts above a size. A kind without a figure of its own (null)
    is billed as input.
    """

    above_input_tokens: int = Field(default=0, ge=0, le=MAX_TOKENS_ABOVE)
    input_usd: PerMillion
    cached_input_usd: PerMillion | None = None
    cache_write_usd: PerMillion | None = None
    output_usd: PerMillion


class PriceRow(Reply):
    """One price as the ledger holds it, USD per million tokens. It is never changed.

    It counts from the start of `effective_from` in UTC. `checked_on` is the day on which
    somebody last found it so at `source_url`.
    """

    price_id: str
    provider: str
    model: str
    service_tier: str
    above_input_tokens: int
    effective_from: date
    revision: int
    input_usd: PerMillion
    cached_input_usd: PerMillion | None
    cache_write_usd: PerMillion | None
    output_usd: PerMillion
    source_url: str
    checked_on: date
    added_by: str
    added_at: datetime
    note: str


class Prices(Reply):
    prices: list[PriceRow]


class PricesQuery(Request):
    """`at` is a day; no day means now. Prices of the version in force then are listed."""

    provider: Label | None = None
    model: Label | None = None
    at: Day | None = None


class PriceHistoryQuery(Request):
    model: Label
    provider: Label | None = None


class NewPrice(Figures):
    """Body of `POST /v1/prices`.

    The other sizes of prompt that the model has a price for are restated as they are, or
    dropped when `only` is set. On a day that has a price already, this is its next revision.
    """

    provider: ProviderName
    model: Label
    service_tier: TierName = "standard"
    effective_from: Day | None = None
    source_url: PageUrl | None = None
    note: Note = ""
    only: bool = False


class PriceSet(Reply):
    """`added` is empty when the price was held already: it was then checked, as of today."""

    added: list[PriceRow]
    replaced: list[PriceRow]


class Proposal(Reply):
    """Prices that an upstream table states and the ledger does not hold.

    `prices` are for each size of prompt; `held` are those that they would take over from.
    """

    proposal_id: UUID
    provider: str
    model: str
    service_tier: str
    effective_from: date
    prices: list[Figures]
    held: list[Figures] = []
    reason: str
    source: str
    source_url: str
    proposed_by: str
    proposed_at: datetime
    state: ProposalState
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_note: str | None = None


class Proposals(Reply):
    proposals: list[Proposal]


class ProposalsQuery(Request):
    state: ProposalState = "open"
    provider: Label | None = None


class SyncRequest(Request):
    """Body of `POST /v1/prices/proposals/sync`. `models` are names as providers report them;
    none means every model of these providers, or with `only_held` those that have a price
    here or were called without one.
    """

    providers: list[Label] = Field(default=["openai", "google"], min_length=1, max_length=50)
    models: list[Label] = Field(default=[], max_length=100)
    only_held: bool = False


class Skipped(Reply):
    provider: str
    model: str
    reason: str


class Synced(Reply):
    """`compared` counts the models that were looked at, `skipped` says which could not be."""

    source: str
    compared: int
    proposed: list[Proposal]
    superseded: int
    skipped: list[Skipped]


class Decision(Request):
    """Body of `POST /v1/prices/proposals/decide`: all of them or none."""

    proposal_ids: list[UUID] = Field(min_length=1, max_length=MAX_DECISIONS)
    decision: Literal["accepted", "rejected"]
    note: Note = ""


class Decided(Reply):
    """`unchanged` had been decided like this by the same person before."""

    decided: int
    unchanged: int
    added: list[PriceRow]


class Retirement(Request):
    """When a model is shut down (null: not at all) and what its vendor names in its place."""

    provider: ProviderName
    model: Label
    shutdown_on: Day | None
    successor: str = Field(default="", max_length=300, pattern=r"^[^\x00]*$")
    source_url: PageUrl
    checked_on: Day | None = None
    note: Note = ""


class RetirementRow(Reply):
    provider: str
    model: str
    shutdown_on: date | None
    successor: str
    source_url: str
    checked_on: date
    note: str
    added_by: str
    added_at: datetime


class Retirements(Reply):
    retirements: list[RetirementRow]


class PublishedPrice(Request):
    """What a table states for one model and service tier; `tiers` has at least the tier 0."""

    provider: Label
    model: Label
    service_tier: Label = "standard"
    tiers: list[Figures] = Field(min_length=1, max_length=10)


class PublishedShutdown(Request):
    provider: Label
    model: Label
    shutdown_on: Day


class PublishedTable(Request):
    """A table of prices as of one day, such as LiteLLM's; `name` is how remarks call it."""

    name: Label
    prices: list[PublishedPrice] = Field(max_length=MAX_PUBLISHED)
    shutdowns: list[PublishedShutdown] = Field(default=[], max_length=MAX_PUBLISHED)


class ValidationRequest(Request):
    """Body of `POST /v1/prices/validate`: the prices in force on the day `at`, today if null."""

    at: Day | None = None
    table: PublishedTable | None = None


class Remark(Reply):
    """Something that is wrong (error), may become so (warning) or is good to know (note).

    `figures` has, by source, what each of them states: `ours`, `genai-prices 0.2.3` …;
    null where it states nothing. `code` is for programs and never changes.
    """

    severity: Severity
    code: str
    provider: str
    model: str
    service_tier: str = ""
    above_input_tokens: int = 0
    field: str = ""
    figures: dict[str, str | None] = {}
    message: str


class ValidatedPrice(PriceRow):
    """`agrees` says of each source that knows this price whether all its figures are ours."""

    age_days: int
    agrees: dict[str, bool] = {}


class Validation(Reply):
    """Prices of one day, compared. `errors` is what the exit code of the command rests on."""

    at: date
    generated_at: datetime
    sources: list[str]
    prices: list[ValidatedPrice]
    remarks: list[Remark]
    errors: int
    warnings: int


def midnight(day: date) -> datetime:
    """The first instant of a UTC day."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
