"""The SQL of price proposals and of what was decided on them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from libs.contracts.prices import Figures, Proposal, ProposalState
from libs.ids import uuid7
from libs.postgres import Connection
from services.usage.domain.price_changes import Change

PROPOSALS = """
    SELECT proposal_id, provider, model, service_tier, effective_from, prices, held, reason,
           source, source_url, proposed_by, proposed_at, coalesce(decision, 'open') AS state,
           decided_by, decided_at, note AS decision_note
      FROM price_proposal LEFT JOIN price_decision USING (proposal_id)
"""


async def add_proposal(
    db: Connection, change: Change, source: str, source_url: str, by: str, now: datetime
) -> UUID | None:
    """Propose what was never proposed before; None when it was, whatever came of it."""
    added: UUID | None = await db.fetchval(
        """
        INSERT INTO price_proposal (
            proposal_id, fingerprint, provider, model, service_tier, effective_from, prices,
            held, reason, source, source_url, proposed_by
        )
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (fingerprint) DO NOTHING
        RETURNING proposal_id
        """,
        uuid7(now),
        change.fingerprint,
        *change.published.kind,
        change.effective_from,
        _json(change.published.tiers),
        _json(change.held),
        change.reason,
        source,
        source_url,
        by,
    )
    return added


async def supersede(
    db: Connection,
    models: Collection[tuple[str, str]],
    stated: Collection[bytes],
    by: str,
    note: str,
) -> int:
    """Close the open proposals for these models that are stated no more."""
    closed: int = await db.fetchval(
        """
        WITH closed AS (
            INSERT INTO price_decision (proposal_id, decision, decided_by, note)
            SELECT proposal_id, 'superseded', $4, $5
              FROM price_proposal
              JOIN unnest($1::text[], $2::text[]) AS of (provider, model) USING (provider, model)
             WHERE fingerprint <> ALL($3::bytea[])
            ON CONFLICT DO NOTHING
            RETURNING 1
        )
        SELECT count(*) FROM closed
        """,
        [provider for provider, _ in models],
        [model for _, model in models],
        list(stated),
        by,
        note,
    )
    return closed


async def proposals(
    db: Connection, state: ProposalState, provider: str | None = None
) -> list[Proposal]:
    """Proposals in one state, by model and day."""
    rows = await db.fetch(
        f"""
        {PROPOSALS}
         WHERE coalesce(decision, 'open') = $1 AND ($2::text IS NULL OR provider = $2)
         ORDER BY provider, model, effective_from, service_tier, proposal_id
        """,
        state,
        provider,
    )
    return [Proposal.model_validate(dict(row)) for row in rows]


async def proposals_of(db: Connection, proposal_ids: Collection[UUID]) -> list[Proposal]:
    """These proposals, as far as they exist, in the order in which their prices count."""
    rows = await db.fetch(
        f"""
        {PROPOSALS}
         WHERE proposal_id = ANY($1::uuid[])
         ORDER BY effective_from, provider, model, service_tier, proposal_id
        """,
        list(proposal_ids),
    )
    return [Proposal.model_validate(dict(row)) for row in rows]


async def add_decisions(
    db: Connection, proposal_ids: Sequence[UUID], decision: str, decided_by: str, note: str
) -> None:
    await db.execute(
        """
        INSERT INTO price_decision (proposal_id, decision, decided_by, note)
        SELECT proposal_id, $2, $3, $4 FROM unnest($1::uuid[]) AS proposal_id
        """,
        proposal_ids,
        decision,
        decided_by,
        note,
    )


def _json(tiers: Sequence[Figures]) -> list[dict[str, object]]:
    return [tier.model_dump(mode="json") for tier in tiers]
