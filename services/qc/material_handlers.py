"""HTTP in, HTTP out, for reference assets and media plans."""

from datetime import UTC, datetime
from uuid import UUID

from aiohttp import web
from pydantic import Field

from libs.actor import require, visible_clients
from libs.contracts.access import Action, Actor
from libs.contracts.assets import (
    AssetEdit,
    AssetVersions,
    MediaPlan,
    MediaPlans,
    ReferenceAsset,
    ReferenceAssets,
    UsedBy,
)
from libs.contracts.brand import ReferenceKind
from libs.contracts.common import ClientId, Request
from libs.postgres import transaction
from libs.problems import NotFound
from libs.web import ACTOR
from services.qc import assets, plans
from services.qc.downloads import send_file
from services.qc.handlers import BENCH, PROFILES, SETTINGS
from services.qc.material import (
    accept_asset,
    accept_plan,
    activate_plan,
    archive_plan,
    used_by,
    visible_asset,
    visible_plan,
)
from services.qc.run import Bench


class AssetPath(Request):
    asset_id: UUID


class PlanPath(Request):
    plan_id: UUID


class AssetForm(Request):
    """Brand material that checks compare against. Without a name it is called like its file."""

    file: bytes = Field(json_schema_extra={"format": "binary"})
    client: ClientId
    kind: ReferenceKind = "logo"
    name: str | None = Field(default=None, max_length=120)
    tags: str | None = Field(default=None, description="Words with commas between them")


class AssetsQuery(Request):
    """`name` is a part of the name; `archived` lists the archived ones instead."""

    client: ClientId
    kind: ReferenceKind | None = None
    tag: str | None = Field(default=None, max_length=40)
    name: str | None = Field(default=None, max_length=120)
    archived: bool = False


class FileQuery(Request):
    """Without a version: the one that counts."""

    version: int | None = Field(default=None, ge=1, le=2**31 - 1)


class PlanForm(Request):
    """A media plan as XLSX or CSV. Without a name it is called like its file."""

    file: bytes = Field(json_schema_extra={"format": "binary"})
    client: ClientId
    name: str | None = Field(default=None, max_length=120)
    skip_bad_rows: bool = Field(default=False, description="As in the query")


class PlanUploadQuery(Request):
    skip_bad_rows: bool = False


class PlansQuery(Request):
    client: ClientId
    archived: bool = False


async def post_reference_assets(request: web.Request) -> ReferenceAsset:
    """Keep brand material of a client; new content under a known name is its next version."""
    app = request.app
    return await accept_asset(request, request[ACTOR], app[BENCH], app[PROFILES], app[SETTINGS])


async def get_reference_assets(request: web.Request, query: AssetsQuery) -> ReferenceAssets:
    """The reference assets of a client, those with the newest content first."""
    _require_client(request[ACTOR], query.client)
    async with transaction(request.app[BENCH].pool, [query.client]) as db:
        found = await assets.assets(
            db,
            query.client,
            kinds=[query.kind] if query.kind else None,
            tag=query.tag,
            name=query.name,
            archived=query.archived,
        )
    return ReferenceAssets(reference_assets=found)


async def get_reference_asset(request: web.Request, path: AssetPath) -> ReferenceAsset:
    """One asset, in the version that counts."""
    return await visible_asset(request.app[BENCH], request[ACTOR], path.asset_id)


async def patch_reference_asset(
    request: web.Request, path: AssetPath, body: AssetEdit
) -> ReferenceAsset:
    """Give the asset these tags instead of those that it has."""
    bench = request.app[BENCH]
    asset = await _writable_asset(bench, request[ACTOR], path.asset_id)
    async with transaction(bench.pool, [asset.client_id]) as db:
        await assets.set_tags(db, asset, list(dict.fromkeys(body.tags)))
    return await visible_asset(bench, request[ACTOR], path.asset_id)


async def post_asset_archive(request: web.Request, path: AssetPath) -> ReferenceAsset:
    """Use the asset no more; analyses that used it keep it."""
    return await _archive_asset(request, path.asset_id, archived=True)


async def post_asset_unarchive(request: web.Request, path: AssetPath) -> ReferenceAsset:
    """Use an archived asset again."""
    return await _archive_asset(request, path.asset_id, archived=False)


