"""What a judged check needs to see beside the pages: small print cut out, reference pictures."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import get_args

from pydantic import JsonValue

from libs.contracts.brand import ReferenceKind
from libs.contracts.profiles import Check
from services.qc.domain.brief import PREVIOUS_VERSION

COMPARE_WITH = "compare_with"
SMALL_PRINT = "small_print"
KINDS: tuple[str, ...] = (*get_args(ReferenceKind), PREVIOUS_VERSION)

PARAMETERS: dict[str, JsonValue] = {
    "type": "object",
    "properties": {
        SMALL_PRINT: {
            "type": "boolean",
            "description": "Show small lines cut out larger; by the words of the question if not "
            "given",
        },
        COMPARE_WITH: {
            "type": "array",
            "items": {"type": "string", "enum": list[JsonValue](KINDS)},
            "description": "What is shown beside the creative",
        },
    },
}
"""What every judged check takes, as JSON Schema; whatever else is given is told to the model."""

COMPARED: dict[str, tuple[str, ...]] = {
    "brand_assets_visibility": ("logo", "brand_asset"),
    "product_visibility": ("product",),
}
"""Checks of the catalogue that are better answered beside a reference."""

READ_CLOSELY = frozenset({"accessibility", "call_to_action", "new_visibility"})
ABOUT_SMALL_PRINT = re.compile(
    r"small print|fine print|smallest|legal|disclaimer|footnote|asterisk|terms and conditions|"
    r"ingredient|allergen|nutrition|warning|legib|readab|spelling|\btypos?\b|misprint|every word|"
    r"all (?:the )?(?:words|text|copy)|\bdates?\b|kleingedruckt|pflichttext|mentions légales",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Wants:
    """`references` are kinds of the brief, in the order in which they are shown."""

    small_print: bool = False
    references: tuple[str, ...] = ()


def wants_of(check_id: str, check: Check) -> Wants:
    """The parameters `small_print` (true or false) and `compare_with` (a kind, or several)
    decide; without them the catalogue does, and the words of the question.
    """
    given = check.parameters.get(SMALL_PRINT)
    reads = check_id in READ_CLOSELY or bool(ABOUT_SMALL_PRINT.search(check.prompt))
    named = check.parameters.get(COMPARE_WITH, list(COMPARED.get(check_id, ())))
    wanted = named if isinstance(named, list) else [named]
    return Wants(
        small_print=given if isinstance(given, bool) else reads,
        references=tuple(kind for kind in KINDS if kind in wanted),
    )


def refused_wants(check: Check) -> str | None:
    """Which of the parameters that decide cannot, for people: it would be told to the model."""
    given = check.parameters.get(SMALL_PRINT, False)
    if not isinstance(given, bool):
        return f"Parameter {SMALL_PRINT}: is neither true nor false."
    named = check.parameters.get(COMPARE_WITH, [])
    for kind in named if isinstance(named, list) else [named]:
        if kind not in KINDS:
            return f"Parameter {COMPARE_WITH}: is none of {', '.join(KINDS)}."
    return None


def together(wants: Iterable[Wants]) -> Wants:
    """What one call needs that asks several checks."""
    every = list(wants)
    kinds = {kind for one in every for kind in one.references}
    return Wants(
        small_print=any(one.small_print for one in every),
        references=tuple(kind for kind in KINDS if kind in kinds),
    )
