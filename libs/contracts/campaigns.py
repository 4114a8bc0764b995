"""Contract of campaigns: many creatives against one or several profiles."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from libs.contracts.common import ClientId, Reply, Request, Usd
from libs.contracts.qc import Score, Verdict

MOST_PROFILES = 10

CampaignState = Literal["open", "running", "cancelling", "done", "cancelled"]
CellState = Literal["waiting", "running", "done", "failed", "cancelled"]


class CampaignOrder(Request):
    """What a campaign checks its files for. It takes files until it is started.

    `can_wait` lets others go first and asks providers for their cheaper, slower tier. `webhook`
    is told when the campaign has ended; its host must be among `QC_WEBHOOK_HOSTS`.
    """

    client: ClientId
    profiles: list[Annotated[str, Field(min_length=1, max_length=110)]] = Field(
        min_length=1, max_length=MOST_PROFILES
    )
    name: str = Field(default="", max_length=120)
    placement: str = Field(default="", max_length=120)
    market: str = Field(default="", max_length=20)
    can_wait: bool = False
    webhook: str | None = Field(default=None, max_length=2_000)


class CampaignProfile(Reply):
    """The version that the whole campaign runs, whatever is edited meanwhile."""

    profile_id: str
    version: int
    content_hash: str = ""


class CampaignFile(Reply):
    """`name` is the path in the folder or archive that the file came from."""

    name: str
    sha256: str
    bytes: int


class LeftOut(Reply):
    name: str
    why: str


class FilesAdded(Reply):
    """`known` files were there already. `files` is how many the campaign has now."""

    added: list[CampaignFile]
    known: int = 0
    left_out: list[LeftOut] = []
    files: int


class CampaignFiles(Reply):
    files: list[CampaignFile]


class Counts(Reply):
    """Cells of the matrix by what became of them; `passed`, `failing` and `incomplete` are done."""

    total: int = 0
    waiting: int = 0
    running: int = 0
    passed: int = 0
    failing: int = 0
    incomplete: int = 0
    could_not_run: int = 0
    cancelled: int = 0

    @property
    def ended(self) -> int:
        return self.total - self.waiting - self.running


class WebhookState(Reply):
    """How the last message about the end got on; `error` is why the last try failed."""

    url: str
    state: Literal["not_yet", "waiting", "delivered", "given_up"] = "not_yet"
    tries: int = 0
    error: str | None = None
    next_at: datetime | None = None
    delivered_at: datetime | None = None


class Campaign(Reply):
    """`cost_usd` is the ledger's, of every try: null until it has all, or without a price."""

    campaign_id: UUID
    client_id: str
    name: str
    state: CampaignState
    profiles: list[CampaignProfile]
    files: int
    cells: Counts = Counts()
    placement: str = ""
    market: str = ""
    can_wait: bool = False
    webhook: WebhookState | None = None
    created_by: str
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    cost_usd: Usd | None = None
    unknown_calls: int = 0


class Campaigns(Reply):
    """Newest first; `next_cursor` leads to older ones."""

    campaigns: list[Campaign]
    next_cursor: UUID | None = None


class Cell(Reply):
    """One file against one profile. `tries` counts its analyses; `reason` says why it has none.

    `unknown_calls` are not in `cost_usd`; `suspected` counts what in the file gives orders.
    `reviewed`: verdict, score and coverage follow what reviewers said of the results.
    """

    profile_id: str
    state: CellState
    tries: int = 0
    analysis_id: UUID | None = None
    verdict: Verdict | None = None
    score: Score | None = None
    coverage: Score | None = None
    failed_checks: list[str] = []
    broken_checks: list[str] = []
    cost_usd: Usd | None = None
    unknown_calls: int = 0
    suspected: int = 0
    code: str | None = None
    reason: str | None = None
    reviewed: bool = False


class MatrixRow(Reply):
    """A file with a cell for each profile, in the campaign's order of profiles."""

    file: str
    sha256: str
    bytes: int
    cells: list[Cell]


class Matrix(Reply):
    campaign: Campaign
    rows: list[MatrixRow]


class Retried(Reply):
    """How many cells are tried again."""

    retried: int


class CampaignEvent(Reply):
    """One step of a campaign; `seq` counts from 1 without gaps and is the stream's event id."""

    seq: int = 0
    kind: Literal["started", "cell_started", "cell_ended", "cancelling", "retried", "finished"]
    at: datetime
    file: str | None = None
    profile_id: str | None = None
    analysis_id: UUID | None = None
    state: str | None = None
    verdict: Verdict | None = None
    score: Score | None = None
    done: int = 0
    total: int = 0


class CampaignEnded(Reply):
    """What a webhook is sent: the campaign as it stood when it ended."""

    type: Literal["campaign.finished"] = "campaign.finished"
    timestamp: datetime
    data: Campaign
