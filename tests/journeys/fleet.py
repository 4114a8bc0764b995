"""Workers, ledger and database as processes to be killed, around a provider that is not.

The provider and the registry run in the test's own process: what they saw outlives every kill.
Several qc workers share the queue, as they do in production. The key that a worker calls with is
that of its life, so the provider's list also tells which of them made a call.
"""

import asyncio
import json
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import asyncpg
from aiohttp import ClientError, ClientSession, FormData

from deploy.database import DATABASE, Dsns
from deploy.embedded_postgres import EmbeddedPostgres
from tests.deploy.processes import is_gone
from tests.factories import admin
from tests.fake_providers import FakeProviders
from tests.journeys.forked import Forker
from tests.journeys.processes import descendants
from tests.lasting_models import lasting_models
from tests.serving import Serving
from tests.trust import Trust

WORKERS = 3
CALLS_IN_FLIGHT = 4
LEASE_S = 3.0
CHECKS = 20
CLIENT, PROFILE = "diageo", "twenty_questions"
DRAFT = {
    "name": "Twenty questions",
    "checks": {
        f"question_{number}": {"kind": "judged", "prompt": f"Passes when rule {number} holds."}
        for number in range(CHECKS)
    },
}
PATIENCE_S = 120.0
AWAY = (
    OSError,
    EOFError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


@dataclass
class Fleet:
    """`lives` counts the starts of each worker; `accepted` are the analyses that had their 202.

    Workers speak to the ledger at `usage_url` when it is given.
    """

    folder: Path
    fake: FakeProviders
    forker: Forker
    postgres: EmbeddedPostgres
    dsns: Mapping[str, Dsns]
    trust: Trust
    profiles: Serving
    session: ClientSession
    creative: bytes
    ports: Mapping[str, int]
    usage_url: str = ""
    max_claims: int = 10_000
    processes: dict[str, int] = field(default_factory=dict)
    lives: Counter[str] = field(default_factory=Counter)
    accepted: list[UUID] = field(default_factory=list)
    _keeper: asyncio.Task[None] | None = None
    _seen: int = 0
    _calls_by_key: Counter[str] = field(default_factory=Counter)

    def start(self, name: str) -> None:
        """From now on it is started again whenever it ends."""
        if name == "usage":
            self._start("usage", "usage", {})
            return
        self.lives[name] += 1
        key = self.key(name)
        calls = {
            "OPENAI_API_KEY": key,
            "OPENAI_BASE_URL": self.fake.openai_base_url,
            "GEMINI_API_KEY": key,
            "GOOGLE_GEMINI_BASE_URL": self.fake.google_base_url,
            "QC_MODELS_FILE": str(lasting_models()),
        }
        settings = {
            "profiles_url": str(self.profiles.url),
            "usage_url": self.usage_url or self.url("usage"),
            "store_url": f"file://{self.folder / 'objects'}",
            "scratch_dir": str(self.folder),
            "lease_s": str(LEASE_S),
            "max_claims": str(self.max_claims),
            "calls_in_flight": str(CALLS_IN_FLIGHT),
            "analyses_in_flight": "2",
            "call_timeout_s": "10",
            "decoders": "1",
        }
        own = {f"QC_{name.upper()}": value for name, value in settings.items()}
        self._start("qc", name, own | calls)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}/"

    def key(self, worker: str) -> str:
        """What this life of the worker calls with."""
        return f"sk-life-{worker}-{self.lives[worker]}"

    async def keep_running(self) -> None:
        """As a supervisor does: a service may also end because the database was away."""
        while True:
            for name, process_id in self.processes.items():
                if is_gone(process_id):
                    self.start(name)
            await asyncio.sleep(0.01)

    def _start(self, service: str, name: str, more: Mapping[str, str]) -> None:
        own = {
            "port": str(self.ports[name]),
            "postgres_dsn": self.dsns[service].run,
            "postgres_owner_dsn": self.dsns[service].owner,
            "trusted_keys": json.dumps(dict(self.trust.keys)),
        }
        if service in self.trust.private:
            own["signing_key"] = json.dumps(self.trust.private[service])
        if service == "usage":
            own.pop("signing_key", None)
        environ = {f"{service}_{key}".upper(): value for key, value in own.items()} | dict(more)
        kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
        self.processes[name] = self.forker.start(service, kept | environ, name)

    def send(self, name: str, signal_number: int) -> None:
        os.kill(self.processes[name], signal_number)

    async def kill(self, name: str, signal_number: int = signal.SIGKILL) -> None:
        """Return when it runs again."""
        process_id = self.processes[name]
        with suppress(ProcessLookupError):
            os.kill(process_id, signal_number)
        while self.processes[name] == process_id:
            await asyncio.sleep(0.005)

    async def kill_postgres(self, away_s: float = 0.0) -> None:
        """Every process of the server at once; return when it has been started again."""
        server = self.postgres.process_id
        assert server
        await self.leave_postgres()
        for process_id in (server, *descendants(server)):
            with suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGKILL)
        await asyncio.sleep(away_s)
        self.keep_postgres()
        async with asyncio.timeout(PATIENCE_S):
            while self.postgres.process_id == server or not await self.asked("SELECT 1"):
                await asyncio.sleep(0.05)

    def keep_postgres(self) -> None:
        self._keeper = asyncio.create_task(self.postgres.keep_running())

    async def leave_postgres(self) -> None:
        if self._keeper:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)

    async def asked(self, sql: str, *values: object) -> list[asyncpg.Record] | None:
        """Rows as they lie in the database, whoever may see them; None while it is away."""
        try:
            db = await asyncpg.connect(self.postgres.admin_dsn, database=DATABASE, timeout=5)
            try:
                return await db.fetch(sql, *values, timeout=10)
            finally:
                await db.close(timeout=5)
        except AWAY:
            return None

    async def rows(self, sql: str, *values: object) -> list[asyncpg.Record]:
        async with asyncio.timeout(PATIENCE_S):
            while (found := await self.asked(sql, *values)) is None:
                await asyncio.sleep(0.1)
        return found

    async def submit(self, worker: str) -> bool:
        """Hand a creative in; whether there was a 202, after which it is never lost."""
        form = FormData({"client": CLIENT, "profile": PROFILE, "fresh": "true"})
        form.add_field("file", self.creative, filename="tiny.png", content_type="image/png")
        url = f"{self.url(worker)}v1/analyses"
        headers = {"Authorization": self.trust.bearer("qc", admin())}
        try:
            async with self.session.post(url, data=form, headers=headers) as answer:
                if answer.status != 202:
                    return False
                self.accepted.append(UUID((await answer.json())["analysis_id"]))
        except (ClientError, OSError, TimeoutError):
            return False
        return True

    async def cancel(self, worker: str, analysis_id: UUID) -> int:
        """The status of the answer."""
        url = f"{self.url(worker)}v1/analyses/{analysis_id}/cancel"
        headers = {"Authorization": self.trust.bearer("qc", admin())}
        async with self.session.post(url, headers=headers) as answer:
            return answer.status

    @asynccontextmanager
    async def busy(self, most_open: int) -> AsyncIterator[None]:
        """Creatives are handed in as long as there are less than that many unfinished."""
        async with asyncio.TaskGroup() as group:
            handing_in = group.create_task(self._hand_in(most_open))
            yield
            handing_in.cancel()

    async def _hand_in(self, most_open: int) -> None:
        while True:
            counted = await self.asked("SELECT count(*) FROM qc.analysis WHERE finished_at IS NULL")
            if counted is None or counted[0][0] >= most_open:
                await asyncio.sleep(0.2)
            elif not await self.submit(random.choice(self.workers)):
                await asyncio.sleep(0.05)

    @property
    def workers(self) -> list[str]:
        return [name for name in self.ports if name != "usage"]

    def calls_of(self, key: str) -> int:
        """How many calls the provider has had from this life."""
        new = self.fake.requests[self._seen :]
        self._seen += len(new)
        self._calls_by_key.update(key_of(headers) for headers, _ in new)
        return self._calls_by_key[key]

    async def until_calling(self, worker: str, at_least: int, patience_s: float) -> None:
        """Until this life of the worker has made that many calls, or has been patient enough."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience_s):
                while self.calls_of(self.key(worker)) < at_least:
                    await asyncio.sleep(0.01)

    async def settled(self) -> None:
        """Until every analysis has ended, every call too, and the ledger has been told of all."""
        sql = """
            SELECT (SELECT count(*) FROM qc.analysis WHERE finished_at IS NULL)
                 + (SELECT count(*) FROM qc.attempt WHERE state = 'open')
                 + (SELECT count(*) FROM qc.outbox WHERE delivered_at IS NULL)
        """
        async with asyncio.timeout(PATIENCE_S):
            while (await self.rows(sql))[0][0]:
                await asyncio.sleep(0.2)


def key_of(headers: Mapping[str, str]) -> str:
    found = headers.get("Authorization", "").removeprefix("Bearer ")
    return found or headers.get("x-goog-api-key", "")
