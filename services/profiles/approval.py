"""Clients whose profiles take two people to change, and the gate that holds for them.

`writing` asks it before every version and every move of a pointer, so no way in forgets it.
"""

from collections.abc import Sequence

from libs.postgres import Connection
from libs.problems import Conflict
from services.profiles.domain.audience import EVERYBODY, Audience
from services.profiles.domain.family import Family

NOBODY = Audience("client_specific")


async def require_no_approval(
    db: Connection, family: Family, already: Audience = NOBODY, version: int | None = None
) -> None:
    """Raise Conflict when a client of the family's audience wants changes to be approved.

    `already` are clients for whom nothing changes. With the number of a `version` that is
    there nothing is asked of one that was active before, or that came from an approved draft:
    to go back needs no second person.
    """
    if already == EVERYBODY:
        return
    wanting = await clients_wanting_approval(db, family.audience, already)
    if not (version and wanting and await _was_let_through(db, family.slug, version)):
        refuse_unapproved(family, wanting)


def refuse_unapproved(family: Family, wanting: Sequence[str]) -> None:
    """Raise Conflict when there are clients `wanting` approval."""
    if not wanting:
        return
    raise Conflict(
        "approval_needed",
        f"{wish_of(wanting)} changes to be approved by somebody else: make a draft of it with "
        "POST /v1/drafts (aiqc drafts create), and apply that once it is approved.",
        members={"clients": [*wanting], "drafts": "/v1/drafts", "profile_id": family.slug},
    )


def wish_of(clients: Sequence[str]) -> str:
    """The beginning of a sentence that says what they want."""
    return f"{' and '.join(clients)} {'wants' if len(clients) == 1 else 'want'}"


async def clients_wanting_approval(
    db: Connection, audience: Audience, already: Audience = NOBODY
) -> list[str]:
    """Those of the audience whose profiles take two people to change."""
    rows = await db.fetch(
        """
        SELECT client_id FROM client
         WHERE approval_required AND archived_at IS NULL
           AND ($1::text = 'all' OR client_id = ANY ($2::text[]))
           AND client_id <> ALL ($3::text[])
         ORDER BY client_id
        """,
        audience.visibility,
        list(audience.clients),
        list(already.clients),
    )
    return [row["client_id"] for row in rows]


async def _was_let_through(db: Connection, slug: str, version: int) -> bool:
    let_through: bool = await db.fetchval(
        """
        SELECT EXISTS (SELECT FROM activation WHERE slug = $1 AND version = $2)
            OR EXISTS (SELECT FROM draft WHERE slug = $1 AND applied_version = $2)
        """,
        slug,
        version,
    )
    return let_through
