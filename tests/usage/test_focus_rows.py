"""`format=focus`: the charges of the ledger add up to its report, whatever narrows both."""

import csv
import io
from decimal import Decimal

import pytest

from libs.contracts.access import Role
from libs.postgres import Connection
from tests.factories import user
from tests.usage.conftest import Usage
from tests.usage.factories import NOON, call
from tests.usage.test_archive import _archive, _events
from tests.usage.test_report import _random_calls, _report
from tests.usage.test_rerate import _price_newcomer, _rerate


async def _charges(usage: Usage, **filters: str) -> list[dict[str, str]]:
    status, text = await usage.get("/v1/reports/usage", params=filters | {"format": "focus"})
    assert status == 200
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"client": "diageo,loreal"},
        {"user": "uma"},
        {"profile": "diageo_key_visual"},
        {"check": "logo"},
        {"provider": "gemini"},
        {"model": "gpt-4o"},
        {"start_date": "2026-08-22", "end_date": "2026-08-23"},
    ],
    ids=str,
)
async def test_charges_add_up_to_the_report(usage: Usage, filters: dict[str, str]) -> None:
    await usage.send(*_random_calls(200))

    rows = await _charges(usage, **filters)

    assert len(rows) > 5
    billed = [Decimal(row["BilledCost"]) for row in rows]
    assert sum(billed) == (await _report(usage, **filters))["total_cost"]
    for row in rows:
        made = Decimal(row["PricingQuantity"]) * Decimal(row["ListUnitPrice"])
        assert made == Decimal(row["BilledCost"])


async def test_charge_is_of_a_day_client_model_tier_price_and_kind_of_token(usage: Usage) -> None:
    await usage.send(
        *(call(cached_input_tokens=45) for _ in range(3)),
        call(client_id="loreal", service_tier="batch"),
        call(usage_source="unknown", outcome="timed_out", input_tokens=999),
    )

    rows = await _charges(usage)

    found = [
        (x["SubAccountId"], x["x_TokenKind"], x["x_ServiceTier"], x["ConsumedQuantity"])
        for x in rows
    ]
    assert found[:3] == [
        ("diageo", "input", "standard", "3600"),
        ("diageo", "cached_input", "standard", "135"),
        ("diageo", "output", "standard", "561"),
    ]
    assert {row[0] for row in found[3:]} == {"loreal"}


async def test_what_has_no_cost_is_no_charge_of_nothing(usage: Usage) -> None:
    await usage.send(
        call(model_requested="nobody-knows"),
        call(usage_source="unknown", outcome="timed_out"),
        call(outcome="failed", input_tokens=0, output_tokens=0),
        call(outcome="cached"),
    )

    assert await _charges(usage) == []


async def test_correction_is_a_charge_of_its_own(usage: Usage, tamper: Connection) -> None:
    await usage.send(call(model_requested="newcomer"), call())
    await _price_newcomer(tamper)
    await _rerate(usage, apply=True)

    rows = await _charges(usage)

    corrections = [row for row in rows if row["ChargeClass"] == "Correction"]
    assert [row["x_TokenKind"] for row in corrections] == ["input", "output"]
    assert [row["BilledCost"] for row in corrections] == ["0.003735", "0.002244"]
    billed = [Decimal(row["BilledCost"]) for row in rows]
    assert sum(billed) == (await _report(usage))["total_cost"]


async def test_nobody_sees_the_charges_of_foreign_clients(usage: Usage) -> None:
    await usage.send(call(), call(client_id="loreal"))
    mine = user(clients={"diageo": Role.CLIENT_ADMIN})

    status, text = await usage.get("/v1/reports/usage", mine, {"format": "focus"})

    assert status == 200
    assert {row["SubAccountId"] for row in csv.DictReader(io.StringIO(text))} == {"diageo"}


async def test_year_of_charges_is_read_in_parts(usage: Usage) -> None:
    await usage.send(*(call(model_requested="gpt-4o", client_id=f"c{n}") for n in range(500)))

    rows = await _charges(usage)

    assert len(rows) == 1_000
    assert {row["BilledCost"] for row in rows} == {"0.0031125", "0.00187"}
    assert NOON.date().isoformat() in rows[0]["ChargePeriodStart"]


async def test_charges_of_archived_months_are_among_them(usage: Usage) -> None:
    await usage.send(*_events())
    before = await _charges(usage)

    assert await _archive(usage)

    assert await _charges(usage) == before


async def test_nobody_sees_archived_charges_of_foreign_clients(usage: Usage) -> None:
    await usage.send(*_events())
    await _archive(usage)
    mine = user(clients={"diageo": Role.CLIENT_ADMIN})

    _, text = await usage.get("/v1/reports/usage", mine, {"format": "focus"})

    assert {row["SubAccountId"] for row in csv.DictReader(io.StringIO(text))} == {"diageo"}
