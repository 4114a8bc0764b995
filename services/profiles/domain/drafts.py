"""Rules of drafts: what one says, who approved exactly that, what it would become."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from libs.contracts.drafts import (
    Approval,
    Draft,
    DraftContent,
    DraftState,
    DraftSummary,
    Review,
    Verdict,
)
from libs.contracts.profiles import Check, ProfileEdit, StoredCheck
from services.profiles.domain.audience import Audience, edited_audience
from services.profiles.domain.canonical import digest
from services.profiles.domain.content import Content, content_hash, edited, scoring_hash
from services.profiles.domain.diff import change_class_of, differences
from services.profiles.domain.diff import summary_of as diff_in_one_line
from services.profiles.domain.family import Family
from services.profiles.domain.merge import Merge, State, merge
from services.profiles.domain.slug import profile_id_of


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A remark or a verdict; `draft_hash` is what was looked at."""

    draft_id: UUID
    revision: int
    verdict: Verdict
    note: str
    draft_hash: str
    reviewed_at: datetime
    reviewed_by: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A draft. `audience` None leaves alone who may use the profile.

    `authors` are all who ever wrote in it: none of them can approve it.
    """

    draft_id: UUID
    slug: str
    base_version: int
    revision: int
    state: DraftState
    title: str
    content: Content
    audience: Audience | None
    content_hash: str
    scoring_hash: str
    draft_hash: str
    authors: tuple[str, ...]
    created_at: datetime
    created_by: str
    modified_at: datetime
    modified_by: str
    applied_version: int | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None

    @property
    def etag(self) -> str:
        """A strong entity tag, quotes included; a review changes it as well."""
        return f'"{self.draft_id}.{self.revision}"'


def draft_hash(content: Content, audience: Audience | None) -> str:
    """SHA-256 in hex of all that a draft would change: what a review is of."""
    if audience is None:
        return content_hash(content)
    return digest(
        {
            "content_hash": content_hash(content),
            "visibility": audience.visibility,
            "visible_to_clients": audience.clients,
        }
    )


def proposed(
    base: Content, family: Family, current: Audience | None, edit: ProfileEdit
) -> tuple[Content, Audience | None]:
    """What `edit` makes of a content and of an audience.

    `current` is the audience that the draft has so far; None: that of the family. Raises
    ValueError for an edit that cannot be.
    """
    audience = edited_audience(current or family.audience, edit)
    return edited(base, edit), None if audience == family.audience else audience


def rewritten(
    proposal: Proposal, content: Content, audience: Audience | None, by: str, at: datetime
) -> Proposal:
    """The draft after `by` wrote in it; the same again makes nobody an author."""
    hashed = draft_hash(content, audience)
    same = hashed == proposal.draft_hash
    return replace(
        proposal,
        revision=proposal.revision + 1,
        content=content,
        audience=audience,
        content_hash=content_hash(content),
        scoring_hash=scoring_hash(content),
        draft_hash=hashed,
        authors=proposal.authors if same else tuple(dict.fromkeys((*proposal.authors, by))),
        modified_at=at,
        modified_by=by,
    )


def rebased(proposal: Proposal, base: Content, target: Content, family: Family) -> Merge:
    """What the draft changes of `base`, changed in `target` instead."""
    audience = proposal.audience or family.audience
    return merge(State(base, audience), State(proposal.content, audience), State(target, audience))


def as_edit(proposal: Proposal) -> ProfileEdit:
    """The edit that saves the draft."""
    content, audience = proposal.content, proposal.audience
    return ProfileEdit(
        name=content.name,
        description=content.description,
        pass_threshold=content.pass_threshold,
        checks={
            check_id: Check.model_validate(check.model_dump())
            for check_id, check in content.checks.items()
        },
        visibility=audience.visibility if audience else None,
        visible_to_clients=list(audience.clients) if audience else None,
    )


def counts(proposal: Proposal, review: Reviewed) -> bool:
    """Whether the review is of exactly what the draft says, by somebody who wrote none of it."""
    return (
        review.verdict != "comment"
        and review.draft_hash == proposal.draft_hash
        and review.reviewed_by not in proposal.authors
    )


def approval(proposal: Proposal, reviews: Iterable[Reviewed], wanted: bool) -> Approval:
    """Where the draft stands: everybody's last word counts, and one no outweighs any yes.

    `wanted`: a client asks for it. The database decides in the same way once more.
    """
    last: dict[str, Verdict] = {}
    for review in sorted(reviews, key=lambda one: one.revision):
        if counts(proposal, review):
            last[review.reviewed_by] = review.verdict
    if "reject" in last.values():
        return "rejected"
    if last:
        return "approved"
    return "needed" if wanted else "not_needed"


def approvers(proposal: Proposal, reviews: Iterable[Reviewed]) -> list[str]:
    """Who approved exactly this."""
    found = (r.reviewed_by for r in reviews if r.verdict == "approve" and counts(proposal, r))
    return sorted(set(found))


@dataclass(frozen=True, slots=True)
class Beside:
    """What stands beside a draft: its profile, its reviews, and whether a client wants them.

    `clients` are those that the reader may know; None: all.
    """

    active_version: int
    reviews: tuple[Reviewed, ...]
    wanted: bool
    clients: tuple[str, ...] | None


def summary_of(proposal: Proposal, beside: Beside) -> DraftSummary:
    """A line of the list."""
    return DraftSummary.model_validate(_told(proposal, beside))


def draft_of(proposal: Proposal, base: Content, beside: Beside) -> Draft:
    """The whole draft as an answer; `base` is what it was made from."""
    content = proposal.content
    found = differences(base, content)
    return Draft.model_validate(
        _told(proposal, beside)
        | {
            "content": DraftContent(
                name=content.name,
                description=content.description,
                pass_threshold=content.pass_threshold,
                checks={
                    check_id: StoredCheck.model_validate(check.model_dump())
                    for check_id, check in content.checks.items()
                },
            ),
            "change_class": change_class_of(found),
            "summary": diff_in_one_line(found),
            "differences": found,
            "reviews": [_review(proposal, review) for review in beside.reviews],
            "etag": proposal.etag,
        }
    )


def _told(proposal: Proposal, beside: Beside) -> dict[str, object]:
    audience, applied = proposal.audience, proposal.applied_version
    return {
        "draft_id": proposal.draft_id,
        "profile_id": proposal.slug,
        "base_profile_id": profile_id_of(proposal.slug, proposal.base_version),
        "base_version": proposal.base_version,
        "title": proposal.title,
        "state": proposal.state,
        "approval": approval(proposal, beside.reviews, beside.wanted),
        "outdated": proposal.state == "open" and proposal.base_version != beside.active_version,
        "authors": list(proposal.authors),
        "created_at": proposal.created_at,
        "created_by": proposal.created_by,
        "modified_at": proposal.modified_at,
        "modified_by": proposal.modified_by,
        "visibility": audience.visibility if audience else None,
        "visible_to_clients": audience.shown_to(beside.clients) if audience else None,
        "content_hash": proposal.content_hash,
        "scoring_hash": proposal.scoring_hash,
        "draft_hash": proposal.draft_hash,
        "applied_profile_id": profile_id_of(proposal.slug, applied) if applied else None,
        "ended_at": proposal.ended_at,
        "ended_by": proposal.ended_by,
    }


def _review(proposal: Proposal, review: Reviewed) -> Review:
    return Review(
        verdict=review.verdict,
        note=review.note,
        draft_hash=review.draft_hash,
        reviewed_at=review.reviewed_at,
        reviewed_by=review.reviewed_by,
        counts=counts(proposal, review),
    )
