"""The audit of the registry: who changed what and when, and whether anybody touched it since."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from libs.contracts.common import ClientId, Label, Reply, Request
from libs.contracts.diff import Difference

Form = Literal["json", "jsonl", "csv"]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

MAX_ANCHORS = 2_000

FaultKind = Literal[
    "edited", "missing", "unlinked", "cut_off", "vanished", "rewritten", "lost", "version_edited"
]
"""What is wrong with a chain of the audit:

edited          a row is not what it was when it was written, or was never written by the registry
missing         a row between others, or before the first, is gone
unlinked        a row follows another one than it did when it was written
cut_off         the newest rows of an object are gone
vanished        no row of an object is left
rewritten       a chain fits in itself but is not the one whose head was kept
lost            an object, or changes of it that the audit tells of, are not in the registry
version_edited  the content of a profile's version or of brand data does not have its hash
"""


def _words(value: object) -> object:
    """`a,b` as it stands in a query; given several times it is a list already."""
    return value.split(",") if isinstance(value, str) else value


class AuditQuery(Request):
    """Filters; all that are given must fit. Days are UTC days, both inclusive."""

    object: Label | None = Field(
        default=None, description="An id, or kind:id; a version's id means its profile."
    )
    client: ClientId | None = Field(
        default=None, description="What concerns the client: itself, its brand data, its profiles."
    )
    actor: Label | None = None
    action: Annotated[tuple[Label, ...], BeforeValidator(_words), Field(max_length=50)] = Field(
        default=(), description='Like "profile.save"; "profile" stands for all that begin with it.'
    )
    from_day: date | None = Field(default=None, alias="from")
    to_day: date | None = Field(default=None, alias="to")
    q: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        pattern=r"^[^\x00]*$",
        description="A part of the object's id, the actor, the action, a note or a request id.",
    )
    form: Form = Field(default="json", alias="format")
    limit: int = Field(default=100, ge=1, le=500, description="Rows of a page of JSON.")
    cursor: int | None = Field(default=None, ge=1, le=2**63 - 1)


class AuditEntry(Reply):
    """One change. `sentence` is for people, `changes` what it changed in the content, without the
    words within texts; the rest is what was written then.

    `seq` grows in the order of writing and has gaps; `revision` counts the changes of the
    object, without gaps. `hash` covers the row and `previous_hash`, that of the row before it.
    """

    seq: int
    object_kind: str
    object_id: str
    revision: int
    at: datetime
    actor: str
    action: str
    sentence: str
    changes: list[Difference] = []
    before_hash: str | None = None
    after_hash: str
    request_id: str | None = None
    details: dict[str, Any] = {}
    previous_hash: str | None = None
    hash: str


class AuditPage(Reply):
    """The newest first; `next_cursor` leads to older ones."""

    entries: list[AuditEntry]
    next_cursor: int | None = None


class Anchor(Request):
    """The head of an object's chain, to be kept where nobody who can change the audit writes."""

    object_kind: str = Field(min_length=1, max_length=50)
    object_id: Label
    revision: int = Field(ge=1, le=2**63 - 1)
    hash: Hash


class Anchors(Request):
    """Body of `POST /v1/audit/anchors`."""

    anchors: list[Anchor] = Field(max_length=MAX_ANCHORS)


class AuditFault(Reply):
    """One thing that is wrong; `detail` says it in words. `revision` is where it shows."""

    kind: FaultKind
    object_kind: str
    object_id: str
    revision: int
    detail: str


class Verification(Reply):
    """Answer of `GET /v1/audit/verify`: the first faults, and the heads as they are now.

    `versions` are the versions of profiles and brand data whose content was hashed again.
    """

    checked_at: datetime
    rows: int
    versions: int = 0
    fault_count: int = 0
    faults: list[AuditFault]
    heads: list[Anchor]


class AnchorFaults(Reply):
    """Answer of `POST /v1/audit/anchors`: which kept heads are not in the audit any more."""

    faults: list[AuditFault]
