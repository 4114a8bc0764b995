"""The routes of reference assets and media plans."""

from http import HTTPStatus

from libs.contracts.access import Action
from libs.web import Route
from services.qc import material_handlers as material

ASSETS, PLANS = "/v1/reference-assets", "/v1/media-plans"
ASSET, PLAN = f"{ASSETS}/{{asset_id}}", f"{PLANS}/{{plan_id}}"
FILE = ("application/octet-stream",)
READ, WRITE = Action.READ_ANALYSES, Action.WRITE_ASSETS

MATERIAL_ROUTES = [
    Route(
        "POST",
        ASSETS,
        material.post_reference_assets,
        WRITE,
        HTTPStatus.CREATED,
        form=material.AssetForm,
    ),
    Route("GET", ASSETS, material.get_reference_assets, READ),
    Route("GET", ASSET, material.get_reference_asset, READ),
    Route("PATCH", ASSET, material.patch_reference_asset, WRITE),
    Route("POST", f"{ASSET}/archive", material.post_asset_archive, WRITE),
    Route("POST", f"{ASSET}/unarchive", material.post_asset_unarchive, WRITE),
    Route("GET", f"{ASSET}/file", material.get_asset_file, READ, produces=FILE),
    Route("GET", f"{ASSET}/versions", material.get_asset_versions, READ),
    Route("GET", f"{ASSET}/used-by", material.get_asset_used_by, READ),
    Route(
        "POST",
        PLANS,
        material.post_media_plans,
        WRITE,
        HTTPStatus.CREATED,
        form=material.PlanForm,
    ),
    Route("GET", PLANS, material.get_media_plans, READ),
    Route("GET", PLAN, material.get_media_plan, READ),
    Route("POST", f"{PLAN}/activate", material.post_plan_activate, WRITE),
    Route("POST", f"{PLAN}/archive", material.post_plan_archive, WRITE),
    Route("GET", f"{PLAN}/file", material.get_plan_file, READ, produces=FILE),
]
