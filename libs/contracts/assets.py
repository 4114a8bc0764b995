"""Contract of what a client gives once for many checks: reference assets and media plans."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from libs.contracts.brand import Placement, ReferenceKind
from libs.contracts.common import Reply, Request

Tag = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Tags = Annotated[list[Tag], Field(max_length=20)]


class AssetVersion(Reply):
    """One content that an asset had. Its number is never used again."""

    version: int
    sha256: str
    file_name: str
    bytes: int | None = None
    format: str | None = None
    width_px: int | None = None
    height_px: int | None = None
    created_at: datetime
    created_by: str


class ReferenceAsset(AssetVersion):
    """Brand material that checks compare against, in the version that counts.

    An asset is one kind and one name of a client. An archived one is not used.
    """

    asset_id: UUID
    client_id: str
    kind: ReferenceKind
    name: str
    tags: list[str] = []
    archived_at: datetime | None = None


class ReferenceAssets(Reply):
    reference_assets: list[ReferenceAsset]


class AssetVersions(Reply):
    """Every version of an asset, the newest first; `current` is the number that counts."""

    current: int
    versions: list[AssetVersion]


class AssetEdit(Request):
    """Body of `PATCH /v1/reference-assets/{id}`."""

    tags: Tags


class UsingCheck(Reply):
    """A check that compares with an asset. `parameter` names it; null: it takes all of the kind."""

    profile_id: str
    profile_name: str
    check_id: str
    parameter: str | None = None


class UsingAnalysis(Reply):
    analysis_id: UUID
    version: int
    file_name: str
    created_at: datetime


class UsedBy(Reply):
    """What a change of an asset reaches, and what it was used for; the latest 100 analyses."""

    checks: list[UsingCheck]
    analyses: list[UsingAnalysis]


class PlanRow(Reply):
    """What became of a row of a media plan that is no placement: a note, or an error."""

    row: int
    sheet: str | None = None
    column: str | None = None
    reason: str


class PlanSummary(Reply):
    """A line of the list: one version of a media plan. One plan of a client is active."""

    plan_id: UUID
    client_id: str
    name: str
    version: int
    active: bool
    placement_count: int
    file_name: str
    sha256: str
    bytes: int
    created_at: datetime
    created_by: str
    archived_at: datetime | None = None


class MediaPlan(PlanSummary):
    """A plan as it was read. `left_out` are rows with errors that were skipped when asked to.

    `notes` are rows that are no placements: totals, headings, remarks.
    """

    placements: list[Placement]
    left_out: list[PlanRow] = []
    notes: list[PlanRow] = []


class PlanActivation(Reply):
    """From `activated_at` on that plan was the active one; null: none was."""

    plan_id: UUID | None
    name: str | None
    version: int | None
    activated_at: datetime
    activated_by: str


class MediaPlans(Reply):
    """The plans of a client, newest first, and which was active when, the latest first."""

    media_plans: list[PlanSummary]
    activations: list[PlanActivation]
