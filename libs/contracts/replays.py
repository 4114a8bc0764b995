"""Contract of replays: a profile that is not live yet, run over analyses that were made before."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from libs.contracts.common import ClientId, Reply, Request, Usd
from libs.contracts.profiles import ProfileEdit
from libs.contracts.qc import Score, Verdict
from libs.contracts.review import ComparedCheck

MOST_ANALYSES = 50
MOST_BUDGET_USD = 1_000

ReplayState = Literal["running", "cancelling", "done", "cancelled"]
ItemState = Literal["waiting", "running", "done", "not_replayed"]
How = Literal["measured", "asked", "carried", "skipped", "none"]
AskedBecause = Literal["new", "changed", "no_answer", "other_model", "facts", "facts_may_change"]
"""Why a judged check is asked: `facts` are measurements that it is told, and that came out
otherwise; `facts_may_change` is what is known of that before they are measured.
"""


class ReplayQuestion(Request):
    """Which profile is run over which analyses.

    `profile` is a version, or with `edit` the version that the edit is made of, or with
    `draft_id` of no use. The newest analysis of each file counts, at most `last` of them: with
    `of` "profile" those of any version of this profile, with "client" all of the client's.
    """

    client: ClientId
    profile: str = Field(default="", max_length=110)
    edit: ProfileEdit | None = None
    draft_id: UUID | None = None
    last: int = Field(default=20, ge=1, le=MOST_ANALYSES)
    of: Literal["profile", "client"] = "profile"

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.draft_id is None) == (not self.profile):
            raise ValueError("name either a profile or a draft_id")
        if self.draft_id and self.edit:
            raise ValueError("a draft has its content: leave the edit out")
        return self


class ReplayOrder(ReplayQuestion):
    """Body of `POST /v1/replays`: no call is made that could pass the budget."""

    budget_usd: Annotated[Decimal, Field(ge=0, le=MOST_BUDGET_USD, decimal_places=6)]


class ReplayProfile(Reply):
    """What is run. `source` "edit" or "draft": a content that is no version yet."""

    profile_id: str
    version: int
    name: str
    source: Literal["version", "edit", "draft"]
    content_hash: str


class ReplayPlanned(Reply):
    """One creative of an estimate. `asked` says of each judged check that is asked again why;
    `cost_usd` is null when a model has no price. A `gone` file is not stored any more.
    """

    analysis_id: UUID
    file_name: str
    sha256: str
    profile_id: str
    profile_version: int
    asked: dict[str, AskedBecause] = {}
    carried: list[str] = []
    skipped: list[str] = []
    measured: list[str] = []
    cost_usd: Usd | None = None
    gone: bool = False


class ReplayEstimate(Reply):
    """Answer of `POST /v1/replays/estimate`: nothing was run, nothing was paid.

    It is what is expected of calls, on the careful side: a measurement that comes out as before
    spares the questions that are told of it.
    """

    profile: ReplayProfile
    creatives: list[ReplayPlanned]
    cost_usd: Usd | None
    asked: int = 0
    carried: int = 0
    gone: int = 0
    unpriced: list[str] = []
    learned_from: int = 0


class ReplaySide(Reply):
    """`cost_usd`: of the stored answers what was paid for them then, of the others what was paid
    now; null when the ledger does not know it (yet).
    """

    verdict: Verdict | None
    score: Score | None
    coverage: Score | None
    cost_usd: Usd | None


class ReplayedCheck(ComparedCheck):
    """`how` the result came about; findings are those that come and go, not those that stay."""

    how: How = "none"


class ReplayedCreative(Reply):
    """One creative, as it was found then and as it is found now; what reviewers said is beside it.

    `reviewed` is the verdict that counts with what reviewers said. `flips`: another verdict than
    then. Without `after` it was not replayed: `code` and `reason` say why.
    """

    source_id: UUID
    analysis_id: UUID | None = None
    file_name: str
    sha256: str
    profile_id: str
    profile_version: int
    state: ItemState
    code: str | None = None
    reason: str | None = None
    before: ReplaySide
    after: ReplaySide | None = None
    reviewed: Verdict | None = None
    score_change: float | None = None
    flips: bool = False
    checks: list[ReplayedCheck] = []
    spent_usd: Usd | None = None
    expected_usd: Usd | None = None


class ReplayTotals(Reply):
    """Means and costs are over the creatives that were replayed; costs are null when the ledger
    does not know one of them. `flips` counts by `pass → fail`.
    """

    creatives: int = 0
    replayed: int = 0
    not_replayed: int = 0
    mean_score_before: float | None = None
    mean_score_after: float | None = None
    flips: dict[str, int] = {}
    better: int = 0
    worse: int = 0
    findings_new: int = 0
    findings_gone: int = 0
    measured: int = 0
    asked: int = 0
    carried: int = 0
    cost_before_usd: Usd | None = None
    cost_after_usd: Usd | None = None


class ReplaySummary(Reply):
    """`spent_usd` is what the ledger has booked for its calls so far, `bound_usd` with the most
    that calls can cost whose price it has not told: this never passes `budget_usd`.
    """

    replay_id: UUID
    client_id: str
    state: ReplayState
    profile: ReplayProfile
    budget_usd: Usd
    spent_usd: Usd
    bound_usd: Usd
    creatives: int
    ended: int
    created_by: str
    created_at: datetime
    finished_at: datetime | None = None


class Replay(ReplaySummary):
    """Answer of `GET /v1/replays/{id}`."""

    totals: ReplayTotals = ReplayTotals()
    items: list[ReplayedCreative] = []


class Replays(Reply):
    """Newest first; `next_cursor` leads to older ones."""

    replays: list[ReplaySummary]
    next_cursor: UUID | None = None


class ReplayEvent(Reply):
    """One step of a replay; `seq` counts from 1 without gaps and is the stream's event id."""

    seq: int = 0
    kind: Literal["started", "creative_started", "creative_ended", "cancelling", "finished"]
    at: datetime
    file: str | None = None
    source_id: UUID | None = None
    analysis_id: UUID | None = None
    state: str | None = None
    verdict: Verdict | None = None
    score: Score | None = None
    done: int = 0
    total: int = 0
