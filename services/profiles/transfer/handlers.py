"""HTTP in, HTTP out."""

from typing import Any, Literal

from aiohttp import web
from pydantic import Field

from libs.contracts.common import ClientId, Request
from libs.contracts.transfer import Imported, ProfileFile
from libs.web import ACTOR
from services.profiles.handlers import POOL
from services.profiles.transfer.exporting import as_lines, as_zip, chosen, files_of
from services.profiles.transfer.importing import import_files
from services.profiles.transfer.uploads import LINES, ZIP, read_files

SCHEMA = "https://json-schema.org/draft/2020-12/schema"


class ExportQuery(Request):
    client: ClientId | None = None
    profile: str | None = Field(default=None, max_length=100)
    format: Literal["zip", "jsonl"] = "zip"


class ImportQuery(Request):
    dry_run: bool = False


async def get_profile_files(request: web.Request, query: ExportQuery) -> web.StreamResponse:
    """Every version of the profiles as a file, in a ZIP or as lines of JSON."""
    pool, actor = request.app[POOL], request[ACTOR]
    files = files_of(pool, actor, await chosen(pool, actor, query.client, query.profile))
    response = web.StreamResponse(
        headers={
            "Content-Type": ZIP if query.format == "zip" else LINES,
            "Content-Disposition": f'attachment; filename="profiles.{query.format}"',
            "X-Content-Type-Options": "nosniff",
        }
    )
    await response.prepare(request)
    async for piece in (as_zip if query.format == "zip" else as_lines)(files):
        await response.write(piece)
    await response.write_eof()
    return response


async def post_profile_files(request: web.Request, query: ImportQuery) -> Imported:
    """Take profiles from a ZIP or from lines of JSON: all of them, or none.

    Versions that are there with the same content are skipped. A dry run changes nothing and
    names what is in the way.
    """
    files, wrong = await read_files(request)
    return await import_files(request.app[POOL], request[ACTOR], files, wrong, query.dry_run)


async def get_profile_schema(_request: web.Request) -> web.Response:
    """The JSON Schema (2020-12) of a profile's file."""
    return web.json_response(profile_schema(), content_type="application/schema+json")


def profile_schema() -> dict[str, Any]:
    """What editors and other programs check a file with."""
    return {"$schema": SCHEMA, "title": "AI QC profile"} | ProfileFile.model_json_schema()
