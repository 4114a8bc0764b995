"""What is known of a model that can be asked: what it takes, what it can do, how long it lives."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from libs.contracts.common import Label, Reply

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
