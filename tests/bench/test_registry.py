"""Saving and resolving profiles over HTTP, beside a bare INSERT of the same rows."""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import asyncpg
from aiohttp import ClientSession

from deploy.database import DATABASE
from deploy.embedded_postgres import EmbeddedPostgres
from libs.postgres import Connection
from services.profiles.app import STARTERS
from tests.bench import load
from tests.bench.board import ROUNDS, Board, at_least, at_most, in_turn, typical
from tests.bench.conftest import SCRATCH
from tests.bench.load import Load
from tests.bench.running import Running, Started
from tests.factories import admin
from tests.trust import Trust

BENCH = "registry"
EDITORS = 8
SAVES_EACH = 25
RESOLVES = 200
COLUMNS = (
    "slug, version, name, description, pass_threshold, checks, check_count, content_hash,"
    " scoring_hash, based_on, replaced, created_at, created_by"
)
HOUR = timedelta(hours=1)
STARTER = json.loads(STARTERS["diageo_key_visual"].model_dump_json(exclude={"name"}))

Headers = dict[str, str]


@dataclass
class Editors:
    """Each saves a profile of their own, all of a starter's checks, with the tag they know."""

    profiles: Started
    headers: Headers
    versions: dict[str, int] = field(default_factory=dict)

    async def make_profiles(self, session: ClientSession) -> None:
        for name in ("shared", *(f"own {number}" for number in range(EDITORS))):
            async with session.post(
                self.profiles.url / "v1/profiles",
                json=STARTER | {"name": name},
                headers=self.headers,
            ) as answer:
                made = await answer.json()
                assert answer.status == 201, made
            self.versions[made["profile_id"]] = 1

    async def save_own(self) -> Load:
        own = [slug for slug in self.versions if slug != "shared"]
        messages = [[self._save(slug) for _ in range(SAVES_EACH)] for slug in own]
        return await load.ask(self.profiles.url, messages)

    async def save_shared(self) -> Load:
        """All of them the same one, so they wait for each other: without a tag."""
        url = self.profiles.url / "v1/profiles/shared"
        messages = [
            [
                load.message_of("PUT", url, self.headers, _body(f"{editor} {number} {time.time()}"))
                for number in range(SAVES_EACH)
            ]
            for editor in range(EDITORS)
        ]
        return await load.ask(self.profiles.url, messages)

    async def resolve(self, connections: int = 1) -> Load:
        url = self.profiles.url / "v1/clients/diageo/resolve/diageo_key_visual"
        return await load.get(url, self.headers, connections, RESOLVES)

    def _save(self, slug: str) -> bytes:
        version = self.versions[slug]
        self.versions[slug] += 1
        profile_id = slug if version == 1 else f"{slug}_v{version}"
        return load.message_of(
            "PUT",
            self.profiles.url / "v1/profiles" / profile_id,
            self.headers | {"If-Match": f'"{profile_id}.{version}"'},
            _body(str(version)),
        )


class Inserts:
    """The rows of the versions alone: nobody asks who saves, from what, or for whom."""

    def __init__(self, connections: list[Connection], row: Mapping[str, Any]) -> None:
        self._connections = connections
        self._row = [*row.values()]
        names, places = ", ".join(row), ", ".join(f"${n}" for n in range(1, len(row) + 1))
        self._insert = f"INSERT INTO {SCRATCH}.version ({names}) VALUES ({places})"
        self._number = 1  # the first version is based on none

    async def insert(self) -> Load:
        began = time.perf_counter()
        taken = await asyncio.gather(*(self._all(db) for db in self._connections))
        latencies_ms = [ms for one in taken for ms in one]
        return Load(len(latencies_ms) / (time.perf_counter() - began), latencies_ms)

    async def _all(self, db: Connection) -> list[float]:
        latencies_ms = []
        for _ in range(SAVES_EACH):
            self._number += 1
            began = time.perf_counter()
            await db.execute(self._insert, self._row[0], self._number, *self._row[2:])
            latencies_ms.append((time.perf_counter() - began) * 1000)
        return latencies_ms


async def test_saving_and_resolving_beside_bare_inserts(
    running: Running,
    trust: Trust,
    board: Board,
    admin_db: Connection,
    postgres: EmbeddedPostgres,
) -> None:
    profiles = running.start("profiles")
    editors = Editors(profiles, {"Authorization": trust.bearer("profiles", admin(), life=HOUR)})
    async with ClientSession() as session:
        await editors.make_profiles(session)
    await editors.save_own()  # every connection of the pool has met every statement by now
    row = await admin_db.fetchrow(
        f"SELECT {COLUMNS} FROM profiles.profile_version WHERE version = 2"
    )
    assert row
    await admin_db.execute(
        f"CREATE TABLE {SCRATCH}.version (LIKE profiles.profile_version INCLUDING ALL)"
    )
    connections = [
        await asyncpg.connect(postgres.admin_dsn, database=DATABASE) for _ in range(EDITORS)
    ]
    inserts = Inserts([*connections], dict(row))
    cpu_s = profiles.cpu_s()
    taken = await in_turn(
        {"insert": inserts.insert, "own": editors.save_own, "shared": editors.save_shared}
    )
    cpu_ms = (profiles.cpu_s() - cpu_s) / (2 * ROUNDS * EDITORS * SAVES_EACH) * 1000
    resolved = await in_turn(
        {"alone": editors.resolve, "together": lambda: editors.resolve(EDITORS)}
    )
    for one in connections:
        await one.close()
    await _all_versions_are_there(admin_db, editors)
    _write(board, taken, resolved, cpu_ms)


def _body(description: str) -> bytes:
    return json.dumps(STARTER | {"description": description}).encode()


async def _all_versions_are_there(db: Connection, editors: Editors) -> None:
    rows = await db.fetch("SELECT slug, last_version, active_version FROM profiles.profile")
    found = {row["slug"]: (row["last_version"], row["active_version"]) for row in rows}
    editors.versions["shared"] = 1 + ROUNDS * EDITORS * SAVES_EACH
    for slug, version in editors.versions.items():
        assert found[slug] == (version, version)


def _write(
    board: Board,
    taken: Mapping[str, list[Load]],
    resolved: Mapping[str, list[Load]],
    cpu_ms: float,
) -> None:
    rate = {name: typical(one.per_s for one in loads) for name, loads in taken.items()}
    p50 = {name: typical(one.latency_ms(0.5) for one in loads) for name, loads in resolved.items()}
    board.write(BENCH, "bare INSERT of a version, rows/s (ceiling)", rate["insert"], ROUNDS)
    board.write(BENCH, "saves/s, eight editors", rate["own"], ROUNDS, at_least(200))
    board.write(BENCH, "× bare INSERT", rate["own"] / rate["insert"], ROUNDS)
    board.write(BENCH, "saves/s, eight editors of one profile", rate["shared"], ROUNDS)
    board.write(BENCH, "our CPU for a save, ms", cpu_ms, ROUNDS)
    board.write(BENCH, "resolve p50, ms", p50["alone"], ROUNDS, at_most(5))
    board.write(BENCH, "resolve p50, ms, eight at once", p50["together"], ROUNDS, at_most(5))
    board.write(
        BENCH,
        "resolves/s, eight at once",
        typical(one.per_s for one in resolved["together"]),
        ROUNDS,
    )
