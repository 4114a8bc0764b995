"""What a refused save is told: what stands by now, and how both changes could be had."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, JsonValue

from libs.contracts.common import Reply
from libs.contracts.profiles import ProfileEdit

Note = Annotated[str, Field(max_length=500, pattern=r"^[^\x00-\x08\x0b-\x1f]*$")]
"""Why somebody changes something, in their own words."""


class CurrentVersion(Reply):
    """The active version: send its `etag` as If-Match to save on it."""

    profile_id: str
    version: int
    by: str
    at: datetime
    etag: str


class Clash(Reply):
    """One place that both have changed, each in another way; null where it is not there.

    `path` is `pass_threshold`, `checks.logo.weight`, `checks.logo.parameters.min_px`, or
    `checks.logo` for a check that can only be taken or left as a whole.
    """

    path: str
    base: JsonValue
    yours: JsonValue
    theirs: JsonValue


class StaleSave(Reply):
    """Members of the problem `stale_save`, beside those of every problem.

    `based_on` is the version that the caller's tag names. `merged` has both changes and can be
    sent to `PUT /v1/profiles/{current.profile_id}`; null while there are conflicts.
    """

    current: CurrentVersion
    based_on: str
    yours: list[str] = []
    """The places that the refused save changes, and those that others changed meanwhile."""
    theirs: list[str] = []
    conflicts: list[Clash] = []
    merged: ProfileEdit | None = None

    @property
    def says_nothing_new(self) -> bool:
        """Whether others made every change of the refused save themselves, and alike."""
        return not self.conflicts and set(self.yours) <= set(self.theirs)
