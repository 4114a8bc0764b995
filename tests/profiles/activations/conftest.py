"""A profile with versions to move between, and a clock that tests set by moving what is due."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from libs.postgres import Pool, transaction
from tests.profiles.conftest import ADMIN, Api
from tests.profiles.factories import draft_for

SLUG = "my_profile"


@pytest.fixture
async def three(api: Api) -> str:
    """A profile of diageo with versions 1, 2 and 3, of which the third is active."""
    await api.create(draft_for("diageo"))
    await api.save(SLUG, pass_threshold=86)
    await api.save(f"{SLUG}_v2", name="Renamed")
    return SLUG


async def schedule(
    api: Api, version: str, in_s: float = 3600, actor: Any = ADMIN, **fields: Any
) -> Any:
    at = (datetime.now(UTC) + timedelta(seconds=in_s)).isoformat()
    body = {"activate_at": at, **fields}
    return await api.call("POST", f"/v1/profiles/{version}/schedules", actor, body)


async def schedules(api: Api, slug: str = SLUG) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await api.get(f"/v1/profiles/{slug}/schedules")).json[
        "schedules"
    ]
    return listed


async def make_due(owner: Pool, by: timedelta = timedelta(days=2)) -> None:
    """Move what is pending into the past, which only the owner of the table can do."""
    async with transaction(owner) as db:
        await db.execute("ALTER TABLE schedule DISABLE TRIGGER keep_schedule")
        await db.execute("UPDATE schedule SET activate_at = activate_at - $1::interval", by)
        await db.execute("ALTER TABLE schedule ENABLE TRIGGER keep_schedule")


async def active(api: Api, slug: str = SLUG, client: str = "diageo") -> int:
    version: int = (await api.get(f"/v1/clients/{client}/resolve/{slug}")).json["profile"][
        "version"
    ]
    return version


async def pin(owner: Pool, client: str, slug: str, version: int | None) -> None:
    async with transaction(owner) as db:
        await db.execute(
            """
            INSERT INTO client_binding (client_id, slug, pinned_version) VALUES ($1, $2, $3)
            ON CONFLICT (client_id, slug) DO UPDATE SET pinned_version = excluded.pinned_version
            """,
            client,
            slug,
            version,
        )


async def want_approval(owner: Pool, client: str, wanted: bool = True) -> None:
    async with transaction(owner) as db:
        await db.execute(
            "UPDATE client SET approval_required = $2, revision = revision + 1 "
            "WHERE client_id = $1",
            client,
            wanted,
        )
