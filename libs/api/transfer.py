"""Caller of the gateway for profiles as files."""

import json

from aiohttp import ClientError, ClientTimeout
from pydantic import JsonValue, ValidationError

from libs.api.call import as_problem
from libs.api.gateway import GatewayApi
from libs.contracts.transfer import FileLine, Imported
from libs.problems import UpstreamFailed

FILES = "/api/profile-files"
TIMEOUT = ClientTimeout(total=600, sock_connect=3)


class TransferApi(GatewayApi):
    """One method for each route."""

    async def export_profiles(self, client_id: str = "", profile_id: str = "") -> list[FileLine]:
        """Every version of the profiles: of a client, of one profile, or of all."""
        given = {"client": client_id, "profile": profile_id}
        params = {"format": "jsonl"} | {name: value for name, value in given.items() if value}
        lines = await self._caller.fetch("GET", FILES, params=params, patience=TIMEOUT)
        return [FileLine.model_validate_json(line) for line in lines.splitlines()]

    async def import_profiles(self, archive: bytes, dry_run: bool = False) -> Imported:
        """Import a ZIP of files. Raises Conflict, which names all that is in the way."""
        try:
            async with self._session.post(
                self._url / FILES.lstrip("/"),
                data=archive,
                params={"dry_run": "true" if dry_run else "false"},
                headers={"Content-Type": "application/zip"},
                timeout=TIMEOUT,
            ) as response:
                body = await response.read()
        except (ClientError, TimeoutError, OSError) as error:
            raise UpstreamFailed("no_reply", f"The import broke off: {error}") from error
        if not response.ok:
            raise as_problem(response, body)
        try:
            return Imported.model_validate_json(body)
        except ValidationError as error:
            raise UpstreamFailed("no_usable_reply", f"{FILES}: {error}") from error

    async def profile_schema(self) -> JsonValue:
        """The JSON Schema of a file."""
        schema: JsonValue = json.loads(await self._caller.fetch("GET", "/api/profile-schema"))
        return schema
