"""Contract of the qc service about finished analyses: overrides, reruns, comparing, reliability."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from libs.contracts.common import ClientId, Moment, Reply, Request, Usd
from libs.contracts.overrides import Percent, ReviewState
from libs.contracts.qc import (
    Analysis,
    CheckState,
    Creative,
    Finding,
    Preview,
    Sha256,
    Suspicion,
    Verdict,
)

MAX_REASON_CHARS = 2_000
CheckName = Annotated[str, Field(min_length=1, max_length=200)]
Reason = Annotated[str, Field(max_length=MAX_REASON_CHARS, pattern=r"^[^\x00-\x08\x0b-\x1f]*$")]


class OverrideRequest(Request):
    """Body of `POST /v1/analyses/{id}/checks/{check_id}/overrides`.

    Without a score `passed` counts 100 and `failed` 0; one that confirms has the found score.
    `state` null takes back. `seen` is how many there were when the reviewer looked: when it is
    given and there are more by now, nothing is written (409).
    """

    state: ReviewState | None
    score: Percent | None = None
    reason: Reason = ""
    seen: int | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _score_fits(self) -> Self:
        if self.score is not None and self.state not in ("passed", "failed"):
            raise ValueError("a score goes with the states passed and failed only")
        return self


class ConfirmRequest(Request):
    """Body of `POST /v1/analyses/{id}/confirm`: the checks looked at; none: all of them."""

    checks: list[CheckName] = Field(default=[], max_length=500)
    reason: Reason = ""


RerunState = Literal["failed", "error", "unsure", "missing_input", "skipped", "passed"]


class RerunRequest(Request):
    """Body of `POST /v1/analyses/{id}/rerun`: checks by name, or else those in these states."""

    checks: list[CheckName] = Field(default=[], max_length=500)
    states: list[RerunState] = Field(default=["failed", "error"], min_length=1)


class Rerun(Reply):
    """Answer of a rerun: the new analysis, what is run in it, and what it carries on."""

    analysis_id: UUID
    rerun_of: UUID
    checks: list[str]
    carried: list[str]


class Asked(Reply):
    """What a judged check was asked with, and who answered.

    Hashes are those of all words and of the form of the answer; null before they were kept.
    Models are `provider/model`, except `model_served`, the provider's own word.
    """

    check_id: str
    prompt_sha256: str | None = None
    schema_sha256: str | None = None
    model_requested: str | None = None
    model_served: str | None = None
    attempted_models: list[str] = []
    fallback_reason: str | None = None


class Provenance(Reply):
    """What a report's results follow from, as hashes and names.

    `result_sha256` is the SHA-256 of the report's `analysis` as JSON in UTF-8 with sorted keys and
    without blanks. Every form of the report has it, so that one can be held against another; it is
    another one once the ledger has told the cost, or a reviewer has said something.
    """

    input_sha256: Sha256
    profile_id: str
    profile_version: int
    profile_sha256: str
    references: dict[str, Sha256] = {}
    asked: list[Asked] = []
    models: list[str] = []
    cost_usd: Usd | None
    unknown_calls: int = 0
    result_sha256: Sha256


class AnalysisReport(Reply):
    """The report of one analysis as JSON: `GET /v1/analyses/{id}/report?format=json`."""

    made_at: datetime
    provenance: Provenance
    analysis: Analysis


class Side(Reply):
    """One of two analyses that are compared."""

    analysis_id: UUID
    verdict: Verdict | None
    score: Percent | None
    coverage: Percent | None
    profile_id: str
    profile_version: int
    creative: Creative
    previews: list[Preview] = []
    cost_usd: Usd | None
    suspected: list[Suspicion] = []
    finished_at: datetime | None


class ComparedFinding(Reply):
    """A finding of either side: `new` is in the later one only, `gone` in the earlier one only.

    `was` is what one that stays was in the earlier analysis.
    """

    fate: Literal["new", "gone", "stays"]
    finding: Finding
    was: Finding | None = None


Change = Literal["better", "worse", "other", "same", "added", "removed"]


class ComparedCheck(Reply):
    """One check in both. States and scores are those that count, with overrides.

    `why` names what differs of what the results follow from.
    """

    check_id: str
    change: Change
    before_state: CheckState | None
    after_state: CheckState | None
    before_score: Percent | None = None
    after_score: Percent | None = None
    score_change: float | None = None
    findings: list[ComparedFinding] = []
    why: list[str] = []


class Comparison(Reply):
    """Answer of `GET /v1/analyses/{id}/compare/{other}`: from the first to the other."""

    before: Side
    after: Side
    score_change: float | None
    differs: list[str]
    checks: list[ComparedCheck]


class Estimate(Reply):
    """A share of `of` cases with its 95 % interval; all null when there is no case."""

    value: float | None
    low: float | None
    high: float | None
    of: int


class Confusion(Reply):
    """Reviewed results. Positive is a defect: the check failed. Abstained: it gave no verdict."""

    true_positive: int = 0
    false_positive: int = 0
    false_negative: int = 0
    true_negative: int = 0
    abstained: int = 0


class ReliabilityFigures(Reply):
    """Against reviewers: `n` reviewed results in which both gave a verdict.

    `precision`: of what the check failed, how much was wrong indeed. `recall`: of what was wrong,
    how much the check failed. `kappa`: agreement beyond chance, Cohen's.
    """

    n: int
    confusion: Confusion
    precision: Estimate
    recall: Estimate
    agreement: Estimate
    kappa: Estimate


class ReliabilityPart(ReliabilityFigures):
    """Of one version of a check: exact, or asked with one prompt and served by one model."""

    profile_id: str
    profile_version: int
    model_served: str | None
    prompt_sha256: str | None


class CheckReliability(ReliabilityFigures):
    """`between_reviewers`: results that two people reviewed, and how often they agree."""

    check_id: str
    between_reviewers: Estimate
    reviewers: int
    parts: list[ReliabilityPart]


class ReliabilityReport(Reply):
    """Answer of `GET /v1/reliability`; checks that nobody reviewed are not in it."""

    checks: list[CheckReliability]


class ReliabilityQuery(Request):
    """`profile` stands for all its versions. `since` and `until` are when results were reviewed, a
    half-open span.
    """

    client: ClientId | None = None
    profile: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,99}$")] | None = None
    check: CheckName | None = None
    since: Moment | None = None
    until: Moment | None = None


class CheckAgreement(Reply):
    """How one check agrees with itself over repeats of the same creatives.

    `exact` is the share of creatives with the same state every time; `score_spread` the largest
    score of a creative less its smallest, at most and on average. `kappa` is Fleiss', null where
    chance alone would explain full agreement.
    """

    check_id: str
    creatives: int
    exact: Estimate
    kappa: float | None
    score_spread_most: float | None
    score_spread_mean: float | None
    states: dict[str, int]


class Agreement(Reply):
    """Over all checks, and of each."""

    repeats: int
    exact: Estimate
    kappa: float | None
    verdicts: Estimate
    checks: list[CheckAgreement]
