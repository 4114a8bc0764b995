"""What is known of a model that can be asked: what it takes, what it can do, how long it lives."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from libs.contracts.common import Label, Reply, Request

Api = Literal["chat", "responses", "generate"]
"""OpenAI's Chat Completions or Responses, or Gemini's generateContent."""

Pixels = Annotated[int, Field(ge=1, le=100_000)]
Count = Annotated[int, Field(ge=1, le=10_000_000)]
Tokens = Annotated[int, Field(ge=0, le=10_000_000)]


class PictureRule(Reply):
    """How a model counts a picture. `most_pictures` and `most_bytes` (before base64) bound all
    pictures of one call.
    """

    most_pictures: Count = 1
    most_bytes: int = Field(default=14_000_000, ge=1, le=1_000_000_000)


class Tiles(PictureRule):
    """Shrunk into `fit_px` squared, then to `short_px` on the short side; tiles of `tile_px`."""

    kind: Literal["tiles"] = "tiles"
    fit_px: Pixels = 2_048
    short_px: Pixels = 768
    tile_px: Pixels = 512
    base_tokens: Tokens
    tile_tokens: Tokens


class Patches(PictureRule):
    """Shrunk to `longest_px` and to `most_patches`; `tokens_per_patch` for each begun patch."""

    kind: Literal["patches"] = "patches"
    patch_px: Pixels = 32
    most_patches: Count
    longest_px: Pixels | None = None
    tokens_per_patch: Decimal = Field(gt=0, le=100, allow_inf_nan=False)


class Crops(PictureRule):
    """Cut into squares of two thirds of the short side, each shown at `tile_px`; a picture within
    `small_px` is one tile.
    """

    kind: Literal["crops"] = "crops"
    tile_px: Pixels = 768
    small_px: Pixels = 384
    tile_tokens: Tokens


class Fixed(PictureRule):
    """The same for every picture; `longest_px` is the most that is worth sending."""

    kind: Literal["fixed"] = "fixed"
    tokens: Tokens
    longest_px: Pixels = 2_048


Picture = Annotated[Tiles | Patches | Crops | Fixed, Field(discriminator="kind")]


class ModelInfo(Reply):
    """Facts about one model of one provider.

    `cache_least_tokens` is the shortest prefix that the vendor caches by itself, null: none.
    From `shutdown_on` (the start of that day in UTC) on `successor` is asked instead. `cheaper`
    is the model that triage asks first. Both are ids of the same provider. `known` is false for
    a model of which nothing is written down: its facts are its family's, or a careful guess.
    """

    provider: Label
    model: Label
    api: Api = "chat"
    vision: bool = True
    structured: bool = True
    picture: Picture
    context_tokens: Count
    most_output_tokens: Count
    reasoning: bool = False
    cache_least_tokens: Count | None = None
    tiers: tuple[Label, ...] = ("standard",)
    shutdown_on: date | None = None
    successor: Label | None = None
    cheaper: Label | None = None
    note: str = ""
    known: bool = True


class Health(Reply):
    """`not_working_since` null: it works, as far as is known. `failures` are those in a row."""

    failures: int = 0
    not_working_since: datetime | None = None
    try_again_at: datetime | None = None
    kind: str = ""
    message: str = ""
    worked_at: datetime | None = None
    failed_at: datetime | None = None


class ModelRow(ModelInfo):
    """`configured`: its provider has a key here. `health` is null before it was ever asked.

    `changed_by` and `changed_at` are set where an operator has said other than what is shipped.
    """

    configured: bool = False
    is_default: bool = False
    days_left: int | None = None
    health: Health | None = None
    changed_by: str | None = None
    changed_at: datetime | None = None
    change_note: str = ""


class ModelRows(Reply):
    models: list[ModelRow]


class ModelsQuery(Request):
    """Without `all`: models that are asked by default, were asked before, or were changed."""

    provider: Label | None = None
    all: bool = False


Ref = Annotated[str, Field(pattern=r"^[^/\x00\s]{1,100}/[^\x00\s]{1,200}$")]
"""A model as checks name it: `openai/gpt-4o`."""


class ModelChange(Request):
    """Body of `POST /v1/models`: what is given counts from now on, what is null stays as it is.

    `like` takes all facts of another model first, which is how a new one is added. `without`
    takes facts away.
    """

    model: Ref
    like: Ref | None = None
    api: Api | None = None
    vision: bool | None = None
    structured: bool | None = None
    picture: Picture | None = None
    context_tokens: Count | None = None
    most_output_tokens: Count | None = None
    reasoning: bool | None = None
    cache_least_tokens: Count | None = None
    tiers: tuple[Label, ...] | None = Field(default=None, min_length=1, max_length=10)
    shutdown_on: date | None = None
    successor: Label | None = None
    cheaper: Label | None = None
    without: tuple[Literal["cache_least_tokens", "shutdown_on", "successor", "cheaper"], ...] = ()
    note: str = Field(default="", max_length=1_000, pattern=r"^[^\x00]*$")


class ModelName(Request):
    """Body of `POST /v1/models/reset`."""

    model: Ref


class ProbeRequest(Request):
    """Body of `POST /v1/models/probe`; without names: all that `GET /v1/models` lists."""

    models: tuple[Ref, ...] = Field(default=(), max_length=50)


class Probed(Reply):
    """How a model answered a tiny question, which is billed like any other."""

    probe_id: UUID
    model: str
    works: bool
    kind: str = ""
    message: str = ""
    model_served: str | None = None
    latency_ms: int = 0


class Probes(Reply):
    probed: list[Probed]
