"""Verifying the audit: every chain from its first row to its head, and the versions beside it."""

import json
from datetime import UTC, datetime

from libs.actor import visible_clients
from libs.contracts.access import Action, Actor
from libs.contracts.audit import Anchor, AnchorFaults, AuditFault, Verification
from libs.postgres import Connection, Pool, transaction
from services.profiles.audit import rows
from services.profiles.audit.contents import Sealed, content_faults, lost_versions, sealed_hashes
from services.profiles.domain.audit_chain import Chains, Link, anchor_faults

MAX_FAULTS = 1_000


async def verify(pool: Pool, actor: Actor) -> Verification:
    """All that the actor may see of it, as it stands at one instant."""
    async with transaction(pool, visible_clients(actor, Action.READ_AUDIT)) as db:
        await db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        chains = Chains()
        faults, sealed = await _read_chains(db, chains)
        faults += chains.astray(await rows.counters(db))
        versions = 0
        async for found in content_faults(db, sealed):
            versions += 1
            faults += found
    faults += lost_versions(sealed)
    return Verification(
        checked_at=datetime.now(UTC),
        rows=chains.rows,
        versions=versions,
        fault_count=len(faults),
        faults=faults[:MAX_FAULTS],
        heads=[head.anchor for head in chains.heads.values()],
    )


async def check_anchors(pool: Pool, actor: Actor, anchors: list[Anchor]) -> AnchorFaults:
    """Which of the heads that were kept elsewhere the audit does not bear out."""
    async with transaction(pool, visible_clients(actor, Action.READ_AUDIT)) as db:
        keys = [(anchor.object_kind, anchor.object_id) for anchor in anchors]
        places = [(anchor.object_kind, anchor.object_id, anchor.revision) for anchor in anchors]
        heads = await rows.heads(db, keys)
        hashes = await rows.hashes(db, places)
    return AnchorFaults(faults=list(anchor_faults(anchors, hashes, heads)))


async def _read_chains(db: Connection, chains: Chains) -> tuple[list[AuditFault], Sealed]:
    faults: list[AuditFault] = []
    sealed: Sealed = {}
    async for links in rows.links(db):
        faults += chains.faults(links)
        for link in links:
            sealed |= _told(link)
    return faults, sealed


def _told(link: Link) -> Sealed:
    details = json.loads(link.details)
    if not isinstance(details, dict):
        return {}
    return sealed_hashes(link.object_kind, link.object_id, link.after_hash, details)
