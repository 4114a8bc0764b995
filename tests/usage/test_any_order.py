"""Events, replays, price changes, corrections, archives, forgotten people, in any order: every
report equals a plain sum over what was sent, for every filter and in every form.

AIQC_TEST_EXAMPLES=200 tries that many orders instead of a few.
"""

import asyncio
import csv
import io
import json
import os
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import asyncpg
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import HealthCheck, Phase, strategies
from hypothesis import settings as limits
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from deploy.database import DATABASE, Dsns
from deploy.embedded_postgres import EmbeddedPostgres
from libs.contracts.access import Action
from libs.contracts.usage import UsageEvent
from services.usage.app import create_app
from services.usage.domain.report import exact_sum
from services.usage.settings import UsageSettings
from tests.factories import service
from tests.trust import Trust
from tests.usage import reading
from tests.usage.conftest import Usage
from tests.usage.world import (
    FILTERS,
    MODELS,
    OUTPUT_FACTOR,
    USERS,
    Sent,
    World,
    call_of,
    events,
    month_of,
)

ADMIN = service(Action.MANAGE_LEDGER)


class AnyOrder(RuleBasedStateMachine):
    """One ledger, for as long as one example takes."""

    runner: asyncio.Runner
    ledger_settings: UsageSettings
    trust: Trust
    admin_dsn: str

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.run(self._begin())

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    async def _begin(self) -> None:
        self.db = await asyncpg.connect(
            self.admin_dsn,
            database=DATABASE,
            server_settings={"search_path": "usage", "session_replication_role": "replica"},
        )
        await _empty(self.db)
        self.client = TestClient(TestServer(create_app(self.ledger_settings)))
        await self.client.start_server()
        self.usage = Usage(self.client, self.trust)
        for model, day, price in self.world.prices:
            await self._add_price(model, day, price)

    def teardown(self) -> None:
        self.run(self.client.close())
        self.run(self.db.close())

    async def _add_price(self, model: str, day: date, price: Decimal) -> None:
        await self.db.execute(
            """
            INSERT INTO price (price_id, provider, model, service_tier, above_input_tokens,
                effective_from, input_usd, output_usd, source_url, checked_on)
            VALUES (gen_random_uuid(), 'openai', $1, 'standard', 0,
                $2::date::timestamp AT TIME ZONE 'UTC', $3, $4, 'https://x.example', '2026-01-01')
            """,
            model,
            day,
            price,
            price * OUTPUT_FACTOR,
        )

    @rule(given=events)
    def send(self, given: list[dict[str, Any]]) -> None:
        calls = [call_of(fields) for fields in given]
        status, answer = self.run(self.usage.send(*calls))
        if any(month_of(one) in self.world.archived for one in calls):
            assert (status, answer["code"]) == (409, "month_archived")
            return
        assert (status, answer) == (200, {"accepted": len(calls), "duplicates": 0})
        for one in calls:
            self.world.sent[one.event_id] = Sent(one, self.world.usd(one), one.user_id)

    @rule(data=strategies.data())
    def replay(self, data: strategies.DataObject) -> None:
        known = [one.call for one in self.world.sent.values()]
        if not known:
            return
        again: list[UsageEvent] = [data.draw(strategies.sampled_from(known)) for _ in range(3)]
        status, answer = self.run(self.usage.send(*again))
        gone = any(month_of(one) in self.world.archived for one in again)
        assert (status, answer.get("accepted", 0)) == (409 if gone else 200, 0)

    @rule(
        model=strategies.sampled_from(MODELS),
        day=strategies.sampled_from([date(2025, 3, 1), date(2025, 5, 1), date(2026, 1, 1)]),
        micros=strategies.integers(1, 10**7),
    )
    def change_price(self, model: str, day: date, micros: int) -> None:
        if any(known[:2] == (model, day) for known in self.world.prices):
            return
        price = Decimal(micros) / 10**6
        self.world.prices.append((model, day, price))
        self.run(self._add_price(model, day, price))

    @rule(apply=strategies.booleans(), client=strategies.sampled_from([(), ("loreal",)]))
    def rerate(self, apply: bool, client: tuple[str, ...]) -> None:
        body = {"first_on": "2020-01-01", "client": client, "reason": "a test", "apply": apply}
        status, answer = self.run(self.usage.post("/v1/ledger/rerates", body, ADMIN))
        if self.world.archived:
            assert (status, answer["code"]) == (409, "month_archived")
            return
        changed = [
            (one, usd)
            for one in self.world.sent.values()
            if (not client or one.call.client_id in client)
            and (usd := self.world.usd(one.call)) is not None
            and usd != one.usd
        ]
        assert status == 200
        assert answer["calls"] == len(changed)
        assert Decimal(answer["delta_usd"]) == sum(usd - (one.usd or 0) for one, usd in changed)
        for one, usd in changed if apply else []:
            one.usd = usd

    @rule()
    def archive(self) -> None:
        body = {"older_than_days": 400}
        status, answer = self.run(self.usage.post("/v1/ledger/archives", body, ADMIN))
        assert status == 200, answer
        self.world.archived |= {one["month"][:7] for one in answer["months"]}

    @rule(month=strategies.sampled_from(["2025-03", "2025-04"]))
    def restore(self, month: str) -> None:
        body = {"month": month}
        status, _ = self.run(self.usage.post("/v1/ledger/archives/restore", body, ADMIN))
        assert status == (200 if month in self.world.archived else 404)
        self.world.archived.discard(month)

    @rule(user=strategies.sampled_from(USERS))
    def forget(self, user: str) -> None:
        status, answer = self.run(self.usage.post("/v1/people/erase", {"user": user}, ADMIN))
        theirs = [one for one in self.world.sent.values() if one.user == user]
        assert status == (200 if theirs else 404)
        for one in theirs:
            [one.user] = answer["pseudonyms"]

    @rule()
    def prove(self) -> None:
        path, params = "/v1/ledger/proof", {"rollups": "true"}
        _, proof = self.run(self.usage.get(path, ADMIN, params))
        assert (proof["chain_faults"], proof["rollup_faults"]) == ([], [])

    @invariant()
    def every_report_is_the_sum_of_what_was_sent(self) -> None:
        for filters in FILTERS:
            self.run(self._compare(filters))

    async def _compare(self, filters: dict[str, str]) -> None:
        due = self.world.wanted(filters)
        report = await self._json(filters)
        usd = sum((one.usd or Decimal(0) for one in due), Decimal(0))
        assert report["total_cost"] == usd, filters
        assert report["total_calls"] == len(due), filters
        assert report["unpriced_calls"] + report["unknown_calls"] == sum(
            one.usd is None for one in due
        )
        by_user = {user: line["cost"] for user, line in report["by_user"].items()}
        for key, found in (
            (lambda one: one.call.client_id, report["by_client"]),
            (lambda one: one.user, report["by_user"]),
            (lambda one: f"{one.call.occurred_at:%F}", report["by_date"]),
            (lambda one: one.call.model_requested, report["by_model"]),
        ):
            plain: dict[str, Decimal] = {}
            for one in due:
                plain[key(one)] = plain.get(key(one), Decimal(0)) + (one.usd or 0)
            assert {name: line["cost"] for name, line in found.items()} == plain
        assert sum(line["cost"] for line in report["by_check"].values()) == usd
        assert sum(by_user.values()) == usd

    @rule(filters=strategies.sampled_from(FILTERS))
    def every_form_tells_the_same(self, filters: dict[str, str]) -> None:
        if due := self.world.wanted(filters):
            usd = sum((one.usd or Decimal(0) for one in due), Decimal(0))
            self.run(self._compare_forms(filters, usd))

    async def _compare_forms(self, filters: dict[str, str], usd: Decimal) -> None:
        for form, costs_in in FORMS.items():
            content = await self._content(filters | {"format": form})
            for dimension, cost_usd in costs_in(content).items():
                assert cost_usd == usd, (form, dimension)

    async def _json(self, filters: dict[str, str]) -> Any:
        content = await self._content(filters | {"format": "json"})
        return json.loads(content, parse_float=Decimal)

    async def _content(self, params: dict[str, str]) -> bytes:
        headers = {"Authorization": self.trust.bearer("usage", service(Action.READ_USAGE))}
        async with self.client.get("/v1/reports/usage", params=params, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.read()


def _billed(table: str) -> reading.Costs:
    rows = csv.DictReader(io.StringIO(table))
    return {"total": exact_sum(Decimal(row["BilledCost"]) for row in rows)}


FORMS: Mapping[str, Callable[[bytes], reading.Costs]] = {
    "text": lambda content: reading.from_text(content.decode()),
    "json": lambda content: reading.from_json(content.decode()),
    "csv": lambda content: reading.from_csv(content.decode()),
    "xlsx": reading.from_xlsx,
    "html": lambda content: reading.from_html(content.decode()),
    "pdf": reading.from_pdf,
    "focus": lambda content: _billed(content.decode()),
}


async def _empty(db: "asyncpg.Connection[asyncpg.Record]") -> None:
    tables = await db.fetch(
        """
        SELECT relname FROM pg_class WHERE relnamespace = 'usage'::regnamespace
           AND relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'migration'
        """
    )
    for table in tables:
        await db.execute(f"DELETE FROM {table[0]}")


def test_every_report_is_the_sum_of_what_was_sent_whatever_came_between(
    dsns: Mapping[str, Dsns],
    settings: UsageSettings,
    trust: Trust,
    postgres: EmbeddedPostgres,
) -> None:
    with asyncio.Runner() as runner:
        AnyOrder.runner = runner
        AnyOrder.ledger_settings = settings
        AnyOrder.trust = trust
        AnyOrder.admin_dsn = postgres.admin_dsn
        run_state_machine_as_test(
            AnyOrder,
            settings=limits(
                max_examples=int(os.environ.get("AIQC_TEST_EXAMPLES", "15")),
                phases=[Phase.explicit, Phase.generate],
                stateful_step_count=12,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
