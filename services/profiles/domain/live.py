"""What a client's analyses ran at an instant: the pointer, the pin and the audience of then."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from libs.contracts.activations import Live
from services.profiles.domain.activations import Move
from services.profiles.domain.audience import Audience
from services.profiles.domain.family import Family, Version


@dataclass(frozen=True, slots=True)
class Pin:
    """What the client was bound to from `changed_at` on; version None: it floated."""

    version: int | None
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class Shelved:
    """The profile or the client was archived, or restored, at `changed_at`."""

    what: Literal["profile", "client"]
    archived: bool
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class Circumstances:
    """All that stood at the instant `at`; None where nothing had been said by then."""

    client_id: str
    family: Family
    at: datetime
    move: Move | None
    pin: Pin | None
    audience: tuple[Audience, datetime] | None
    shelved: tuple[Shelved, ...] = ()

    @property
    def why_not(self) -> str:
        """Why nothing was live, for people; empty when something was."""
        if self.move is None or self.audience is None:
            return "the profile was not there yet"
        if not self.audience[0].seen_by([self.client_id]):
            return f"{self.client_id} could not use the profile"
        archived = {one.what for one in self.shelved if one.archived}
        if "client" in archived:
            return f"{self.client_id} was archived"
        return "the profile was archived" if archived else ""

    @property
    def version(self) -> int | None:
        """The number of the version that was live; None when none was."""
        if self.why_not or self.move is None:
            return None
        return (self.pin.version if self.pin else None) or self.move.version


def live(then: Circumstances, version: Version | None) -> Live:
    """The answer; `version` is the one that was live.

    `since` is the last of what made it so: the pointer moved there, the client was bound to it
    or let go, came to be among those who use the profile, or one of the two was restored.
    """
    pin, pinned = then.pin, bool(then.pin and then.pin.version)
    reasons: list[tuple[datetime, str | None, str]] = []
    if version and then.move and not pinned:
        reasons.append((then.move.activated_at, then.move.activated_by, then.move.note))
    if version and pin:
        reasons.append((pin.changed_at, pin.changed_by or None, ""))
    if version and then.audience:
        reasons.append((then.audience[1], None, ""))
    if version:
        reasons += [(one.changed_at, one.changed_by, "") for one in then.shelved]
    since, by, note = max(reasons, key=lambda one: one[0]) if reasons else (None, None, "")
    return Live(
        client_id=then.client_id,
        slug=then.family.slug,
        at=then.at,
        profile_id=then.family.id_of(version.version) if version else None,
        version=version.version if version else None,
        binding=("pinned" if pinned else "floating") if version else None,
        content_hash=version.content_hash if version else None,
        scoring_hash=version.scoring_hash if version else None,
        since=since,
        by=by,
        note=note,
        why=then.why_not,
    )
