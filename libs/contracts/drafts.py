"""Contract of drafts: a change of a profile that is looked at before it counts."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from libs.contracts.common import Reply, Request
from libs.contracts.diff import ChangeClass, Difference
from libs.contracts.profiles import ProfileEdit, StoredCheck, Visibility

DraftState = Literal["open", "applied", "withdrawn"]
Verdict = Literal["comment", "approve", "reject"]
Approval = Literal["not_needed", "needed", "approved", "rejected"]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Title = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
Note = Annotated[str, Field(max_length=4_000, pattern=r"^[^\x00]*$")]


class DraftRequest(Request):
    """Body of `POST /v1/drafts`: an edit of exactly the version `profile_id`, not yet saved."""

    profile_id: str = Field(max_length=100)
    title: Title = ""
    edit: ProfileEdit


class DraftEdit(Request):
    """Body of `PUT /v1/drafts/{draft_id}`: what is left out stays as it is.

    With `profile_id` that version becomes its base: what the draft changes is changed there,
    as far as nobody changed the same. `edit` is of what the draft then says.
    """

    profile_id: str | None = Field(default=None, max_length=100)
    title: Title | None = None
    edit: ProfileEdit = ProfileEdit()


class ReviewRequest(Request):
    """Body of `POST /v1/drafts/{draft_id}/reviews`.

    `draft_hash` is that of the draft that was looked at; only a comment can do without.
    """

    verdict: Verdict
    note: Note = ""
    draft_hash: Hash | None = None


class EndRequest(Request):
    """Body of `POST /v1/drafts/{draft_id}/apply`, and of `…/withdraw`."""

    note: Annotated[str, Field(max_length=500, pattern=r"^[^\x00]*$")] = ""


class DraftContent(Reply):
    """The whole content of the version that the draft would become."""

    name: str
    description: str
    pass_threshold: float
    checks: dict[str, StoredCheck]


class Review(Reply):
    """One remark or verdict. `counts`: of what the draft says now, and by nobody who wrote it."""

    verdict: Verdict
    note: str
    draft_hash: str
    reviewed_at: datetime
    reviewed_by: str
    counts: bool


class DraftSummary(Reply):
    """A draft without its content.

    `outdated`: the profile has another active version than `base_profile_id` by now. The two
    `visib…` are null where the draft leaves alone who may use the profile.
    """

    draft_id: UUID
    profile_id: str
    base_profile_id: str
    base_version: int
    title: str
    state: DraftState
    approval: Approval
    outdated: bool
    authors: list[str]
    created_at: datetime
    created_by: str
    modified_at: datetime
    modified_by: str
    visibility: Visibility | None = None
    visible_to_clients: list[str] | None = None
    content_hash: str
    scoring_hash: str
    draft_hash: str
    applied_profile_id: str | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None


class Draft(DraftSummary):
    """Answer of `GET /v1/drafts/{draft_id}`: `differences` are from its base to the draft."""

    content: DraftContent
    change_class: ChangeClass = "none"
    summary: str = ""
    differences: list[Difference] = []
    reviews: list[Review] = []
    etag: str = ""


class DraftList(Reply):
    """The newest first."""

    drafts: list[DraftSummary]
    next_cursor: str | None = None
