"""Profiles as files: what a file says, whether it can be taken, and the file of a version."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby, pairwise

from pydantic import JsonValue, ValidationError

from libs.contracts.profiles import Check
from libs.contracts.transfer import ProfileFile
from services.profiles.domain.audience import Audience, audience_of
from services.profiles.domain.content import Content, content_hash, content_of, scoring_hash
from services.profiles.domain.family import Family, Version
from services.profiles.domain.slug import parse_profile_id, profile_id_of

SUFFIX = ".json"
MAX_ERRORS = 10


@dataclass(frozen=True, slots=True)
class Origin:
    """Who wrote a version and when, as a file said; nothing of it was seen here."""

    created_at: datetime | None
    created_by: str | None
    modified_at: datetime | None
    modified_by: str | None


@dataclass(frozen=True, slots=True)
class Incoming:
    """A file that can be taken: the version that it is to become."""

    file: str
    slug: str
    version: int
    based_on: int | None
    content: Content
    content_hash: str
    audience: Audience
    origin: Origin

    @property
    def note(self) -> str:
        """Where it came from, for the history; author and day are what the file says."""
        by = f", saved there by {self.origin.modified_by}" if self.origin.modified_by else ""
        at = f" on {self.origin.modified_at:%Y-%m-%d}" if by and self.origin.modified_at else ""
        return f"from {self.file}{by}{at}"


def incoming(file: str, said: JsonValue) -> Incoming:
    """What the file `pack_v2.json` says. Raises ValueError that tells what to do about it."""
    slug, number = _id_in(file)
    try:
        profile = ProfileFile.model_validate(said)
    except ValidationError as error:
        raise ValueError(_what_is_wrong(error)) from error
    content = content_of(profile)
    _require_agreement(profile, profile_id_of(slug, number), number, content)
    return Incoming(
        file,
        slug,
        number,
        _base(profile.previous_version, slug, number),
        content,
        content_hash(content),
        audience_of(profile),
        Origin(profile.created_at, profile.created_by, profile.modified_at, profile.modified_by),
    )


def by_family(files: Iterable[Incoming]) -> Iterator[tuple[str, list[Incoming]]]:
    """The files of each profile, in the order of their versions."""
    ordered = sorted(files, key=lambda one: (one.slug, one.version))
    for slug, some in groupby(ordered, key=lambda one: one.slug):
        yield slug, list(some)


def gap(some: list[Incoming], last_version: int) -> str | None:
    """Why the versions do not continue what is there without a gap; None when they do."""
    for one, other in pairwise(some):
        if one.version == other.version:
            return f"{one.file} comes twice: send it once."
    new = [one.version for one in some if one.version > last_version]
    missing = next((n for n, number in enumerate(new, last_version + 1) if number != n), None)
    if missing is None:
        return None
    file = file_name(some[0].slug, missing)
    return f"{file} is missing: numbers have no gaps, so add it, or rename the files after it."


def file_name(slug: str, version: int) -> str:
    """`pack.json`, `pack_v2.json` …"""
    return profile_id_of(slug, version) + SUFFIX


def file_of(
    family: Family, version: Version, origin: Origin | None, known: list[str]
) -> ProfileFile:
    """The file of a version, for somebody who may know of the clients `known` of its audience."""
    return ProfileFile.model_construct(
        name=version.content.name,
        description=version.content.description,
        version=version.version,
        visibility=family.audience.visibility,
        visible_to_clients=known,
        created_at=origin.created_at if origin else family.created_at,
        created_by=origin.created_by if origin else family.created_by,
        modified_at=origin.modified_at if origin else version.created_at,
        modified_by=origin.modified_by if origin else version.created_by,
        previous_version=family.id_of(version.based_on) if version.based_on else None,
        pass_threshold=version.content.pass_threshold,
        checks={key: Check.model_construct(**dict(c)) for key, c in version.content.checks.items()},
        content_hash=version.content_hash,
    )


def _id_in(file: str) -> tuple[str, int]:
    stem = file.removesuffix(SUFFIX)
    parsed = parse_profile_id(stem) if stem != file else None
    if parsed is None:
        raise ValueError(
            "a file is named after its version: pack.json, pack_v2.json, pack_v3.json …, of "
            "a-z, 0-9 and _: rename it"
        )
    return parsed


def _require_agreement(
    profile: ProfileFile, profile_id: str, number: int, content: Content
) -> None:
    if profile.version != number and "version" in profile.model_fields_set:
        raise ValueError(f"version: it says {profile.version}, but its name says {number}")
    if profile.profile_id not in (None, profile_id):
        raise ValueError(f"profile_id: it says {profile.profile_id}, but its name {profile_id}")
    for field, computed in (
        ("content_hash", content_hash(content)),
        ("scoring_hash", scoring_hash(content)),
    ):
        if getattr(profile, field) not in (None, computed):
            raise ValueError(
                f"{field}: the content was changed since; take the field out to import it so"
            )


def _base(previous: str | None, slug: str, number: int) -> int | None:
    """The number of the version that it was made from; the one before when the file is silent."""
    if previous is None:
        return number - 1 or None
    parsed = parse_profile_id(previous.removesuffix(SUFFIX))
    if parsed is None or parsed[0] != slug or parsed[1] >= number:
        raise ValueError(
            f"previous_version: {previous!r} is no earlier version of {slug}: take the field out"
        )
    return parsed[1]


def _what_is_wrong(error: ValidationError) -> str:
    errors = error.errors(include_url=False, include_input=False, include_context=False)
    told = [
        f"{'.'.join(map(str, e['loc'])) or 'the file'}: {_advice(e['type'], e['loc'], e['msg'])}"
        for e in errors[:MAX_ERRORS]
    ]
    if len(errors) > MAX_ERRORS:
        told.append(f"and {len(errors) - MAX_ERRORS} more")
    return "; ".join(told)


def _advice(kind: str, where: tuple[int | str, ...], message: str) -> str:
    if kind != "extra_forbidden":
        return message
    if where[0] == "checks":
        return "not known here; a setting of the check's own goes into its `parameters`"
    return "not known here; take it out"
