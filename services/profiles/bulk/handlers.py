"""HTTP in, HTTP out: one call to a verb for each route."""

from uuid import UUID

from aiohttp import web

from libs.contracts.bulk import BulkEdit, BulkEdits, BulkOrder
from libs.contracts.common import Request
from libs.web import ACTOR
from services.profiles.bulk import commit, plan
from services.profiles.handlers import POOL


class BulkPath(Request):
    bulk_id: UUID


async def post_bulk_edit(request: web.Request, body: BulkOrder) -> BulkEdit:
    """Plan a change of many profiles: what becomes of each, and who moves. Changes nothing."""
    return await plan.make_plan(request.app[POOL], request[ACTOR], body)


async def get_bulk_edits(request: web.Request) -> BulkEdits:
    """The latest hundred plans that reach no client beyond the actor's."""
    return await plan.list_plans(request.app[POOL], request[ACTOR])


async def get_bulk_edit(request: web.Request, path: BulkPath) -> BulkEdit:
    """A plan, and what came of it. `stale` profiles were changed since."""
    return await plan.show_plan(request.app[POOL], request[ACTOR], path.bulk_id)


async def post_bulk_commit(request: web.Request, path: BulkPath) -> BulkEdit:
    """Save every profile of the plan, or none. A second time changes nothing."""
    return await commit.commit(request.app[POOL], request[ACTOR], path.bulk_id)


async def post_bulk_undo(request: web.Request, path: BulkPath) -> BulkEdit:
    """Activate what was active before, in every profile, or in none."""
    return await commit.undo(request.app[POOL], request[ACTOR], path.bulk_id)
