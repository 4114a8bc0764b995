"""Reading drafts, with where they stand."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from libs.actor import require
from libs.contracts.access import Action, Actor
from libs.contracts.drafts import Draft, DraftList, DraftState
from libs.postgres import Connection, Pool, transaction
from libs.problems import NotFound
from services.profiles.access import readable
from services.profiles.approval import clients_wanting_approval
from services.profiles.domain.content import Content
from services.profiles.domain.drafts import Beside, Proposal, draft_of, summary_of
from services.profiles.drafts import rows
from services.profiles.holding import parsed, seen
from services.profiles.reading import require_client
from services.profiles.repository import version

STATES: tuple[DraftState, ...] = ("open", "applied", "withdrawn")


async def get_draft(pool: Pool, actor: Actor, draft_id: UUID) -> Draft:
    """Raises NotFound also for one of a profile that the actor may not see."""
    slug = await profile_of_draft(pool, actor, draft_id)
    async with seen(pool, actor, slug) as hold:
        proposal = await require_draft(hold.db, draft_id)
        base, beside = await standing(hold.db, actor, proposal)
    return await told(proposal, base, beside)


async def list_drafts(
    pool: Pool,
    actor: Actor,
    client_id: str | None,
    profile_id: str | None,
    state: DraftState | None,
    page: tuple[int, UUID | None],
) -> DraftList:
    """The newest first; `page` is how many, and the id that they are to be older than."""
    slug = parsed(profile_id)[0] if profile_id else None
    limit, before = page
    clients = readable(actor)
    if client_id is not None:
        require(actor, Action.READ_PROFILES, client_id)
    async with transaction(pool, clients) as db:
        if client_id is not None:
            await require_client(db, client_id)
        wanted = (state,) if state else STATES
        found = await rows.drafts(db, slug, client_id, wanted, before, limit + 1)
        shown = found[:limit]
        beside = await _beside(db, clients, shown)
    more = len(found) > limit
    return DraftList(
        drafts=[summary_of(one, beside[one.draft_id]) for one in shown],
        next_cursor=str(shown[-1].draft_id) if more else None,
    )


async def profile_of_draft(pool: Pool, actor: Actor, draft_id: UUID) -> str:
    """The slug of the draft's profile. Raises NotFound unless the actor may see it."""
    async with transaction(pool, readable(actor)) as db:
        slug = await rows.slug_of(db, draft_id)
    if slug is None:
        raise unknown_draft(draft_id)
    return slug


async def require_draft(db: Connection, draft_id: UUID) -> Proposal:
    """Raises NotFound unless this transaction may see it."""
    proposal = await rows.draft(db, draft_id)
    if proposal is None:
        raise unknown_draft(draft_id)
    return proposal


async def standing(db: Connection, actor: Actor, proposal: Proposal) -> tuple[Content, Beside]:
    """What the draft was made from, and what stands beside it."""
    base = await version(db, proposal.slug, proposal.base_version)
    assert base, "a foreign key holds it"
    beside = await _beside(db, readable(actor), [proposal])
    return base.content, beside[proposal.draft_id]


async def told(proposal: Proposal, base: Content, beside: Beside) -> Draft:
    """The draft as an answer, compared with its base beside the loop."""
    return await asyncio.to_thread(draft_of, proposal, base, beside)


def unknown_draft(draft_id: UUID) -> NotFound:
    return NotFound("unknown_draft", f"There is no draft {draft_id}.")


async def _beside(
    db: Connection, clients: tuple[str, ...] | None, found: Sequence[Proposal]
) -> dict[UUID, Beside]:
    reviews = await rows.reviews(db, [one.draft_id for one in found])
    profiles = await rows.standing(db, [one.slug for one in found])
    return {
        one.draft_id: Beside(
            profiles[one.slug][0],
            tuple(review for review in reviews if review.draft_id == one.draft_id),
            profiles[one.slug][1] or await _is_wanted_by_new(db, one),
            clients,
        )
        for one in found
    }


async def _is_wanted_by_new(db: Connection, proposal: Proposal) -> bool:
    """Whether a client asks for approval that would use the profile by the draft only."""
    if proposal.audience is None or proposal.state != "open":
        return False
    return bool(await clients_wanting_approval(db, proposal.audience))
