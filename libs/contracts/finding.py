"""Contract of finding profiles, of what uses what, and of archiving."""

from datetime import datetime
from typing import Literal

from libs.contracts.common import Reply


class Dependant(Reply):
    """What keeps a profile from being archived; `id` is a client, a schedule or a draft."""

    kind: Literal["pin", "schedule", "draft"]
    id: str
    what: str


class Archived(Reply):
    """Answer of archive, restore and `DELETE /v1/profiles/{id}`; null: the profile is in use."""

    profile_id: str
    archived_at: datetime | None
    changed: bool = True
    etag: str


class UsingClient(Reply):
    """A client that may use a profile, and the version that its analyses run."""

    client_id: str
    binding: Literal["floating", "pinned"]
    version: int
    profile_id: str


class ProfileUsage(Reply):
    """Who uses a profile. With `dependants` it cannot be archived."""

    profile_id: str
    archived_at: datetime | None = None
    clients: list[UsingClient]
    dependants: list[Dependant] = []


class ProfileUse(Reply):
    """A check of a version that is in use: the active one, or one that `pinned_clients` run.

    `position` is the model's place in the order of asking, from 1; `parameter` is the path of
    the text that names the reference asset.
    """

    profile_id: str
    profile_name: str
    version: int
    active: bool
    pinned_clients: list[str] = []
    check_id: str
    kind: Literal["exact", "judged"]
    weight: float
    critical: bool
    position: int | None = None
    parameter: str | None = None


class ProfileUses(Reply):
    """`more`: there are others beyond those of the first 1,000 versions.

    `brands` are the clients whose brand data names the asset, by its id.
    """

    uses: list[ProfileUse]
    brands: list[str] = []
    more: bool = False
