"""What every installation starts with."""

import asyncio
from collections.abc import Mapping

import pytest
from aiohttp.test_utils import TestClient, TestServer

from deploy.database import Dsns
from libs.contracts.profiles import ProfileDraft
from libs.postgres import Pool, open_pool, transaction
from services.profiles.app import STARTERS, create_app
from services.profiles.domain.content import content_hash, content_of
from services.profiles.domain.slug import slug_of
from services.profiles.settings import ProfilesSettings
from services.qc.checks import refused_parameters
from tests.profiles.conftest import ADMIN, Api
from tests.trust import Trust

EVERY_CLIENT = {"diageo", "unilever", "loreal", "general"}
STARTER_SLUGS = {
    "general_key_visual",
    "diageo_key_visual",
    "diageo_packaging",
    "unilever_key_visual",
    "unilever_packaging",
    "loreal_key_visual",
}
starters = pytest.mark.parametrize(("slug", "starter"), STARTERS.items(), ids=STARTERS.keys())


def test_every_starter_is_there() -> None:
    assert set(STARTERS) == STARTER_SLUGS


@starters
def test_the_file_is_named_like_the_slug_of_its_profile(slug: str, starter: ProfileDraft) -> None:
    assert slug_of(starter.name) == slug


@starters
def test_about_eleven_checks_measure_and_judge(slug: str, starter: ProfileDraft) -> None:
    kinds = [check.kind for check in starter.checks.values()]

    assert 10 <= len(kinds) <= 13
    assert min(kinds.count("exact"), kinds.count("judged")) >= 3
    assert any(check.critical for check in starter.checks.values())
    assert 60 <= starter.pass_threshold <= 85


@starters
def test_exact_checks_exist_and_take_their_parameters(slug: str, starter: ProfileDraft) -> None:
    for check_id, check in starter.checks.items():
        if check.kind == "exact":
            assert refused_parameters(check.measure or check_id, check.parameters) is None


@starters
def test_prompts_say_what_passes_fails_is_not_applicable_and_what_to_quote(
    slug: str, starter: ProfileDraft
) -> None:
    for check in starter.checks.values():
        if check.kind == "judged":
            starts = [line.split(" when ")[0].split(",")[0] for line in check.prompt.splitlines()]
            assert starts[0].startswith("Look at ")
            assert starts[1:] == ["Pass", "Fail", "Not applicable", "As evidence"]


@starters
async def test_a_starter_resolves_for_its_clients_and_for_nobody_else(
    api: Api, slug: str, starter: ProfileDraft
) -> None:
    wanted = set(starter.visible_to_clients) or EVERY_CLIENT

    resolved = {}
    for client in EVERY_CLIENT:
        answer = await api.get(f"/v1/clients/{client}/resolve/{slug}", ADMIN)
        if answer.status == 200:
            resolved[client] = answer.json["profile"]
        else:
            assert answer.status == 404

    assert set(resolved) == wanted
    for profile in resolved.values():
        assert profile["content_hash"] == content_hash(content_of(starter))
        assert list(profile["checks"]) == list(starter.checks)
        assert profile["created_by"] == "aiqc"


async def test_starting_again_changes_nothing_that_people_changed(
    api: Api, settings: ProfilesSettings, trust: Trust, owner: Pool
) -> None:
    await api.save("diageo_packaging", pass_threshold=99)
    before = await everything(owner)

    async with TestClient(TestServer(create_app(settings))) as http:
        again = Api(http, trust)
        version = await again.get("/v1/clients/diageo/resolve/diageo_packaging")

    assert version.json["profile"]["pass_threshold"] == 99
    assert await everything(owner) == before


async def test_registries_that_start_together_seed_once(
    settings: ProfilesSettings, dsns: Mapping[str, Dsns]
) -> None:
    servers = [TestServer(create_app(settings)) for _ in range(3)]

    await asyncio.gather(*(server.start_server() for server in servers))
    await asyncio.gather(*(server.close() for server in servers))

    async with open_pool(dsns["profiles"].owner, "profiles") as owner, transaction(owner) as db:
        assert await db.fetchval("SELECT count(*) FROM audit_event") == len(
            EVERY_CLIENT | STARTER_SLUGS
        )


async def test_every_seeded_row_is_in_the_audit(api: Api, owner: Pool) -> None:
    async with transaction(owner) as db:
        rows = await db.fetch("SELECT object_id FROM audit_event WHERE actor = 'aiqc'")

    assert {row["object_id"] for row in rows} == EVERY_CLIENT | STARTER_SLUGS


async def everything(owner: Pool) -> list[list[tuple[object, ...]]]:
    tables = ("client", "profile", "profile_version", "activation", "audit_event")
    async with transaction(owner) as db:
        return [
            [tuple(row) for row in await db.fetch(f"SELECT t::text FROM {table} AS t ORDER BY 1")]
            for table in tables
        ]
