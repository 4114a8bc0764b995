"""What versions say now, hashed again, against what the audit says of them."""

from collections.abc import AsyncIterator, Iterator, Mapping

from libs.contracts.audit import AuditFault
from libs.contracts.brand import StoredBrand
from libs.postgres import Connection, Record
from services.profiles.domain.audit_chain import version_fault
from services.profiles.domain.brand import brand_hash
from services.profiles.domain.content import Content, content_hash, scoring_hash
from services.profiles.repository import STORED_CHECKS

AT_ONCE = 100

Sealed = dict[tuple[str, str, int], str]
"""Content hashes that the audit tells of: by kind and id of the object, and version."""


async def content_faults(db: Connection, sealed: Sealed) -> AsyncIterator[list[AuditFault]]:
    """For each version the list of what is wrong with it; takes it out of `sealed`."""
    async for row in _versions(db):
        yield list(_profile_faults(row, sealed.pop(("profile", row["slug"], row["version"]), None)))
    async for row in _brands(db):
        key = "brand", row["client_id"]
        yield list(_brand_faults(row, sealed.pop((*key, row["version"]), None)))


def lost_versions(sealed: Sealed) -> Iterator[AuditFault]:
    """Versions that the audit tells of and that were not found."""
    for kind, object_id, version in sealed:
        yield version_fault((kind, object_id), version, "content, which is gone,")


async def _versions(db: Connection) -> AsyncIterator[Record]:
    cursor = await db.cursor(
        """
        SELECT slug, version, name, description, pass_threshold, checks, content_hash,
               scoring_hash
          FROM profile_version
        """
    )
    while rows := await cursor.fetch(AT_ONCE):
        for row in rows:
            yield row


async def _brands(db: Connection) -> AsyncIterator[Record]:
    cursor = await db.cursor("SELECT client_id, version, brand, content_hash FROM brand_version")
    while rows := await cursor.fetch(AT_ONCE):
        for row in rows:
            yield row


def _profile_faults(row: Record, told: str | None) -> Iterator[AuditFault]:
    key = "profile", row["slug"]
    try:
        checks = STORED_CHECKS.validate_json(row["checks"])
        content = Content(row["name"], row["description"], row["pass_threshold"], checks)
        hashes = {"content": content_hash(content), "scoring": scoring_hash(content)}
    except ValueError:
        yield version_fault(key, row["version"], "content, which cannot be read,")
        return
    if hashes["content"] != row["content_hash"]:
        yield version_fault(key, row["version"], "content")
    elif told not in {None, row["content_hash"]}:
        yield version_fault(key, row["version"], "hash, and with it the content,")
    elif hashes["scoring"] != row["scoring_hash"]:
        yield version_fault(key, row["version"], "scoring hash")


def _brand_faults(row: Record, told: str | None) -> Iterator[AuditFault]:
    key = "brand", row["client_id"]
    try:
        fits = brand_hash(StoredBrand.model_validate_json(row["brand"])) == row["content_hash"]
    except ValueError:
        fits = False
    if not fits:
        yield version_fault(key, row["version"], "content")
    elif told not in {None, row["content_hash"]}:
        yield version_fault(key, row["version"], "hash, and with it the content,")


def sealed_hashes(
    object_kind: str, object_id: str, after_hash: str, details: Mapping[str, object]
) -> Sealed:
    """What a row of the audit says of the content of a version that it added."""
    version = details.get("version")
    if not isinstance(version, int):
        return {}
    told = after_hash if object_kind == "brand" else details.get("content_hash")
    return {(object_kind, object_id, version): told} if isinstance(told, str) else {}
