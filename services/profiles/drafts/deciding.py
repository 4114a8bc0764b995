"""Reviewing drafts, and ending them: applied or withdrawn."""

from dataclasses import replace
from uuid import UUID

from libs.contracts.access import Actor
from libs.contracts.drafts import Draft, ReviewRequest
from libs.contracts.profiles import Updated
from libs.postgres import Pool
from libs.problems import Conflict, Forbidden, Invalid
from services.profiles.activations.rows import now
from services.profiles.domain.drafts import (
    Proposal,
    Reviewed,
    approval,
    approvers,
    as_edit,
)
from services.profiles.domain.saving import Saving, planned
from services.profiles.drafts import rows
from services.profiles.drafts.drafting import HeldDraft, held_draft, write_audit
from services.profiles.drafts.reading import standing, told
from services.profiles.reading import exact_version
from services.profiles.registry import updated
from services.profiles.writing import write_save

MOST_REVIEWS = 500
NOTE_CHARS = 500


async def review(pool: Pool, actor: Actor, draft_id: UUID, wanted: ReviewRequest) -> Draft:
    """Comment on the draft, or approve or reject exactly what was looked at.

    Raises Forbidden for the verdict of somebody who wrote in it, and Conflict when it says
    something else by now.
    """
    async with held_draft(pool, actor, draft_id) as hold:
        db, before = hold.db, hold.proposal
        _require_verdict_allowed(before, actor, wanted)
        if before.revision >= MOST_REVIEWS:
            raise Conflict("too_much_said", "Enough was said about this draft: make another.")
        at, by = await now(db), actor.subject
        after = replace(before, revision=before.revision + 1)
        said = Reviewed(
            draft_id, after.revision, wanted.verdict, wanted.note, before.draft_hash, at, by
        )
        await rows.add_review(db, said)
        await rows.update(db, after)
        details: dict[str, object] = {"note": wanted.note} if wanted.note else {}
        await write_audit(db, after, wanted.verdict, by, before.draft_hash, details)
        found = await standing(db, actor, after)
    return await told(after, *found)


async def apply(
    pool: Pool, actor: Actor, draft_id: UUID, note: str, if_match: str | None
) -> Updated:
    """Save the draft as the next version and make it active. That is done once.

    Raises Conflict while an approval is missing, and when another version is active than the
    one that the draft was made from.
    """
    async with held_draft(pool, actor, draft_id, if_match) as hold:
        db, family, draft = hold.db, hold.family, hold.proposal
        reviews = tuple(await rows.reviews(db, [draft_id]))
        saving = await _saving(hold)
        bindings = await write_save(db, actor, saving, "approve", note or draft.title[:NOTE_CHARS])
        wanted = (await rows.standing(db, [family.slug]))[family.slug][1]
        _require_approved(draft, reviews, wanted)
        after = replace(
            draft,
            revision=draft.revision + 1,
            state="applied",
            applied_version=saving.after.active_version,
            ended_at=await now(db),
            ended_by=actor.subject,
        )
        await rows.update(db, after)
        details = {
            "version": saving.after.active_version,
            "authors": list(draft.authors),
            "approved_by": approvers(draft, reviews),
        }
        await write_audit(db, after, "apply", actor.subject, draft.draft_hash, details)
        return updated(saving, bindings)


async def withdraw(pool: Pool, actor: Actor, draft_id: UUID, note: str) -> Draft:
    """End the draft without applying it. Whoever may write one may end any of the profile."""
    async with held_draft(pool, actor, draft_id) as hold:
        db, before = hold.db, hold.proposal
        after = replace(
            before,
            revision=before.revision + 1,
            state="withdrawn",
            ended_at=await now(db),
            ended_by=actor.subject,
        )
        await rows.update(db, after)
        details: dict[str, object] = {"note": note} if note else {}
        await write_audit(db, after, "withdraw", actor.subject, before.draft_hash, details)
        found = await standing(db, actor, after)
    return await told(after, *found)


def _require_verdict_allowed(draft: Proposal, actor: Actor, wanted: ReviewRequest) -> None:
    if wanted.verdict == "comment":
        if not wanted.note.strip():
            raise Invalid("nothing_said", "note: say something.")
        return
    if actor.subject in draft.authors:
        raise Forbidden(
            "own_draft",
            "You wrote in this draft: somebody else has to approve or reject it. You may comment "
            "on it, change it or withdraw it.",
        )
    if wanted.draft_hash is None:
        raise Invalid("hash_needed", "draft_hash: send that of the draft that you looked at.")
    if wanted.draft_hash != draft.draft_hash:
        raise Conflict(
            "draft_changed",
            "The draft says something else by now: look at it again.",
            members={"draft_hash": draft.draft_hash},
        )


def _require_approved(draft: Proposal, reviews: tuple[Reviewed, ...], wanted: bool) -> None:
    stands = approval(draft, reviews, wanted)
    if stands == "rejected":
        raise Conflict(
            "draft_rejected", "Somebody rejected the draft: change it, or let them approve it."
        )
    if stands == "needed":
        raise Conflict(
            "approval_needed",
            "Nobody but its authors approved what the draft says now: ask an editor of all "
            "clients that use the profile (aiqc drafts approve).",
        )


async def _saving(hold: HeldDraft) -> Saving:
    family, draft = hold.family, hold.proposal
    base = await exact_version(hold.db, family, draft.base_version)
    if family.active_version != draft.base_version:
        active = family.id_of(family.active_version)
        raise Conflict(
            "draft_outdated",
            f"{active} is active by now, and the draft was made from "
            f"{family.id_of(draft.base_version)}: make {active} its base (aiqc drafts rebase), "
            "and look at it again.",
            members={"current": {"profile_id": active}},
        )
    try:
        return planned(family, base, base, as_edit(draft), guarded=True)
    except ValueError as error:
        raise Invalid("bad_profile", str(error)) from error
