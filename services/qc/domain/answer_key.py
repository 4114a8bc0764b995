"""What a model's answer follows from, as one key: the same key stands for the same answer."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256

from pydantic import JsonValue

from libs.contracts.profiles import Check
from libs.contracts.qc import CheckResult, CheckState

ANSWERS: frozenset[CheckState] = frozenset({"passed", "failed", "unsure", "not_applicable"})
"""What a model can say. Anything else is no answer, and nothing to keep."""

_OF_THE_ANALYSIS = {"check_id", "weight", "critical", "cost_usd", "duration_ms", "cached", "triage"}


def answer_key(
    model: str,
    pictures: Sequence[str],
    texts: Sequence[str],
    schema: Mapping[str, JsonValue],
    settings: Mapping[str, JsonValue],
) -> str:
    """SHA-256 in hex over all that one check's answer follows from.

    `model` is the one asked for; what it served may change without notice, so answers also
    age. `pictures` are hashes of their content. `texts` are the system's and those that this
    check alone would be asked with: whatever else stands in the same call does not count, and a
    profile that gets a check more keeps its other answers. A file under another name, another
    measurement or another reference picture is another question: texts and pictures tell it.
    """
    facts: dict[str, JsonValue] = {
        "model": model,
        "pictures": list(pictures),
        "texts": list(texts),
        "schema": dict(schema),
        "settings": dict(settings),
    }
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def to_keep(result: CheckResult) -> dict[str, JsonValue] | None:
    """The answer without what belongs to one analysis; None for what is no answer."""
    if result.state not in ANSWERS or result.cached:
        return None
    told: dict[str, JsonValue] = result.model_dump(mode="json", exclude=_OF_THE_ANALYSIS)
    return told


def from_kept(check_id: str, check: Check, kept: Mapping[str, JsonValue]) -> CheckResult:
    """The kept answer as this check's result. Raises ValidationError when it is none."""
    own = {"check_id": check_id, "weight": check.weight, "critical": check.critical}
    return CheckResult.model_validate({**kept, **own, "cached": True})
