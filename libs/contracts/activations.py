"""Contract of the active pointer: moved at once or at an instant, and where it was."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from libs.contracts.common import Moment, Reply, Request

Note = Annotated[str, Field(max_length=1_000, pattern=r"^[^\x00]*$")]
ScheduleState = Literal["pending", "done", "conflict", "cancelled"]


class ActivateRequest(Request):
    """Body of `POST /v1/profiles/{profile_id}/activate`: `my_profile` is version 1."""

    note: Note = ""


class Activated(Reply):
    """Which version runs now, for all clients but the pinned ones.

    `changed` is false when it was the active one already. `pinned_clients` of those that the
    actor may know stay where they are.
    """

    status: Literal["success"] = "success"
    message: str
    profile_id: str
    previous_profile_id: str
    version: int
    changed: bool
    comparable: bool
    pinned_clients: list[str] = []
    etag: str


class Activation(Reply):
    """One move of the active pointer. `ended_at` is null for the one that counts."""

    profile_id: str
    version: int
    previous_profile_id: str | None
    reason: str
    note: str
    activated_at: datetime
    activated_by: str
    ended_at: datetime | None


class ActivationList(Reply):
    """The newest first."""

    activations: list[Activation]
    next_cursor: str | None = None


class Live(Reply):
    """What an analysis for the client would have run at that instant.

    `profile_id` is null when nothing would: the profile was not there yet or not for this
    client, as `why` says. `since` is when it began to run for the client.
    """

    client_id: str
    slug: str
    at: datetime
    profile_id: str | None
    version: int | None
    binding: Literal["floating", "pinned"] | None
    content_hash: str | None
    scoring_hash: str | None
    since: datetime | None
    by: str | None
    note: str
    why: str


class ScheduleRequest(Request):
    """Body of `POST /v1/profiles/{profile_id}/schedules`: activate that version then.

    It happens only if `expected_profile_id` is active then. When left out that is the version
    that will be active just before, as things stand.
    """

    activate_at: Moment
    expected_profile_id: str | None = Field(default=None, max_length=100)
    note: Note = ""


class Schedule(Reply):
    """A move that is to come, or what became of it: `reason` explains a conflict."""

    schedule_id: UUID
    profile_id: str
    expected_profile_id: str
    activate_at: datetime
    note: str
    state: ScheduleState
    reason: str
    created_at: datetime
    created_by: str
    ended_at: datetime | None
    ended_by: str | None


class ScheduleList(Reply):
    """Those to come first, the next of them on top; then what is over, the newest first."""

    schedules: list[Schedule]
