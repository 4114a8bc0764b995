"""What a question comes to for a model, in whatever dialect it is asked."""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from libs.contracts.models import ModelInfo
from services.qc.providers.base import Question

FindModel = Callable[[str, str], ModelInfo]
"""What is known of a model, by provider and id; it is asked anew for each call."""

_REASONING_MODEL = re.compile(r"(?:^|/)(?:gpt-(?:[5-9]|\d{2})|o\d)")


def most_output_tokens(question: Question, info: ModelInfo) -> int:
    """What was asked for, or the most that the model gives: it refuses to be asked for more."""
    return min(question.max_output_tokens, info.most_output_tokens)


def reasons(info: ModelInfo) -> bool:
    """Whether it thinks, and therefore takes no temperature; by its name when it is not known."""
    return info.reasoning or (not info.known and bool(_REASONING_MODEL.search(info.model)))


def system_of(question: Question, info: ModelInfo) -> str:
    """The system text; a model that cannot be held to a schema is told it in words."""
    if info.structured:
        return question.system
    schema = json.dumps(dict(question.schema), separators=(",", ":"))
    return (
        f"{question.system}\n\n"
        f"Answer with one JSON object by this JSON Schema, and with nothing else:\n{schema}"
    )


def cache_key(question: Question, info: ModelInfo) -> dict[str, Any]:
    """Leads questions on one creative to the machine that has read it, where a vendor caches.

    Others refuse a field that they do not know, so it goes only where a cache is known of.
    """
    if info.cache_least_tokens is None or not question.pictures:
        return {}
    prefix = "\n".join([question.model, question.pictures[0].sha256, question.system])
    return {"prompt_cache_key": hashlib.sha256(prefix.encode()).hexdigest()[:32]}
