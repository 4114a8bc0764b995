"""Contract of the profile registry."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, JsonValue, model_validator

from libs.contracts.brand import StoredBrand
from libs.contracts.common import ClientId, Reply, Request

CheckId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
ModelId = Annotated[str, Field(pattern=r"^[a-z0-9_-]+/[A-Za-z0-9._:/-]{1,120}$")]
"""`provider/model`, for example `openai/gpt-4o`."""

Visibility = Literal["all", "client_specific"]
ChangeClass = Literal["scoring", "presentation", "none"]
"""Whether a change can change a result, is wording that no check reads, or is no change."""

Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
Weight = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]

MAX_CHECKS = 100
MAX_PROMPT_CHARS = 8_000
MAX_PROFILE_BYTES = 12 << 20
"""Of its JSON: as many checks and prompts as may be, in any script, each character escaped."""


class Check(Request):
    """One question of a profile.

    `measure` names the exact check that measures it (default: the check's own id).
    `models` are asked in that order, the later ones only when the earlier ones cannot
    answer; empty means the qc service's default. `parameters` belong to the check.
    """

    kind: Literal["exact", "judged"]
    title: str = Field(default="", max_length=120)
    weight: Weight = 1.0
    critical: bool = False
    measure: CheckId | None = None
    parameters: dict[str, JsonValue] = Field(default={}, max_length=50)
    prompt: str = Field(default="", max_length=MAX_PROMPT_CHARS)
    models: list[ModelId] = Field(default=[], max_length=5)

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind == "judged" and not self.prompt.strip():
            raise ValueError("a judged check needs a prompt: say what passes and what fails")
        if self.kind == "judged" and self.measure is not None:
            raise ValueError("`measure` is for exact checks")
        if self.kind == "exact" and (self.prompt or self.models):
            raise ValueError("an exact check takes neither prompt nor models")
        return self


class StoredCheck(Check):
    """A check in an answer: a reader skips fields that it does not know yet."""

    model_config = ConfigDict(extra="ignore")


Checks = Annotated[dict[CheckId, Check], Field(min_length=1, max_length=MAX_CHECKS)]
Name = Annotated[
    str, Field(min_length=1, max_length=120, pattern=r"^[^\x00-\x1f]*[^\x00-\x1f\s][^\x00-\x1f]*$")
]


class ProfileDraft(Request):
    """Body of `POST /v1/profiles`."""

    name: Name
    description: str = Field(default="", max_length=4_000)
    visibility: Visibility = "all"
    visible_to_clients: list[ClientId] = Field(default=[], max_length=500)
    pass_threshold: Percent = 70.0
    checks: Checks

    @model_validator(mode="after")
    def _somebody_sees_it(self) -> Self:
        if self.visibility == "client_specific" and not self.visible_to_clients:
            raise ValueError("client_specific needs at least one client in visible_to_clients")
        return self


class ProfileEdit(Request):
    """Body of `PUT /v1/profiles/{id}`: a field left out stays as it is in that version."""

    name: Name | None = None
    description: str | None = Field(default=None, max_length=4_000)
    visibility: Visibility | None = None
    visible_to_clients: list[ClientId] | None = Field(default=None, max_length=500)
    pass_threshold: Percent | None = None
    checks: Checks | None = None


class Profile(Reply):
    """One immutable version of a profile. `profile_id` is the slug, from version 2 `slug_vN`."""

    profile_id: str
    name: str
    description: str
    version: int
    visibility: Visibility
    visible_to_clients: list[str]
    created_at: datetime
    created_by: str
    modified_at: datetime
    modified_by: str
    previous_version: str | None
    pass_threshold: float
    checks: dict[str, StoredCheck]
    content_hash: str
    scoring_hash: str
    etag: str = ""
    archived_at: datetime | None = None


class ProfileSummary(Reply):
    """A line of the list: the active version of one profile, or the one a client is pinned to."""

    profile_id: str
    name: str
    description: str
    version: int
    visibility: Visibility
    visible_to_clients: list[str]
    pass_threshold: float
    check_count: int
    modified_at: datetime
    modified_by: str
    archived_at: datetime | None = None


class ProfileList(Reply):
    profiles: list[ProfileSummary]


class VersionSummary(Reply):
    """A line of a profile's history. Equal `scoring_hash`: the scores can be compared."""

    profile_id: str
    version: int
    active: bool
    name: str
    previous_version: str | None
    created_at: datetime
    created_by: str
    content_hash: str
    scoring_hash: str


class VersionList(Reply):
    """Every version of one profile, the newest first."""

    versions: list[VersionSummary]


class Created(Reply):
    """Answer of `POST /v1/profiles`."""

    status: Literal["success"] = "success"
    message: str
    profile_id: str
    visibility: Visibility
    version: int = 1
    etag: str


class PinnedClient(Reply):
    client_id: str
    version: int


class Updated(Reply):
    """Answer of `PUT /v1/profiles/{id}`; `changed` is false when nothing was different.

    `repointed_clients` run the new version from now on, `pinned_clients` stay where they are.
    """

    status: Literal["success"] = "success"
    message: str
    profile_id: str
    previous_profile_id: str
    version: int
    changed: bool = True
    change_class: ChangeClass = "none"
    repointed_clients: list[str] = []
    pinned_clients: list[PinnedClient] = []
    etag: str
    warnings: list[str] = []


class Client(Reply):
    """A brand client. `archived_at` is null while it is in use."""

    client_id: str
    name: str
    approval_required: bool = False
    archived_at: datetime | None = None


class ClientList(Reply):
    clients: list[Client]


class Resolved(Reply):
    """What one analysis runs: the exact version, and whether the client's binding floats.

    `brand` are the client's defaults for what the checks' own parameters leave open.
    """

    client_id: str
    binding: Literal["floating", "pinned"]
    profile: Profile
    brand: StoredBrand = StoredBrand()
    brand_version: int = 0
