"""A profile as the registry keeps it: one family, many versions."""

from dataclasses import dataclass, replace
from datetime import datetime

from libs.contracts.profiles import Profile, ProfileSummary, StoredCheck, VersionSummary
from services.profiles.domain.audience import Audience
from services.profiles.domain.canonical import digest
from services.profiles.domain.content import Content
from services.profiles.domain.etag import etag_of
from services.profiles.domain.slug import profile_id_of


@dataclass(frozen=True, slots=True)
class Family:
    """What the versions of one profile share. `revision` counts every change of it.

    `archived_at` is None while the profile is in use.
    """

    slug: str
    audience: Audience
    last_version: int
    active_version: int
    revision: int
    created_at: datetime
    created_by: str
    archived_at: datetime | None = None

    def archived_since(self, archived_at: datetime | None) -> "Family":
        """The family as it is archived, or with None as it is in use."""
        return replace(self, archived_at=archived_at)

    def id_of(self, version: int) -> str:
        """The profile id of one of the versions."""
        return profile_id_of(self.slug, version)

    def etag(self, version: int) -> str:
        """The entity tag of one of the versions, quotes included."""
        return etag_of(self.slug, version, self.revision)

    def etag_for(self, version: int, clients: tuple[str, ...] | None) -> str:
        """The tag for somebody who may know of `clients` only.

        Who sees a part of the audience has a tag of their own, because the answer changes
        with the part. They may not change the profile, so it never has to guard a save.
        """
        shown = self.audience.shown_to(clients)
        etag = self.etag(version)
        if len(shown) == len(self.audience.clients):
            return etag
        return f'{etag[:-1]}.{digest(shown)[:8]}"'


@dataclass(frozen=True, slots=True)
class Version:
    """One immutable version. `based_on` is what its author had open; null for the first."""

    version: int
    content: Content
    content_hash: str
    scoring_hash: str
    based_on: int | None
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class Line:
    """A version without its checks, for lists and for the history."""

    slug: str
    version: int
    active: bool
    audience: Audience
    name: str
    description: str
    pass_threshold: float
    check_count: int
    based_on: int | None
    content_hash: str
    scoring_hash: str
    created_at: datetime
    created_by: str
    archived_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A row of the audit; `revision` is that of the object after the change."""

    object_kind: str
    object_id: str
    revision: int
    action: str
    actor: str
    before_hash: str | None
    after_hash: str
    request_id: str | None
    details: dict[str, object]


def state_hash(content_hash: str, audience: Audience) -> str:
    """SHA-256 in hex of all that a family is to those who use it: what runs, and for whom."""
    return digest(
        {
            "content_hash": content_hash,
            "visibility": audience.visibility,
            "visible_to_clients": audience.clients,
        }
    )


def profile_of(family: Family, version: Version, clients: tuple[str, ...] | None) -> Profile:
    """The version as somebody sees it who may know of `clients` only; None: of every client.

    `created_*` are those of version 1, `modified_*` of this version.
    """
    content = version.content
    return Profile(
        profile_id=family.id_of(version.version),
        name=content.name,
        description=content.description,
        version=version.version,
        visibility=family.audience.visibility,
        visible_to_clients=family.audience.shown_to(clients),
        created_at=family.created_at,
        created_by=family.created_by,
        modified_at=version.created_at,
        modified_by=version.created_by,
        previous_version=family.id_of(version.based_on) if version.based_on else None,
        pass_threshold=content.pass_threshold,
        checks={
            check_id: check
            if isinstance(check, StoredCheck)
            else StoredCheck.model_validate(check.model_dump())
            for check_id, check in content.checks.items()
        },
        content_hash=version.content_hash,
        scoring_hash=version.scoring_hash,
        etag=family.etag_for(version.version, clients),
        archived_at=family.archived_at,
    )


def summary_of(line: Line, clients: tuple[str, ...] | None) -> ProfileSummary:
    """A line of the list, for somebody who may know of `clients` only; None: of every client."""
    return ProfileSummary(
        profile_id=profile_id_of(line.slug, line.version),
        name=line.name,
        description=line.description,
        version=line.version,
        visibility=line.audience.visibility,
        visible_to_clients=line.audience.shown_to(clients),
        pass_threshold=line.pass_threshold,
        check_count=line.check_count,
        modified_at=line.created_at,
        modified_by=line.created_by,
        archived_at=line.archived_at,
    )


def past_of(line: Line) -> VersionSummary:
    """A line of the history; `previous_version` is the id of what its author had open."""
    return VersionSummary(
        profile_id=profile_id_of(line.slug, line.version),
        version=line.version,
        active=line.active,
        name=line.name,
        previous_version=profile_id_of(line.slug, line.based_on) if line.based_on else None,
        created_at=line.created_at,
        created_by=line.created_by,
        content_hash=line.content_hash,
        scoring_hash=line.scoring_hash,
    )
