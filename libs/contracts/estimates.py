"""Contract of the qc service: what an analysis would cost, told before anything is asked."""

from typing import Literal
from uuid import UUID

from libs.contracts.common import Reply, Usd
from libs.contracts.qc import Creative


class EstimatedCall(Reply):
    """A call that is expected: the tokens of one, and the cost of `times` of them.

    `times` below 1 is how likely it is: one that asks `again` depends on the cheap answers.
    """

    provider: str
    model: str
    check_ids: list[str]
    again: bool = False
    times: float = 1.0
    input_tokens: int
    cached_input_tokens: int = 0
    output_tokens: int
    cost_usd: Usd | None


class EstimatedCheck(Reply):
    """`cost_usd` is its share of the calls; null when one of them has no price. `reason` says why
    a judged check would not be asked at all; one that is `answered` has its answer kept.
    """

    check_id: str
    kind: Literal["exact", "judged"]
    cost_usd: Usd | None
    answered: bool = False
    reason: str | None = None


class Estimate(Reply):
    """Answer of `POST /v1/analyses/estimate`: nothing was run, nothing was paid.

    `cost_usd` is null when a model has no price: those are `unpriced`. It was `learned_from` so
    many calls of late; 0: by the models' rules alone. `earlier` was asked the same of the same
    file: `reuse=true` would return it, and the answers that it took cost nothing while they are
    kept.
    """

    cost_usd: Usd | None
    checks: list[EstimatedCheck]
    calls: list[EstimatedCall]
    unpriced: list[str] = []
    learned_from: int = 0
    earlier: UUID | None = None
    creative: Creative