async def get_asset_file(
    request: web.Request, path: AssetPath, query: FileQuery
) -> web.StreamResponse:
    """The file of the asset, as a download; of the version that counts, or of any."""
    bench = request.app[BENCH]
    asset = await visible_asset(bench, request[ACTOR], path.asset_id)
    async with transaction(bench.pool, [asset.client_id]) as db:
        by_number = {version.version: version for version in await assets.versions(db, asset)}
    version = by_number.get(query.version or asset.version)
    if version is None:
        newest = max(by_number)
        raise NotFound("unknown_version", f"The versions of this asset are 1 to {newest}.")
    return await send_file(request, bench.store, version.sha256, version.file_name)


async def get_asset_versions(request: web.Request, path: AssetPath) -> AssetVersions:
    """Every content that the asset had, the newest first."""
    bench = request.app[BENCH]
    asset = await visible_asset(bench, request[ACTOR], path.asset_id)
    async with transaction(bench.pool, [asset.client_id]) as db:
        return AssetVersions(current=asset.version, versions=await assets.versions(db, asset))


async def get_asset_used_by(request: web.Request, path: AssetPath) -> UsedBy:
    """The checks of the client's profiles that compare with the asset, and its last analyses."""
    bench = request.app[BENCH]
    asset = await visible_asset(bench, request[ACTOR], path.asset_id)
    return await used_by(bench, request.app[PROFILES], asset)


async def post_media_plans(request: web.Request, query: PlanUploadQuery) -> MediaPlan:
    """Keep a media plan; it counts once it is activated. Nothing is kept when a row is wrong."""
    app = request.app
    return await accept_plan(
        request, request[ACTOR], app[BENCH], app[PROFILES], app[SETTINGS], query.skip_bad_rows
    )


async def get_media_plans(request: web.Request, query: PlansQuery) -> MediaPlans:
    """The media plans of a client, newest first, and which one was active when."""
    _require_client(request[ACTOR], query.client)
    async with transaction(request.app[BENCH].pool, [query.client]) as db:
        return MediaPlans(
            media_plans=await plans.plans(db, query.client, query.archived),
            activations=await plans.activations(db, query.client),
        )


async def get_media_plan(request: web.Request, path: PlanPath) -> MediaPlan:
    """One plan with its placements, and the rows that are none."""
    return await visible_plan(request.app[BENCH], request[ACTOR], path.plan_id)


async def post_plan_activate(request: web.Request, path: PlanPath) -> MediaPlan:
    """Make the plan the one that creatives of the client are checked against."""
    return await activate_plan(request.app[BENCH], request[ACTOR], path.plan_id)


async def post_plan_archive(request: web.Request, path: PlanPath) -> MediaPlan:
    """Use the plan no more; analyses that used it keep it."""
    return await archive_plan(request.app[BENCH], request[ACTOR], path.plan_id)


async def get_plan_file(request: web.Request, path: PlanPath) -> web.StreamResponse:
    """The plan's own file, as a download."""
    bench = request.app[BENCH]
    plan = await visible_plan(bench, request[ACTOR], path.plan_id)
    return await send_file(request, bench.store, plan.sha256, plan.file_name)


async def _writable_asset(bench: Bench, actor: Actor, asset_id: UUID) -> ReferenceAsset:
    asset = await visible_asset(bench, actor, asset_id)
    require(actor, Action.WRITE_ASSETS, asset.client_id)
    return asset


async def _archive_asset(request: web.Request, asset_id: UUID, archived: bool) -> ReferenceAsset:
    bench, actor = request.app[BENCH], request[ACTOR]
    asset = await _writable_asset(bench, actor, asset_id)
    by, at = (actor.subject, datetime.now(UTC)) if archived else (None, None)
    async with transaction(bench.pool, [asset.client_id]) as db:
        await assets.set_archived(db, asset, by, at)
    return await visible_asset(bench, actor, asset_id)


def _require_client(actor: Actor, client_id: str) -> None:
    clients = visible_clients(actor, Action.READ_ANALYSES)
    if clients is not None and client_id not in clients:
        raise NotFound("unknown_client", f"There is no brand client {client_id!r}.")
