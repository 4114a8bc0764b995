"""What an operator says of a model, on top of what is known of it."""

from typing import Any

from pydantic import ValidationError

from libs.contracts.models import ModelChange, ModelInfo
from services.qc.domain.models import Models
from services.qc.domain.routing import ModelRef, model_ref

OF_THE_CHANGE = {"model", "like", "without", "note"}


def changed(change: ModelChange, models: Models) -> ModelInfo:
    """The facts from now on. Raises ValueError, which says what contradicts what."""
    ref = model_ref(change.model)
    facts: dict[str, Any] = {
        **_base(change, ref, models).model_dump(),
        **change.model_dump(exclude_none=True, exclude=OF_THE_CHANGE),
        **dict.fromkeys(change.without),
        "provider": ref.provider,
        "model": ref.model,
        "note": change.note,
        "known": True,
    }
    try:
        info = ModelInfo.model_validate(facts)
    except ValidationError as error:
        raise ValueError(str(error)) from error
    _refuse_contradictions(info, models.replaced([info]))
    return info


def _base(change: ModelChange, ref: ModelRef, models: Models) -> ModelInfo:
    if change.like is None:
        return models.find(ref.provider, ref.model)
    other = model_ref(change.like)
    info = models.find(other.provider, other.model)
    if not info.known:
        raise ValueError(f"{other} is not known here: name another, or all facts")
    return info.model_copy(
        update={"shutdown_on": None, "successor": None}
        | ({} if other.provider == ref.provider else {"cheaper": None})
    )


def _refuse_contradictions(info: ModelInfo, models: Models) -> None:
    ref = ModelRef(info.provider, info.model)
    if info.cheaper == info.model:
        raise ValueError(f"{ref} cannot be cheaper than itself")
    if info.successor and info.shutdown_on is None:
        raise ValueError(f"{ref} has a successor, but no day on which it is shut down")
    if info.most_output_tokens > info.context_tokens:
        raise ValueError(f"{ref} cannot answer with more tokens than its context holds")
    for other in (info.successor, info.cheaper):
        if other and not models.find(info.provider, other).known:
            raise ValueError(f"{info.provider}/{other} is not known here: add it first")
    seen, heir = {info.model}, info.successor
    while heir:
        if heir in seen:
            raise ValueError(f"{ref} would be its own successor in the end")
        seen.add(heir)
        heir = models.find(info.provider, heir).successor
