"""Profiles as files: one JSON object for each version, as the system before this one had them."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, JsonValue

from libs.contracts.common import Label, Reply, Request, in_utc
from libs.contracts.profiles import MAX_PROFILE_BYTES, ProfileDraft

MAX_FILES = 5_000
MAX_FILE_BYTES = MAX_PROFILE_BYTES
MAX_ALL_BYTES = 64 << 20


def _aware(moment: datetime) -> datetime:
    return in_utc(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


Moment = Annotated[datetime, AfterValidator(_aware)]
"""Without a zone it is UTC, as the system before this one wrote it."""


class ProfileFile(ProfileDraft):
    """The content of `pack.json` (version 1) or `pack_v2.json`. What is left out has its default.

    Hashes, when they are there, must fit the content. An answer of `GET /v1/profiles/{id}` is
    such a file too: its `etag` and `archived_at` are not kept.
    """

    version: int = Field(default=1, ge=1, le=999_999_999)
    created_at: Moment | None = None
    created_by: Label | None = None
    modified_at: Moment | None = None
    modified_by: Label | None = None
    previous_version: str | None = Field(default=None, max_length=100)
    profile_id: str | None = Field(default=None, max_length=100)
    content_hash: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    scoring_hash: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    etag: str | None = Field(default=None, max_length=200)
    archived_at: Moment | None = None


class FileLine(Request):
    """A line of `application/x-ndjson`: the name of a file and the JSON object in it."""

    file: str = Field(min_length=1, max_length=200)
    profile: JsonValue


class FileOutcome(Reply):
    """What became of a file: a new version, or nothing because the version is there already."""

    file: str
    profile_id: str
    outcome: Literal["added", "skipped"]


class Imported(Reply):
    """Answer of `POST /v1/profile-files`. With `problems` nothing was written at all."""

    dry_run: bool
    added: int
    skipped: int
    files: list[FileOutcome]
    problems: list[str] = []
