"""What a client gives once for many checks: taking in reference assets and media plans."""

from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar, get_args
from uuid import UUID

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from libs.actor import require, visible_clients
from libs.api.profiles import ProfilesApi
from libs.contracts.access import Action, Actor
from libs.contracts.assets import MediaPlan, ReferenceAsset, Tags, UsedBy, UsingCheck
from libs.contracts.brand import ReferenceKind
from libs.contracts.profiles import Profile
from libs.postgres import CLASHES, Connection, transaction
from libs.problems import Conflict, Invalid, NotFound
from services.qc import assets, plans
from services.qc.accept import id_field, open_upload, received
from services.qc.assets import NewContent
from services.qc.checks import CHECKS
from services.qc.choosing import named_in
from services.qc.domain.creative import FILMED
from services.qc.domain.naming import kept_name, stem_of
from services.qc.domain.plan_sheet import ReadPlan, words_of
from services.qc.files import Upload
from services.qc.plans import NewPlan
from services.qc.run import Bench
from services.qc.settings import QcSettings

TAGS: TypeAdapter[list[str]] = TypeAdapter(Tags)
TRIES = 5
MAX_ERRORS_TOLD = 20
Written = TypeVar("Written")


async def accept_asset(
    request: web.Request, actor: Actor, bench: Bench, profiles: ProfilesApi, settings: QcSettings
) -> ReferenceAsset:
    """Keep brand material of a client, under its name or that of its file."""
    async with received(request, bench, settings) as upload:
        client_id, kind = id_field(upload, "client"), upload.fields.get("kind") or "logo"
        require(actor, Action.WRITE_ASSETS, client_id)
        if kind not in get_args(ReferenceKind):
            raise Invalid("bad_kind", f"A reference asset is one of: {_kinds()}.")
        name, tags = _name(upload), _tags(upload)
        file = await open_upload(bench, upload)
        if kind != "reference" and file.format in FILMED:
            raise Invalid("not_a_picture", "A video can only be a reference: upload a picture.")
        await profiles.require_client(client_id)
        await bench.store.put(upload.sha256, upload.path)
        content = NewContent(client_id, kind, name, file, actor.subject, datetime.now(UTC))
        async with transaction(bench.pool, [client_id]) as db:
            return await assets.add_content(db, content, tags)


async def accept_plan(
    request: web.Request,
    actor: Actor,
    bench: Bench,
    profiles: ProfilesApi,
    settings: QcSettings,
    skip_bad_rows: bool,
) -> MediaPlan:
    """Keep a media plan of a client. With an error in a row nothing is kept, unless told to skip.

    Raises Invalid, which names row and column of the errors.
    """
    async with received(request, bench, settings) as upload:
        client_id = id_field(upload, "client")
        require(actor, Action.WRITE_ASSETS, client_id)
        name = _name(upload)
        read = await bench.decoders.read_plan(Path(upload.path))
        skip = skip_bad_rows or upload.fields.get("skip_bad_rows", "").lower() == "true"
        _refuse_errors(read, skip)
        await profiles.require_client(client_id)
        await bench.store.put(upload.sha256, upload.path)
        new = NewPlan(
            client_id=client_id,
            name=name,
            file_name=upload.name,
            sha256=upload.sha256,
            size_bytes=upload.size_bytes,
            read=read,
            by=actor.subject,
            at=datetime.now(UTC),
        )

        async def write(db: Connection) -> MediaPlan:
            return await _found_plan(db, await plans.add_plan(db, new))

        return await _again_on_clash(bench, client_id, write)


async def activate_plan(bench: Bench, actor: Actor, plan_id: UUID) -> MediaPlan:
    """Make it the client's one active plan; the one before is kept in the history."""
    client_id = (await visible_plan(bench, actor, plan_id)).client_id
    require(actor, Action.WRITE_ASSETS, client_id)

    async def write(db: Connection) -> MediaPlan:
        if await plans.held(db, client_id, plan_id):
            raise Conflict("plan_archived", "The plan is archived: upload it again to use it.")
        await plans.activate(db, client_id, plan_id, actor.subject, datetime.now(UTC))
        return await _found_plan(db, plan_id)

    return await _again_on_clash(bench, client_id, write)


