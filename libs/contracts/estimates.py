"""Contract of the qc service: what an analysis would cost, told before anything is asked."""

from typing import Literal
from uuid import UUID

from libs.contracts.campaigns import CampaignProfile, LeftOut
from libs.contracts.common import Reply, Usd
from libs.contracts.qc import Creative


class EstimatedCall(Reply):
    """A call that is expected: the tokens of one, and the cost of `times` of them.

    `times` below 1 is how likely it is: one that asks `again` depends on the cheap answers.
    `waiting_usd` is the cost in the tier in which it is asked when it can wait.
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
    waiting_usd: Usd | None = None


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


class EstimatedCell(Reply):
    """One file against one profile: how many judged checks are asked, or have their answer kept.

    `code` and `reason` say why it could not be run.
    """

    profile_id: str
    asked: int = 0
    answered: int = 0
    cost_usd: Usd | None = None
    earlier: UUID | None = None
    code: str | None = None
    reason: str | None = None


class EstimatedFile(Reply):
    """A cell for each profile, in the order of the profiles."""

    file: str
    sha256: str
    cost_usd: Usd | None
    cells: list[EstimatedCell]


class EstimatedProfile(CampaignProfile):
    """Over all files. `not_asked` are judged checks of it that nobody is asked, with the reason."""

    judged: int
    exact: int
    cost_usd: Usd | None
    not_asked: dict[str, str] = {}
    learned_from: int = 0


class Unreadable(Reply):
    """A file of which every cell could not be run."""

    file: str
    code: str
    reason: str


class CampaignEstimate(Reply):
    """Answer of `POST /v1/campaigns/estimate`: nothing was run, kept or paid.

    `cost_usd` is that of all cells that can be run, in the cheaper tier where the order can wait;
    null when a model has no price. `waiting_usd` is what it is when it can wait.
    """

    client_id: str
    can_wait: bool
    cost_usd: Usd | None
    waiting_usd: Usd | None
    profiles: list[EstimatedProfile]
    files: list[EstimatedFile]
    asked: int
    answered: int
    unreadable: list[Unreadable] = []
    left_out: list[LeftOut] = []
    unpriced: list[str] = []
