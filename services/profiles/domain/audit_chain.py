"""The chain of hashes along the audit of an object, computed apart from the database."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from libs.contracts.audit import Anchor, AuditFault, FaultKind

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

Key = tuple[str, str]
"""Kind and id of an object."""


@dataclass(frozen=True, slots=True)
class Link:
    """A row of the audit as the database holds it; `details` is the text of its JSON."""

    seq: int
    object_kind: str
    object_id: str
    revision: int
    at: datetime
    actor: str
    action: str
    before_hash: str | None
    after_hash: str
    request_id: str | None
    details: str
    previous_hash: str | None
    hash: str

    @property
    def key(self) -> Key:
        """The object whose chain it is part of."""
        return self.object_kind, self.object_id

    @property
    def sealed(self) -> str:
        """The hash that the row ought to have, as `audit_hash` of the database makes it.

        It is over the list of the fields as JSON texts: unambiguous, and written alike here
        and there.
        """
        fields = (
            self.previous_hash,
            str(self.seq),
            self.object_kind,
            self.object_id,
            str(self.revision),
            str((self.at - EPOCH) // MICROSECOND),
            self.actor,
            self.action,
            self.before_hash,
            self.after_hash,
            self.request_id,
            self.details,
        )
        return sha256(json.dumps(fields, ensure_ascii=False).encode()).hexdigest()

    @property
    def anchor(self) -> Anchor:
        """What to keep of it elsewhere."""
        return Anchor.model_construct(
            object_kind=self.object_kind,
            object_id=self.object_id,
            revision=self.revision,
            hash=self.hash,
        )


class Chains:
    """Reads the rows of all objects, each object's in the order of its revisions.

    `heads` are the last rows that were read of each object.
    """

    def __init__(self) -> None:
        self.heads: dict[Key, Link] = {}
        self.rows = 0

    def faults(self, links: Iterable[Link]) -> Iterator[AuditFault]:
        """What is wrong with the rows, given those that were read before."""
        for link in links:
            self.rows += 1
            yield from _faults_of(link, self.heads.get(link.key))
            self.heads[link.key] = link

    def astray(self, revisions: Mapping[Key, int]) -> Iterator[AuditFault]:
        """Objects and chains that part company.

        `revisions` are the objects' own counters; every kind that stands there has all its
        objects there.
        """
        for key, revision in sorted(revisions.items()):
            head = self.heads.get(key)
            if head is None:
                yield _vanished(key, revision)
            elif head.revision < revision:
                yield _cut_off(key, head.revision, revision)
        kinds = {kind for kind, _ in revisions}
        for key, head in self.heads.items():
            reached = revisions.get(key, 0)
            if key[0] in kinds and reached < head.revision:
                yield _lost(key, reached, head.revision)


def _faults_of(link: Link, before: Link | None) -> Iterator[AuditFault]:
    expected = before.revision + 1 if before else 1
    if link.revision != expected:
        yield _missing(link.key, expected, link.revision - 1)
    elif link.previous_hash != (before.hash if before else None):
        yield _fault(
            "unlinked",
            link.key,
            link.revision,
            f"revision {link.revision} of {_name(link.key)} was written after another row than "
            "the one before it now: that one was inserted, replaced or sealed anew",
        )
    if link.hash != link.sealed:
        yield _fault(
            "edited",
            link.key,
            link.revision,
            f"revision {link.revision} of {_name(link.key)} is not what was written: the row, by "
            f"{link.actor} at {link.at:%Y-%m-%d %H:%M:%S} UTC as it says, was edited or forged",
        )


def anchor_faults(
    anchors: Iterable[Anchor], hashes: Mapping[tuple[str, str, int], str], heads: Mapping[Key, int]
) -> Iterator[AuditFault]:
    """Kept heads that the audit does not bear out any more.

    `hashes` are those at the anchors' revisions, `heads` the newest revisions there are now.
    """
    for anchor in anchors:
        key = anchor.object_kind, anchor.object_id
        found = hashes.get((*key, anchor.revision))
        if key not in heads:
            yield _vanished(key, anchor.revision)
        elif found is None and anchor.revision > heads[key]:
            yield _cut_off(key, heads[key], anchor.revision)
        elif found is None:
            yield _missing(key, anchor.revision, anchor.revision)
        elif found != anchor.hash:
            yield _fault(
                "rewritten",
                key,
                anchor.revision,
                f"revision {anchor.revision} of {_name(key)} is not the one that was kept: the "
                "chain was written anew",
            )


def version_fault(key: Key, version: int, what: str) -> AuditFault:
    """The content of a version is not what its hash stands for."""
    return _fault(
        "version_edited",
        key,
        version,
        f"version {version} of {_name(key)} is not what was saved: its {what} does not fit",
    )


def _missing(key: Key, first: int, last: int) -> AuditFault:
    which = f"revision {first}" if first == last else f"revisions {first} to {last}"
    return _fault("missing", key, first, f"{which} of {_name(key)} removed from the audit")


def _cut_off(key: Key, head: int, reached: int) -> AuditFault:
    return _fault(
        "cut_off",
        key,
        head + 1,
        f"the audit of {_name(key)} ends at revision {head}, but it had reached {reached}: the "
        "newest rows were removed",
    )


def _vanished(key: Key, reached: int) -> AuditFault:
    return _fault(
        "vanished",
        key,
        reached,
        f"{_name(key)} had reached revision {reached}, and the audit knows nothing of it any "
        "more, or you may not see it any more",
    )


def _lost(key: Key, reached: int, head: int) -> AuditFault:
    stands = f"stands at revision {reached}" if reached else "is not in the registry"
    return _fault("lost", key, reached + 1, f"{_name(key)} {stands}, but its audit reaches {head}")


def _fault(kind: FaultKind, key: Key, revision: int, detail: str) -> AuditFault:
    return AuditFault(
        kind=kind, object_kind=key[0], object_id=key[1], revision=revision, detail=detail
    )


def _name(key: Key) -> str:
    return f"{key[0]} {key[1]}"
