"""Every SQL statement about drafts and their reviews."""

from collections.abc import Sequence
from uuid import UUID

from libs.postgres import Connection, Record
from services.profiles.domain.audience import Audience
from services.profiles.domain.content import Content
from services.profiles.domain.drafts import Proposal, Reviewed
from services.profiles.repository import CHECKS, STORED_CHECKS

COLUMNS = """draft_id, slug, base_version, revision, state, title, name, description,
    pass_threshold, checks, visibility, visible_to_clients, content_hash, scoring_hash,
    draft_hash, authors, created_at, created_by, modified_at, modified_by, applied_version,
    ended_at, ended_by"""


async def add(db: Connection, proposal: Proposal) -> None:
    await db.execute(
        """
        INSERT INTO draft (draft_id, slug, created_at, created_by, base_version, title, name,
               description, pass_threshold, checks, visibility, visible_to_clients,
               content_hash, scoring_hash, draft_hash, authors, modified_at, modified_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
        """,
        proposal.draft_id,
        proposal.slug,
        proposal.created_at,
        proposal.created_by,
        *_written(proposal),
    )


async def update(db: Connection, proposal: Proposal) -> None:
    """Write what the draft says now; its revision is one more than that of the row."""
    await db.execute(
        """
        UPDATE draft
           SET revision = $2, state = $3, applied_version = $4, ended_at = $5, ended_by = $6,
               base_version = $7, title = $8, name = $9, description = $10, pass_threshold = $11,
               checks = $12, visibility = $13, visible_to_clients = $14, content_hash = $15,
               scoring_hash = $16, draft_hash = $17, authors = $18, modified_at = $19,
               modified_by = $20
         WHERE draft_id = $1
        """,
        proposal.draft_id,
        proposal.revision,
        proposal.state,
        proposal.applied_version,
        proposal.ended_at,
        proposal.ended_by,
        *_written(proposal),
    )


async def draft(db: Connection, draft_id: UUID) -> Proposal | None:
    row = await db.fetchrow(f"SELECT {COLUMNS} FROM draft WHERE draft_id = $1", draft_id)
    return _proposal(row) if row else None


async def slug_of(db: Connection, draft_id: UUID) -> str | None:
    """The profile that the draft is of; None also when this transaction may not see it."""
    slug: str | None = await db.fetchval("SELECT slug FROM draft WHERE draft_id = $1", draft_id)
    return slug


async def drafts(
    db: Connection,
    slug: str | None,
    client_id: str | None,
    states: Sequence[str],
    before: UUID | None,
    limit: int,
) -> list[Proposal]:
    """Those with an id below `before`, the newest first."""
    rows = await db.fetch(
        f"""
        SELECT {COLUMNS} FROM draft
         WHERE ($1::text IS NULL OR slug = $1) AND state = ANY ($3::text[])
           AND ($4::uuid IS NULL OR draft_id < $4)
           AND ($2::text IS NULL OR EXISTS (
                SELECT FROM profile AS p
                 WHERE p.slug = draft.slug
                   AND (p.visibility = 'all' OR $2 = ANY (p.visible_to_clients))))
         ORDER BY draft_id DESC LIMIT $5
        """,
        slug,
        client_id,
        list(states),
        before,
        limit,
    )
    return [_proposal(row) for row in rows]


async def add_review(db: Connection, review: Reviewed) -> None:
    await db.execute(
        """
        INSERT INTO draft_review
               (draft_id, revision, verdict, note, draft_hash, reviewed_at, reviewed_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7)
        """,
        review.draft_id,
        review.revision,
        review.verdict,
        review.note,
        review.draft_hash,
        review.reviewed_at,
        review.reviewed_by,
    )


async def reviews(db: Connection, draft_ids: Sequence[UUID]) -> list[Reviewed]:
    """The oldest of each draft first."""
    rows = await db.fetch(
        """
        SELECT draft_id, revision, verdict, note, draft_hash, reviewed_at, reviewed_by
          FROM draft_review WHERE draft_id = ANY ($1::uuid[]) ORDER BY draft_id, revision
        """,
        list(draft_ids),
    )
    return [Reviewed(**row) for row in rows]


async def standing(db: Connection, slugs: Sequence[str]) -> dict[str, tuple[int, bool]]:
    """Of each profile its active version, and whether a client of it wants approval."""
    rows = await db.fetch(
        """
        SELECT slug, active_version, needs_approval(slug) AS wanted
          FROM profile WHERE slug = ANY ($1::text[])
        """,
        list(slugs),
    )
    return {row["slug"]: (row["active_version"], row["wanted"]) for row in rows}


def _written(proposal: Proposal) -> tuple[object, ...]:
    content, audience = proposal.content, proposal.audience
    return (
        proposal.base_version,
        proposal.title,
        content.name,
        content.description,
        content.pass_threshold,
        CHECKS.dump_json(dict(content.checks)).decode(),
        audience.visibility if audience else None,
        list(audience.clients) if audience else [],
        proposal.content_hash,
        proposal.scoring_hash,
        proposal.draft_hash,
        list(proposal.authors),
        proposal.modified_at,
        proposal.modified_by,
    )


def _proposal(row: Record) -> Proposal:
    fields = dict(row)
    visibility, clients = fields.pop("visibility"), fields.pop("visible_to_clients")
    said = {name: fields.pop(name) for name in ("name", "description", "pass_threshold")}
    checks = STORED_CHECKS.validate_json(fields.pop("checks"))
    authors = tuple(fields.pop("authors"))
    return Proposal(
        content=Content(**said, checks=checks),
        audience=Audience(visibility, tuple(clients)) if visibility else None,
        authors=authors,
        **fields,
    )
