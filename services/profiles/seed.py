"""The clients and profiles that every installation starts with."""

from collections.abc import Mapping
from pathlib import Path

import structlog

from libs.contracts.profiles import Client, ProfileDraft
from libs.postgres import Connection, Pool, transaction
from services.profiles import repository
from services.profiles.domain.audience import audience_of
from services.profiles.domain.clients import client_created
from services.profiles.domain.content import content_of
from services.profiles.writing import add_first_version

log = structlog.get_logger()

AUTHOR = "aiqc"
CLIENTS = (
    Client(client_id="diageo", name="Diageo"),
    Client(client_id="unilever", name="Unilever"),
    Client(client_id="loreal", name="L'Oréal"),
    Client(client_id="general", name="General"),
)


def read_starters(folder: Path) -> dict[str, ProfileDraft]:
    """The starter profiles by slug, which is the name of the file. Raises for a broken one."""
    return {
        file.stem: ProfileDraft.model_validate_json(file.read_bytes())
        for file in sorted(folder.glob("*.json"))
    }


async def seed(pool: Pool, starters: Mapping[str, ProfileDraft]) -> None:
    """Add what is not there yet, and touch nothing that is: it is the people's by now."""
    async with transaction(pool) as db:
        for client in CLIENTS:
            if await repository.add_client(db, client, AUTHOR):
                await repository.add_audit_event(db, client_created(client, AUTHOR, None))
        added = [slug for slug, draft in starters.items() if await _add_starter(db, slug, draft)]
    if added:
        log.info("starter profiles added", profiles=",".join(added))


async def _add_starter(db: Connection, slug: str, draft: ProfileDraft) -> bool:
    family = await repository.add_family(db, slug, audience_of(draft), AUTHOR)
    if family is None:
        return False
    await add_first_version(db, family, content_of(draft), {"starter": True})
    return True