async def archive_plan(bench: Bench, actor: Actor, plan_id: UUID) -> MediaPlan:
    """Archive it; when it is the active one, none is active from now on."""
    client_id = (await visible_plan(bench, actor, plan_id)).client_id
    require(actor, Action.WRITE_ASSETS, client_id)

    async def write(db: Connection) -> MediaPlan:
        now = datetime.now(UTC)
        await plans.held(db, client_id, plan_id)
        plan = await _found_plan(db, plan_id)
        if plan.active:
            await plans.activate(db, client_id, None, actor.subject, now)
        await plans.archive(db, client_id, plan_id, actor.subject, now)
        return await _found_plan(db, plan_id)

    return await _again_on_clash(bench, client_id, write)


async def visible_plan(bench: Bench, actor: Actor, plan_id: UUID) -> MediaPlan:
    """Raises NotFound also for a plan of a client that the actor may not see."""
    async with transaction(bench.pool, visible_clients(actor, Action.READ_ANALYSES)) as db:
        return await _found_plan(db, plan_id)


async def visible_asset(bench: Bench, actor: Actor, asset_id: UUID) -> ReferenceAsset:
    """Raises NotFound also for an asset of a client that the actor may not see."""
    async with transaction(bench.pool, visible_clients(actor, Action.READ_ANALYSES)) as db:
        found = await assets.asset(db, asset_id)
    if found is None:
        raise NotFound("unknown_asset", f"There is no reference asset {asset_id}.")
    return found


async def used_by(bench: Bench, profiles: ProfilesApi, asset: ReferenceAsset) -> UsedBy:
    """The checks of the client that name the asset or take all of its kind, and its analyses."""
    async with transaction(bench.pool, [asset.client_id]) as db:
        analyses = await assets.uses(db, asset)
        others = await assets.assets(db, asset.client_id, kinds=[asset.kind])
    names = {other.name for other in others}
    checks = [
        using
        for line in await profiles.profiles_of(asset.client_id)
        for using in _checks_with(await profiles.profile(line.profile_id), asset, names)
    ]
    return UsedBy(checks=checks, analyses=analyses)


def _checks_with(
    profile: Profile, asset: ReferenceAsset, names: Collection[str]
) -> list[UsingCheck]:
    """Those that name the asset, and those that name none of its kind and so take all of it."""
    found = []
    for check_id, check in profile.checks.items():
        measured = CHECKS.get(check.measure or check_id)
        if check.kind != "exact" or measured is None or asset.kind not in measured.needs:
            continue
        parameter = named_in(check.parameters, asset.name)
        if parameter or not any(named_in(check.parameters, name) for name in names):
            found.append(
                UsingCheck(
                    profile_id=profile.profile_id,
                    profile_name=profile.name,
                    check_id=check_id,
                    parameter=parameter,
                )
            )
    return found


async def _again_on_clash(
    bench: Bench, client_id: str, write: Callable[[Connection], Awaitable[Written]]
) -> Written:
    """Two who number the next row at once clash; whoever comes second looks again."""
    for _ in range(TRIES):
        try:
            async with transaction(bench.pool, [client_id]) as db:
                return await write(db)
        except CLASHES:
            continue
    raise Conflict("busy_plans", "The client's media plans are being changed; try again.", 1)


async def _found_plan(db: Connection, plan_id: UUID) -> MediaPlan:
    plan = await plans.plan(db, plan_id)
    if plan is None:
        raise NotFound("unknown_plan", f"There is no media plan {plan_id}.")
    return plan


def _refuse_errors(read: ReadPlan, skip_bad_rows: bool) -> None:
    if not read.errors or (skip_bad_rows and read.placements):
        return
    told = [words_of(row) for row in read.errors[:MAX_ERRORS_TOLD]]
    if len(read.errors) > MAX_ERRORS_TOLD:
        told.append(f"and {len(read.errors) - MAX_ERRORS_TOLD} more")
    raise Invalid(
        "bad_plan_rows",
        f"Nothing was stored: {'; '.join(told)}. Correct the plan, or send it with "
        "skip_bad_rows=true (--skip-bad-rows) to leave these rows out.",
    )


def _name(upload: Upload) -> str:
    name = kept_name(upload.fields.get("name") or stem_of(upload.name))
    if not name:
        raise Invalid("bad_name", "The name has no letters: send another in the field `name`.")
    return name


def _tags(upload: Upload) -> list[str] | None:
    if "tags" not in upload.fields:
        return None
    words = [word.strip().lower() for word in upload.fields["tags"].split(",")]
    try:
        return TAGS.validate_python(list(dict.fromkeys(word for word in words if word)))
    except ValidationError as error:
        raise Invalid(
            "bad_tags", "Tags are up to 20 words of a-z, 0-9, - and _, with commas between them."
        ) from error


def _kinds() -> str:
    return ", ".join(get_args(ReferenceKind))
