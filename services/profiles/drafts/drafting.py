"""Writing drafts: each change of one counts up its revision and leaves one row of the audit."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from uuid import UUID

from libs import telemetry
from libs.contracts.access import Actor
from libs.contracts.drafts import Draft, DraftEdit, DraftRequest
from libs.ids import uuid7
from libs.postgres import Connection, Pool
from libs.problems import Conflict, Invalid, PreconditionFailed
from services.profiles import repository
from services.profiles.access import require_author
from services.profiles.activations.rows import now
from services.profiles.domain.audience import Audience
from services.profiles.domain.content import Content, content_hash, edited, scoring_hash
from services.profiles.domain.drafts import (
    Proposal,
    draft_hash,
    proposed,
    rebased,
    rewritten,
)
from services.profiles.domain.etag import matches
from services.profiles.domain.family import Change, Family, Version
from services.profiles.drafts import rows
from services.profiles.drafts.reading import (
    profile_of_draft,
    require_draft,
    standing,
    told,
)
from services.profiles.holding import held, parsed
from services.profiles.reading import exact_version
from services.profiles.writing import require_clients

MOST_OPEN = 100


@dataclass(frozen=True, slots=True)
class HeldDraft:
    """A draft that nobody else changes, of a family that nobody else changes."""

    db: Connection
    family: Family
    proposal: Proposal


@asynccontextmanager
async def held_draft(
    pool: Pool, actor: Actor, draft_id: UUID, if_match: str | None = None
) -> AsyncIterator[HeldDraft]:
    """The open draft, until the block ends.

    Raises as `held`, NotFound, Conflict for one that has ended, and PreconditionFailed for a
    tag that is not of now.
    """
    slug = await profile_of_draft(pool, actor, draft_id)
    async with held(pool, actor, slug) as hold:
        proposal = await require_draft(hold.db, draft_id)
        if if_match is not None and not matches(if_match, proposal.etag):
            raise PreconditionFailed(
                "stale_draft",
                "The draft was changed or reviewed meanwhile: load it and decide again.",
                members={"current": {"etag": proposal.etag}},
            )
        if proposal.state != "open":
            raise Conflict(
                "draft_over",
                f"The draft was {proposal.state} by {proposal.ended_by}: make another.",
            )
        yield HeldDraft(hold.db, hold.family, proposal)


async def create(pool: Pool, actor: Actor, wanted: DraftRequest) -> Draft:
    """Keep an edit of exactly that version, for others to look at."""
    async with held(pool, actor, wanted.profile_id) as hold:
        db, family = hold.db, hold.family
        base = await exact_version(db, family, hold.number)
        try:
            content, audience = proposed(base.content, family, None, wanted.edit)
        except ValueError as error:
            raise Invalid("bad_profile", str(error)) from error
        await _require_allowed(db, actor, family, audience)
        at, by = await now(db), actor.subject
        proposal = Proposal(
            draft_id=uuid7(),
            slug=family.slug,
            base_version=base.version,
            revision=1,
            state="open",
            title=wanted.title or f"Edit of {family.id_of(base.version)}",
            content=content,
            audience=audience,
            content_hash=content_hash(content),
            scoring_hash=scoring_hash(content),
            draft_hash=draft_hash(content, audience),
            authors=(by,),
            created_at=at,
            created_by=by,
            modified_at=at,
            modified_by=by,
        )
        _require_change(proposal, base)
        if len(await rows.drafts(db, family.slug, None, ["open"], None, MOST_OPEN)) >= MOST_OPEN:
            raise Conflict(
                "too_many_drafts", f"{family.slug} has {MOST_OPEN} open drafts: end one first."
            )
        await rows.add(db, proposal)
        await write_audit(db, proposal, "create", by, None)
        found = await standing(db, actor, proposal)
    return await told(proposal, *found)


async def rewrite(
    pool: Pool, actor: Actor, draft_id: UUID, wanted: DraftEdit, if_match: str | None
) -> Draft:
    """Change what the draft says or where it starts; the same again changes nothing.

    What it says now has not been reviewed, and whoever wrote in it cannot approve it.
    """
    async with held_draft(pool, actor, draft_id, if_match) as hold:
        db, family, before = hold.db, hold.family, hold.proposal
        base = await _base(hold, wanted.profile_id)
        try:
            moved = await _moved(hold, base)
            content, audience = proposed(moved, family, before.audience, wanted.edit)
        except ValueError as error:
            raise Invalid("bad_profile", str(error)) from error
        await _require_allowed(db, actor, family, audience)
        after = rewritten(before, content, audience, actor.subject, await now(db))
        title = before.title if wanted.title is None else wanted.title
        after = replace(after, base_version=base.version, title=title)
        _require_change(after, base)
        if _says(after) != _says(before):
            await rows.update(db, after)
            await write_audit(db, after, "edit", actor.subject, before.draft_hash)
        else:
            after = before
        found = await standing(db, actor, after)
    return await told(after, *found)


async def write_audit(
    db: Connection,
    proposal: Proposal,
    what: str,
    by: str,
    before_hash: str | None,
    details: dict[str, object] | None = None,
) -> None:
    """The audit's row of what just happened to the draft."""
    change = Change(
        object_kind="draft",
        object_id=str(proposal.draft_id),
        revision=proposal.revision,
        action=f"draft.{what}",
        actor=by,
        before_hash=before_hash,
        after_hash=proposal.draft_hash,
        request_id=telemetry.request_id(),
        details={
            "profile": proposal.slug,
            "base_version": proposal.base_version,
            "title": proposal.title,
            **(details or {}),
        },
    )
    await repository.add_audit_event(db, change)


async def _base(hold: HeldDraft, profile_id: str | None) -> Version:
    if profile_id is None:
        return await exact_version(hold.db, hold.family, hold.proposal.base_version)
    slug, number = parsed(profile_id)
    if slug != hold.family.slug:
        raise Invalid("other_profile", f"profile_id: the draft is of {hold.family.slug}.")
    return await exact_version(hold.db, hold.family, number)


async def _moved(hold: HeldDraft, base: Version) -> Content:
    """What the draft says once `base` is its base."""
    proposal = hold.proposal
    if base.version == proposal.base_version:
        return proposal.content
    old = await exact_version(hold.db, hold.family, proposal.base_version)
    found = rebased(proposal, old.content, base.content, hold.family)
    if found.merged is None:
        places = ", ".join(clash.path for clash in found.conflicts[:5])
        raise Conflict(
            "draft_conflict",
            f"{hold.family.id_of(base.version)} changes what the draft changes too: {places}. "
            "Decide with a new draft of it.",
            members={"conflicts": [one.model_dump(mode="json") for one in found.conflicts]},
        )
    return edited(base.content, found.merged)


async def _require_allowed(
    db: Connection, actor: Actor, family: Family, audience: Audience | None
) -> None:
    if audience is not None:
        require_author(actor, audience)
        await require_clients(db, audience, family.audience)


def _require_change(proposal: Proposal, base: Version) -> None:
    if proposal.audience is None and proposal.content_hash == base.content_hash:
        raise Invalid("no_changes", "edit: the draft would change nothing; say what is to change.")


def _says(proposal: Proposal) -> tuple[object, ...]:
    return proposal.draft_hash, proposal.base_version, proposal.title
