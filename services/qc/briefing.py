"""What an analysis holds its creative against: settled at the upload, kept with it, then fetched.

It is stored with the analysis, so that its result can be explained later, and so that another
worker goes on with the same files, whatever was uploaded in between.
"""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import UUID

import structlog
from pydantic import TypeAdapter, ValidationError

from libs.contracts.assets import MediaPlan
from libs.contracts.brand import Market, Placement, StoredBrand
from libs.contracts.common import Reply
from libs.contracts.profiles import Profile, Resolved
from libs.contracts.qc import Given
from libs.postgres import Connection
from libs.problems import Invalid, NotFound
from services.qc import plans, repository
from services.qc.choosing import ALWAYS, choose_assets, is_named, kinds_of, needs_of
from services.qc.domain.brief import PREVIOUS_VERSION, Brief, ReferenceFile
from services.qc.domain.naming import placement_named, stem_of
from services.qc.repository import AnalysisRow
from services.qc.store import Store

log = structlog.get_logger()
MARKET: TypeAdapter[str] = TypeAdapter(Market)


class PreviousFile(Reply):
    """The creative of an earlier analysis."""

    file_name: str
    sha256: str


class StoredBrief(Reply):
    """What is kept of a brief. The plan itself is not: its row never changes."""

    given: Given = Given()
    brand: StoredBrand = StoredBrand()
    placement: Placement | None = None
    previous: PreviousFile | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """Fields of the upload, as they came; empty means not given."""

    placement: str = ""
    market: str = ""
    reference: str = ""
    previous: str = ""
    fresh: str = ""


async def settle(db: Connection, resolved: Resolved, wishes: Wishes, file_name: str) -> StoredBrief:
    """Find what the wishes name and what the checks need. Raises Invalid or NotFound.

    `file_name` is the creative's: of several references the one of its name is meant.
    """
    client_id = resolved.client_id
    market = _market(wishes.market)
    previous_id, previous = await _previous(db, client_id, wishes.previous)
    plan, placement = await _placement(db, client_id, wishes.placement, market)
    used, reference = await choose_assets(
        db, client_id, resolved.profile, wishes.reference, stem_of(file_name), resolved.brand.logos
    )
    given = Given(
        brand_version=resolved.brand_version,
        assets=used,
        plan_id=plan.plan_id if plan else None,
        plan=f"{plan.name}, version {plan.version}" if plan else None,
        placement=placement.name if placement else None,
        market=market or (placement.market if placement else None),
        reference=reference,
        previous=previous_id,
        fresh=flag(wishes.fresh),
    )
    return StoredBrief(given=given, brand=resolved.brand, placement=placement, previous=previous)


def patient(brief: StoredBrief) -> StoredBrief:
    """The same for an analysis that can wait."""
    return brief.model_copy(update={"given": brief.given.model_copy(update={"can_wait": True})})


async def brief_of(
    db: Connection, client_id: str, analysis_id: UUID, profile: Profile
) -> tuple[StoredBrief, tuple[Placement, ...]]:
    """The stored brief of an analysis, and the whole plan where no placement was named."""
    kept = await repository.brief(db, client_id, analysis_id)
    if kept is None:
        used, _ = await choose_assets(db, client_id, profile, "", "")
        return StoredBrief(given=Given(assets=used)), ()
    stored = StoredBrief.model_validate(kept)
    plan_id = stored.given.plan_id
    if plan_id is None or stored.placement or "placement" not in needs_of(profile):
        return stored, ()
    plan = await plans.plan(db, plan_id)
    return stored, tuple(plan.placements) if plan else ()


async def replayed(
    db: Connection, row: AnalysisRow, profile: Profile, replay_id: UUID
) -> StoredBrief:
    """That of the analysis, as it was, for trying `profile` on the same creative.

    Reference assets that only this profile wants are those of today: there were none then.
    """
    stored, _ = await brief_of(db, row.client_id, row.analysis_id, row.profile)
    given = stored.given
    stem = stem_of(row.creative.file_name)
    used, _ = await choose_assets(db, row.client_id, profile, "", stem)
    kinds = kinds_of(row.profile) | ALWAYS | {one.kind for one in given.assets}
    known = {one.name for one in given.assets}
    new = [
        one
        for one in used
        if one.kind not in kinds or (one.name not in known and is_named(profile, one.name))
    ]
    own = {
        "assets": [*given.assets, *new],
        "rerun_of": None,
        "fresh": False,
        "can_wait": False,
        "replay": replay_id,
        "replay_of": row.analysis_id,
    }
    return stored.model_copy(update={"given": given.model_copy(update=own)})


async def fetch(
    stored: StoredBrief, plan: tuple[Placement, ...], store: Store, stack: AsyncExitStack
) -> Brief:
    """The brief with its files, which stay until `stack` closes. One that is gone is left out."""
    wanted: list[tuple[str, str, str]] = [
        (used.kind, used.name, used.sha256) for used in stored.given.assets
    ]
    if stored.previous:
        wanted.append((PREVIOUS_VERSION, stored.previous.file_name, stored.previous.sha256))
    found: dict[str, list[ReferenceFile]] = {}
    for kind, name, sha256 in wanted:
        try:
            path = await stack.enter_async_context(store.fetch(sha256))
        except NotFound:
            log.error("a reference is gone from the store", kind=kind, name=name, sha256=sha256)
            continue
        file = ReferenceFile(path=path, name=name, sha256=sha256)
        found.setdefault(kind, []).append(file)
    return Brief(
        brand=stored.brand,
        references=found,
        placement=stored.placement,
        plan=plan,
        market=stored.given.market,
    )


async def _placement(
    db: Connection, client_id: str, wanted: str, market: str | None
) -> tuple[MediaPlan | None, Placement | None]:
    plan = await plans.active_plan(db, client_id)
    if not wanted:
        return plan, None
    if plan is None:
        raise Invalid(
            "no_active_plan",
            "The client has no active media plan: upload one and activate it, or leave the "
            "placement out.",
        )
    try:
        return plan, placement_named(plan.placements, wanted, market)
    except ValueError as error:
        raise Invalid("unknown_placement", str(error)) from error


def flag(text: str) -> bool:
    """A field that a form sends as `true` or `false`. Raises Invalid for anything else."""
    words = {"": False, "false": False, "true": True}
    if text not in words:
        raise Invalid("bad_flag", f"“{text[:40]}” is not true or false.")
    return words[text]


def _market(text: str) -> str | None:
    if not text:
        return None
    try:
        return MARKET.validate_python(text.strip().lower().replace("_", "-"))
    except ValidationError as error:
        raise Invalid(
            "bad_market", f"“{text[:40]}” is not a market: write a country code like de or us-ca."
        ) from error


async def _previous(
    db: Connection, client_id: str, wanted: str
) -> tuple[UUID | None, PreviousFile | None]:
    if not wanted:
        return None, None
    try:
        row = await repository.analysis(db, UUID(wanted))
    except ValueError:
        row = None
    if row is None or row.client_id != client_id:
        raise NotFound(
            "unknown_previous",
            f"There is no analysis {wanted[:60]} of this client: `previous` is the id of the one "
            "whose creative is the earlier version.",
        )
    creative = row.creative
    return row.analysis_id, PreviousFile(file_name=creative.file_name, sha256=creative.sha256)
