"""Contract of bindings: which version of a profile a client runs, and what an edit would change."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from libs.contracts.common import Reply, Request
from libs.contracts.profiles import ChangeClass, Visibility

BindingKind = Literal["floating", "pinned"]
VersionNumber = Annotated[int, Field(ge=1, le=999_999_999)]


class BindingEdit(Request):
    """Body of `PUT …/bindings/{slug}`: the version to stay at; null floats with the active one."""

    version: VersionNumber | None


class Binding(Reply):
    """How a client is bound to a profile. `profile_id` is the version that its analyses run.

    `usable` is false while the client may not use the profile, or the profile or the client is
    archived: a pin is kept then, and holds again afterwards. `changed_by` is empty for a client
    that never was pinned.
    """

    client_id: str
    slug: str
    binding: BindingKind
    profile_id: str
    version: int
    active_profile_id: str
    usable: bool = True
    changed_at: datetime | None = None
    changed_by: str = ""
    changed: bool = False


class ClientProfile(Reply):
    """A profile as one client runs it."""

    profile_id: str
    slug: str
    name: str
    version: int
    binding: BindingKind
    active_profile_id: str
    content_hash: str
    scoring_hash: str


class ClientProfiles(Reply):
    """All that a client may use, by name: what `resolve` would answer for each slug."""

    client_id: str
    profiles: list[ClientProfile]


class ClientRun(Reply):
    """A client, and the version of the profile that its analyses run."""

    client_id: str
    profile_id: str


class ClientMove(Reply):
    """A client whose analyses would run another version than now."""

    client_id: str
    previous_profile_id: str
    profile_id: str


class Obstacle(Reply):
    """Why the save would be refused, as the problem that it would be."""

    code: str
    detail: str


class Preview(Reply):
    """What a save would do. Clients that the actor may not see are not named.

    `profile_id` is the active version afterwards, `moves` the floating clients that would run
    it, `stays` the pinned ones with what they keep. `gains` may use the profile from then on;
    `loses` may not, with the version that cannot be resolved for them any more.
    `others` says that clients use it whom the actor may not see.
    """

    profile_id: str
    based_on: str
    active_profile_id: str
    version: int
    changes: bool
    change_class: ChangeClass
    message: str
    visibility: Visibility
    visible_to_clients: list[str]
    moves: list[ClientMove] = []
    stays: list[ClientRun] = []
    gains: list[ClientRun] = []
    loses: list[ClientRun] = []
    others: bool = False
    warnings: list[str] = []
    problems: list[Obstacle] = []
    etag: str
