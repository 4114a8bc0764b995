"""Which models are asked, in which order: successors of those that ended, none that is broken."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.qc.domain.model_health import ModelHealth
from services.qc.domain.models import ModelInfo, Models, is_shut_down
from services.qc.domain.routing import ModelRef

MOST_SUCCESSIONS = 10


@dataclass(frozen=True, slots=True)
class Chain:
    """`models` are asked in this order; `remarks` say why another was to be asked before them."""

    models: tuple[ModelRef, ...]
    remarks: tuple[str, ...] = ()


def succeeded(wanted: Sequence[ModelRef], models: Models, at: datetime) -> Chain:
    """Each model, or what stands in its place once it is shut down.

    One that was shut down without a successor is left out while there is another; one that
    sees no pictures always is, so that none may be left.
    """
    asked: dict[ModelRef, None] = {}
    ended: dict[ModelRef, None] = {}
    remarks = []
    for ref in wanted:
        info = _heir(ref, models, at)
        heir, until = ModelRef(ref.provider, info.model), _end(ref, models)
        if not info.vision:
            remarks.append(f"{heir} does not see pictures")
        elif is_shut_down(info, at.date()):
            ended[heir] = None
            remarks.append(f"{ref} was shut down on {until} and has no successor here")
        else:
            asked[heir] = None
            if heir != ref:
                remarks.append(f"{ref} was shut down on {until}: {heir} is asked in its place")
    return Chain(tuple(asked or ended), tuple(remarks))


def _heir(ref: ModelRef, models: Models, at: datetime) -> ModelInfo:
    info = models.find(ref.provider, ref.model)
    for _ in range(MOST_SUCCESSIONS):
        if not is_shut_down(info, at.date()) or info.successor is None:
            break
        info = models.find(ref.provider, info.successor)
    return info


def _end(ref: ModelRef, models: Models) -> date | None:
    return models.find(ref.provider, ref.model).shutdown_on


def to_try(
    refs: Sequence[ModelRef], health: Mapping[ModelRef, ModelHealth], at: datetime
) -> tuple[ModelRef, ...]:
    """Models before the first that works whose pause is over: one caller tries each of them.

    Those after it are not claimed for a trial that would not come: they are asked when all
    before them fail.
    """
    due = []
    for ref in refs:
        known = health.get(ref)
        if known is None or known.works:
            break
        if known.is_due(at):
            due.append(ref)
    return tuple(due)


def working(
    chain: Chain,
    health: Mapping[ModelRef, ModelHealth],
    trials: Collection[ModelRef],
    at: datetime,
) -> Chain:
    """The chain without those that do not work, except `trials` that are this caller's.

    When none is left that works, all are asked, trials first: an answer that may come is
    better than none.
    """
    broken = {ref: known for ref in chain.models if (known := health.get(ref)) and not known.works}
    first = set(to_try(chain.models, health, at))
    models = [
        ref
        for ref in chain.models
        if ref not in broken or ref in trials or (broken[ref].is_due(at) and ref not in first)
    ]
    left_out = [ref for ref in broken if ref not in models]
    if all(ref in broken for ref in models):
        return Chain((*models, *left_out), chain.remarks)
    remarks = [f"{ref} is marked as not working: {broken[ref].message}" for ref in left_out]
    return Chain(tuple(models), (*chain.remarks, *remarks))
