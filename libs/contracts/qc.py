"""Contract of the qc service."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, JsonValue

from libs.contracts.brand import ReferenceKind
from libs.contracts.common import Reply, Usd
from libs.contracts.overrides import FoundResult, FoundVerdict, Override

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Score = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]

CheckState = Literal[
    "passed", "failed", "unsure", "not_applicable", "missing_input", "skipped", "error"
]
AnalysisState = Literal["queued", "running", "done", "failed", "cancelled"]
Verdict = Literal["pass", "fail", "incomplete"]
Severity = Literal["critical", "major", "minor"]


class Region(Reply):
    """A box on a page, in shares of its width and height, from the top left corner."""

    x: Share
    y: Share
    w: Share
    h: Share


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""Hash of a content, and the name under which it is stored."""


class Finding(Reply):
    """One remark. `region` is null when the finding has no place on the page.

    `approximate` marks a region that a model drew and nothing measured confirms. `crop` is a
    small picture of the region: `GET /v1/analyses/{id}/crops/{crop}`.
    """

    severity: Severity
    message: str
    measured: str | None = None
    rule: str | None = None
    evidence: str | None = None
    fix: str | None = None
    page: int = Field(default=1, ge=1)
    region: Region | None = None
    approximate: bool = False
    crop: Sha256 | None = None


TriageReason = Literal["no_answer", "unsure", "contradicts", "near_threshold", "failed", "audit"]


class Triage(Reply):
    """How a check came to its answer that a cheap model was asked first, and what that said.

    `reason` tells why the strong model was wanted: null when the cheap answer was enough.
    `answered_again`: the result is the strong model's answer. `agreed` compares the two
    verdicts; null when only one of them judged.
    """

    model: str
    state: CheckState | None = None
    score: Score | None = None
    reason: TriageReason | None = None
    answered_again: bool = False
    agreed: bool | None = None


class CheckResult(Reply):
    """Outcome of one check. `score` is null unless `state` is passed or failed.

    `cached`: it was measured, or answered, in an earlier analysis of the same file.
    `carried_from`: it is that of the analysis of which this one is a rerun. With `found` a
    reviewer said otherwise: state and score are the reviewer's, `found` what was found;
    `overrides` has all that was said, in order.

    A judged check names the model that was asked, the one that answered, and every model that
    was tried, each as `provider/model` except `model_served`, which is the provider's word.
    `fallback_reason` says why not the first of the check's models answered. `fill_percentage`
    is the share of the answer's fields that the model filled.
    `prompt_hash` is of rules and question, the same for every creative; `question_hash` of every
    word and picture of the call, `schema_hash` of the form of its answer.
    """

    check_id: str
    state: CheckState
    score: Score | None = None
    weight: float = 1.0
    critical: bool = False
    findings: list[Finding] = []
    measurements: dict[str, JsonValue] = {}
    model_requested: str | None = None
    model_served: str | None = None
    attempted_models: list[str] = []
    fallback_reason: str | None = None
    fill_percentage: float | None = None
    tool_calls: dict[str, int] = {}
    cost_usd: Usd | None = None
    reason: str | None = None
    duration_ms: int | None = None
    cached: bool = False
    carried_from: UUID | None = None
    found: FoundResult | None = None
    overrides: list[Override] = []
    triage: Triage | None = None
    prompt_hash: Sha256 | None = None
    question_hash: Sha256 | None = None
    schema_hash: Sha256 | None = None


TextPlace = Literal["picture", "hidden text", "text layer", "metadata", "barcode", "file name"]
"""Hidden text is in the file and not on its pages; of a text layer nobody looked whether it is."""


class Suspicion(Reply):
    """Words that give orders to whoever judges the creative. They are told, and never followed.

    `words` are quoted as they stand there; `region` is null where they have no place on a page.
    """

    where: TextPlace
    words: str
    why: str
    page: int | None = Field(default=None, ge=1)
    region: Region | None = None


