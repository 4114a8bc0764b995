"""The models that can be asked: facts about each, and what a picture is to it."""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from libs.contracts.models import Crops, Fixed, ModelInfo, Patches, Tiles

__all__ = ["ModelInfo", "Models", "is_shut_down", "picture_tokens", "read_models", "seen_size"]

ANY_PROVIDER = "*"
SNAPSHOT = re.compile(r"[-@](\d{4}-\d{2}-\d{2}|\d{8}|\d{3,4})$")
"""What a vendor adds to a model's id for one fixed state of it."""

ROUNDING = 1e-6
_PREFIXES = ("models/", "ft:")
_NOT_INHERITED: Mapping[str, Any] = {
    "shutdown_on": None,
    "successor": None,
    "note": "",
    "known": False,
}


@dataclass(frozen=True, slots=True)
class Models:
    """Every model that is written down, families of them, and what is assumed of the rest."""

    by_id: Mapping[tuple[str, str], ModelInfo]
    families: tuple[ModelInfo, ...]
    unknown: Mapping[str, ModelInfo]

    def __iter__(self) -> Iterator[ModelInfo]:
        return iter(self.by_id.values())

    def find(self, provider: str, model: str) -> ModelInfo:
        """What is known of a model: its own facts, else those of the model that it is a dated
        state of, else of the longest known beginning of its id, else a careful guess.

        Shutdown and successor are inherited by a dated state only: what else begins alike
        is another model.
        """
        if found := self.by_id.get((provider, model)):
            return found
        name = _bare(model)
        stem = SNAPSHOT.sub("", name)
        for known in (name, stem):
            if found := self.by_id.get((provider, known)):
                return found.model_copy(update={"model": model})
        relatives = [
            info
            for info in (*self.families, *self.by_id.values())
            if info.provider == provider and _begins(name, info.model)
        ]
        guess = self.unknown.get(provider, self.unknown[ANY_PROVIDER])
        # Of a family and a model of one name the family comes first, and max keeps the first.
        nearest = max(relatives, key=lambda info: len(info.model), default=guess)
        return nearest.model_copy(update={**_NOT_INHERITED, "provider": provider, "model": model})

    def replaced(self, infos: Iterable[ModelInfo]) -> "Models":
        """The same with these in place of what was known of them."""
        changed = {(info.provider, info.model): info for info in infos}
        return Models({**self.by_id, **changed}, self.families, self.unknown)


def is_shut_down(info: ModelInfo, on: date) -> bool:
    return info.shutdown_on is not None and info.shutdown_on <= on


def read_models(text: str) -> Models:
    """Read `models.json`. Raises ValueError when it contradicts itself."""
    raw = json.loads(text)

    def info(facts: Mapping[str, Any]) -> ModelInfo:
        return ModelInfo.model_validate({**facts, "picture": raw["pictures"][facts["picture"]]})

    by_id = {(one.provider, one.model): one for one in map(info, raw["models"])}
    for one in by_id.values():
        for other in (one.successor, one.cheaper):
            if other == one.model or (other and (one.provider, other) not in by_id):
                raise ValueError(f"{one.provider}/{one.model} names {other}, which is not there")
    return Models(
        by_id,
        tuple(map(info, raw["families"])),
        {
            provider: info({**facts, "provider": provider, "model": ANY_PROVIDER})
            for provider, facts in raw["unknown"].items()
        },
    )


def seen_size(info: ModelInfo, width_px: int, height_px: int) -> tuple[int, int]:
    """The size in pixels at which the model looks at a picture; never larger than it is.

    To send more costs time and memory, and shows the model nothing.
    """
    scale = min(1.0, _scale(info, width_px, height_px))
    return max(1, _whole(width_px * scale)), max(1, _whole(height_px * scale))


def picture_tokens(info: ModelInfo, width_px: int, height_px: int) -> int:
    """Input tokens that one picture costs, by the vendor's published rule."""
    rule = info.picture
    match rule:
        case Tiles():
            scale = min(1.0, _scale(info, width_px, height_px))
            across, down = (round(side * scale) for side in (width_px, height_px))
            tiles = math.ceil(across / rule.tile_px) * math.ceil(down / rule.tile_px)
            return rule.base_tokens + rule.tile_tokens * tiles
        case Patches():
            scale = min(1.0, _scale(info, width_px, height_px))
            sides = (side * scale / rule.patch_px for side in (width_px, height_px))
            return math.ceil(math.prod(map(_begun, sides)) * rule.tokens_per_patch)
        case Crops():
            if max(width_px, height_px) <= rule.small_px:
                return rule.tile_tokens
            unit = max(1, math.floor(min(width_px, height_px) / 1.5))
            return rule.tile_tokens * math.ceil(width_px / unit) * math.ceil(height_px / unit)
        case Fixed():
            return rule.tokens


def _scale(info: ModelInfo, width_px: int, height_px: int) -> float:
    """What the vendor multiplies both sides by; above 1 it leaves the picture as it is."""
    short, long = sorted((width_px, height_px))
    rule = info.picture
    match rule:
        case Tiles():
            return min(rule.fit_px / long, rule.short_px / short)
        case Patches():
            return _patch_scale(rule, width_px, height_px)
        case Crops():
            return 1.5 * rule.tile_px / short
        case Fixed():
            return rule.longest_px / long


def _patch_scale(rule: Patches, width_px: int, height_px: int) -> float:
    """Shrink until the patches fit, then once more until one side is whole patches.

    Source: OpenAI API docs, "Images and vision" (patch-based tokenization).
    """
    scale = min(1.0, (rule.longest_px or math.inf) / max(width_px, height_px))
    across, down = (side * scale / rule.patch_px for side in (width_px, height_px))
    if _begun(across) * _begun(down) <= rule.most_patches:
        return scale
    fit = math.sqrt(rule.most_patches / (across * down))
    across, down = across * fit, down * fit
    whole = min(max(1, _whole(side)) / side for side in (across, down))
    return scale * fit * min(1.0, whole)


def _whole(length: float) -> int:
    """How many whole ones; what is off by rounding only counts as whole."""
    return math.floor(length + ROUNDING)


def _begun(length: float) -> int:
    return math.ceil(length - ROUNDING)


def _bare(model: str) -> str:
    for prefix in _PREFIXES:
        model = model.removeprefix(prefix)
    return model


def _begins(name: str, beginning: str) -> bool:
    """Whether it begins with these words, not in the middle of one: `gpt-6` begins `gpt-6.2-sol`,
    not `gpt-60`."""
    return name.startswith(beginning) and not name[len(beginning) : len(beginning) + 1].isalnum()
