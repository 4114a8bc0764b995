"""A corrected price changes past calls by further entries: shown first, posted once."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from libs.contracts.access import Action, Role
from libs.postgres import Connection
from tests.factories import admin, service, user
from tests.usage.conftest import Usage
from tests.usage.factories import NOON, call, completed

ADMIN = service(Action.MANAGE_LEDGER)
REQUEST = {"first_on": "2026-08-01", "reason": "the price was known too late"}


async def _rerate(usage: Usage, **given: Any) -> Any:
    status, rerated = await usage.post("/v1/ledger/rerates", REQUEST | given, ADMIN)
    assert status == 200, rerated
    return rerated


async def _price_newcomer(tamper: Connection) -> None:
    """What the release after the model's does: a row more in the rate card."""
    await tamper.execute(
        """
        INSERT INTO price (price_id, provider, model, service_tier, above_input_tokens,
            effective_from, input_usd, output_usd, source_url, checked_on)
        VALUES ('openai/newcomer/standard/0/2026-01-01/x', 'openai', 'newcomer', 'standard', 0,
            '2026-01-01 00:00+00', 3, 12, 'https://prices.example', '2026-11-01')
        """
    )


async def _entries(usage: Usage) -> list[dict[str, Any]]:
    _, page = await usage.get("/v1/entries")
    entries: list[dict[str, Any]] = page["entries"]
    return entries


async def test_unpriced_calls_get_their_first_price(usage: Usage, tamper: Connection) -> None:
    unpriced = call(model_requested="newcomer", check_ids=["logo", "claim"])
    await usage.send(unpriced, call(), completed())
    await _price_newcomer(tamper)

    shown = await _rerate(usage)
    before = await usage.report()
    applied = await _rerate(usage, apply=True)
    report = await usage.report()

    assert shown["rerate_id"] is None
    assert shown["deltas"] == applied["deltas"]
    [delta] = applied["deltas"]
    usd = Decimal(1_245 * 3 + 187 * 12) / 1_000_000
    assert (delta["client_id"], delta["day"], delta["calls"]) == ("diageo", "2026-08-21", 1)
    assert (Decimal(delta["before_usd"]), Decimal(delta["delta_usd"])) == (Decimal(0), usd)
    assert (before["unpriced_calls"], report["unpriced_calls"]) == (1, 0)
    assert Decimal(str(report["total_cost"])) == usd + Decimal("0.0049825")
    assert report["total_calls"] == 2
    assert report["by_model"]["newcomer"]["calls"] == 1
    entries = await _entries(usage)
    [correction] = [entry for entry in entries if entry["origin"] == "adjustment"]
    assert correction["adjusts"] == str(unpriced.event_id)
    assert correction["rerate_id"] == applied["rerate_id"]
    assert correction["check_ids"] == ["logo", "claim"]


async def test_showing_changes_nothing(usage: Usage, tamper: Connection) -> None:
    await usage.send(call(model_requested="newcomer"))
    await _price_newcomer(tamper)

    await _rerate(usage)

    assert len(await _entries(usage)) == 1


async def test_applied_twice_and_at_once_posts_once(usage: Usage, tamper: Connection) -> None:
    await usage.send(*(call(model_requested="newcomer") for _ in range(5)))
    await _price_newcomer(tamper)

    answers = await asyncio.gather(*(_rerate(usage, apply=True) for _ in range(4)))
    again = await _rerate(usage, apply=True)

    assert sum(answer["calls"] for answer in answers) == 5
    assert (again["rerate_id"], again["deltas"]) == (None, [])
    assert len(await _entries(usage)) == 10


async def test_price_that_was_wrong_is_taken_back_in_part(usage: Usage, tamper: Connection) -> None:
    """Costs may fall: the correction is negative, and no entry changes."""
    await usage.send(call(model_requested="newcomer"))
    await _price_newcomer(tamper)
    await _rerate(usage, apply=True)
    await tamper.execute(
        """
        INSERT INTO price SELECT replace(price_id, '/x', '/y'), provider, model, service_tier,
            above_input_tokens, '2026-02-01 00:00+00', 1, cached_input_usd, cache_write_usd, 4,
            source_url, checked_on FROM price WHERE model = 'newcomer'
        """
    )

    applied = await _rerate(usage, apply=True)

    usd = Decimal(1_245 + 187 * 4) / 1_000_000
    assert Decimal(applied["delta_usd"]) == -2 * usd
    assert Decimal(str((await usage.report())["total_cost"])) == usd
    assert (await _rerate(usage))["deltas"] == []
    _, proof = await usage.get("/v1/ledger/proof", ADMIN, {"rollups": "true"})
    assert (proof["chain_faults"], proof["rollup_faults"]) == ([], [])


async def test_request_is_narrowed_by_days_client_and_model(
    usage: Usage, tamper: Connection
) -> None:
    early = datetime(2026, 7, 31, 23, tzinfo=UTC)
    await usage.send(
        call(model_requested="newcomer", occurred_at=early),
        call(model_requested="newcomer"),
        call(model_requested="newcomer", client_id="loreal"),
    )
    await _price_newcomer(tamper)

    async def calls(**given: Any) -> int:
        count: int = (await _rerate(usage, **given))["calls"]
        return count

    assert await calls() == 2
    assert await calls(client=["loreal"]) == 1
    assert await calls(first_on="2026-07-01", last_on="2026-07-31") == 1
    assert await calls(model="gpt-4o") == 0
    assert await calls(provider="google") == 0
    assert await calls(provider="OpenAI") == 2


async def test_period_that_ends_before_it_starts_is_refused(usage: Usage) -> None:
    status, problem = await usage.post(
        "/v1/ledger/rerates", REQUEST | {"last_on": "2026-07-31"}, ADMIN
    )

    assert (status, problem["code"]) == (422, "bad_period")
    assert (await _rerate(usage, last_on="2026-08-01"))["calls"] == 0


async def test_calls_without_a_price_or_without_usage_are_left_alone(usage: Usage) -> None:
    await usage.send(
        call(model_requested="nobody-knows"),
        call(outcome="cached"),
        call(outcome="timed_out", usage_source="unknown"),
        call(outcome="failed", input_tokens=0, output_tokens=0),
        call(occurred_at=NOON),
    )

    rerated = await _rerate(usage)

    assert rerated["deltas"] == []
    assert (rerated["looked_at"], rerated["unpriced"]) == (2, 1)


async def test_only_an_admin_corrects_costs(usage: Usage) -> None:
    status, _ = await usage.post(
        "/v1/ledger/rerates", REQUEST, user(clients={"diageo": Role.CLIENT_ADMIN})
    )
    assert status == 403
    assert (await usage.post("/v1/ledger/rerates", REQUEST, admin()))[0] == 200