class Accepted(Reply):
    """Answer of `POST /v1/analyses`: the analysis is stored and will be run.

    `reused`: it is an earlier one, which has ended. Nothing is run and nothing is paid.
    """

    analysis_id: UUID
    reused: bool = False


PageType = Literal["cover", "palette", "notes", "artwork"]


class CreativePage(Reply):
    """A page of a creative: only artwork is judged. `why` tells what made it something else.

    A frame of an animation or video is a page with its time, `at_s`.
    The trim is what is left of a PDF page after cutting; null without a trim box.
    """

    number: int
    type: PageType = "artwork"
    why: str = ""
    width_px: int
    height_px: int
    width_mm: float | None = None
    height_mm: float | None = None
    at_s: float | None = None
    trim_width_mm: float | None = None
    trim_height_mm: float | None = None


class Creative(Reply):
    """The file under test, as the upload door measured it.

    `strip` has its pages in order; `duration_s` is null for what does not move. `notes` are
    sentences for people: what was left out or replaced so that the file could be shown.
    """

    file_name: str
    sha256: str
    bytes: int
    format: str
    width_px: int
    height_px: int
    pages: int
    strip: list[CreativePage] = []
    duration_s: float | None = None
    notes: list[str] = []


class UsedAsset(Reply):
    """The version of a reference asset that an analysis compares with."""

    asset_id: UUID
    kind: ReferenceKind
    name: str
    version: int
    sha256: str


class Given(Reply):
    """What an analysis holds the creative against beside its profile, as it was at the upload.

    It explains the result later, whatever was uploaded or edited since. `rerun_of` is the analysis
    whose other results it carries on; `fresh`: no result or answer of before was taken. One that
    `can_wait` is asked of a provider's cheaper, slower tier. In a `replay` a profile that may not
    be live is tried on the creative of another analysis, `replay_of`: it counts nowhere.
    """

    brand_version: int = 0
    assets: list[UsedAsset] = []
    plan_id: UUID | None = None
    plan: str | None = None
    placement: str | None = None
    market: str | None = None
    reference: str | None = None
    previous: UUID | None = None
    rerun_of: UUID | None = None
    fresh: bool = False
    can_wait: bool = False
    replay: UUID | None = None
    replay_of: UUID | None = None


class Preview(Reply):
    """A page as a picture to draw findings on: `GET /v1/analyses/{id}/pages/{page}`."""

    page: int
    width_px: int
    height_px: int
    sha256: Sha256


class Analysis(Reply):
    """Answer of `GET /v1/analyses/{id}`; score, verdict and coverage are null until it is done.

    With `only` these checks of the profile were run, and score, verdict and coverage are theirs;
    when it is empty all were.

    `cost_usd` is the ledger's: null until the ledger has all of it, or when a model has no
    price. `unknown_calls` are not in it: nobody knows what they cost, the ledger bounds it.

    Where reviewers said otherwise of checks, verdict, score and coverage follow them, and `found`
    has what they were before.

    `suspected` are words in the creative that give orders to whoever judges. They change no
    score; a person should look at what judged checks said beside them.
    """

    analysis_id: UUID
    state: AnalysisState
    client_id: str
    verdict: Verdict | None
    score: Score | None
    coverage: Score | None
    profile_id: str
    profile_version: int
    profile_hash: str = ""
    only: list[str] = []
    checks: list[CheckResult]
    cost_usd: Usd | None
    unknown_calls: int = 0
    creative: Creative
    given: Given = Given()
    previews: list[Preview] = []
    suspected: list[Suspicion] = []
    created_at: datetime
    finished_at: datetime | None = None
    duration_ms: int | None = None
    reason: str | None = None
    found: FoundVerdict | None = None


class ProgressEvent(Reply):
    """One step of an analysis; `seq` counts from 1 without gaps and is the stream's event id."""

    seq: int
    kind: Literal["queued", "started", "check_started", "check_finished", "finished"]
    at: datetime
    check_id: str | None = None
    state: str | None = None
    score: Score | None = None
    done: int = 0
    total: int = 0
