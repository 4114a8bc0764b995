"""Service tiers: which is asked for, and which one answered."""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from libs.contracts.models import ModelInfo
from services.qc.providers.base import Question

STANDARD, FLEX = "standard", "flex"
REFUSED_FOR_S = 300.0
"""How long a model that turned a tier away is asked without it."""

_INSTEAD = {"batch": FLEX}
"""The batch tier is a service of its own, with files and hours: who can wait gets flex here."""

_SERVED: Mapping[str, str] = {
    "default": STANDARD,
    "auto": STANDARD,
    "on_demand": STANDARD,
    "unspecified": STANDARD,
    "": STANDARD,
    "fast": "priority",
}


class Tiers:
    """Which tiers the models of one provider refused lately.

    A refusal is a call of its own: the next one, which may be the same question asked again,
    goes to the standard tier. `now_s` is a reading of `time.monotonic`.
    """

    def __init__(self) -> None:
        self._refused_until_s: dict[tuple[str, str], float] = {}

    def to_ask(self, question: Question, info: ModelInfo, now_s: float) -> str:
        """The tier wished for, where the model has it and has not just refused it."""
        tier = tier_of(info, question.service_tier)
        until_s = self._refused_until_s.get((question.model, tier), now_s)
        return tier if until_s <= now_s else STANDARD

    def refused(self, model: str, tier: str, now_s: float) -> None:
        self._refused_until_s[model, tier] = now_s + REFUSED_FOR_S


def tier_of(info: ModelInfo, wished: str) -> str:
    """The tier wished for, or the standard one where the model does not have it."""
    tier = _INSTEAD.get(wished, wished)
    return tier if tier in info.tiers else STANDARD


def asked_as(tier: str) -> dict[str, Any]:
    """The field of a request; none for the standard tier, which not every server can name."""
    return {} if tier == STANDARD else {"service_tier": tier}


def served_as(said: JsonValue) -> str:
    """The ledger's word for the tier that a provider says it used; silence is the standard one."""
    tier = str(said or "").lower().removeprefix("service_tier_")
    return _SERVED.get(tier, tier.removeprefix("on_demand_"))


def is_refusal(tier: str, status: int, code: str, message: str) -> bool:
    """Whether a call was turned away for its tier: there is no room in it, or the model has none.

    Sources: OpenAI API docs, "Flex processing" (429 Resource Unavailable, not charged);
    Gemini API docs, "Flex inference" (503 when there is no room).
    """
    if tier == STANDARD:
        return False
    words = f"{code} {message}".lower()
    if status in (400, 403, 404, 422):
        return any(word in words for word in ("service_tier", "servicetier", "service tier", tier))
    no_room = ("resource_unavailable", "resource unavailable", "unavailable", "capacity")
    return status in (429, 503) and any(word in words for word in no_room)
