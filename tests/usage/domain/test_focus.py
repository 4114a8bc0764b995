"""Charges in the form of FOCUS 1.2."""

import csv
import io
import json
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

import pytest

from services.usage.domain.focus import Charge, Priced, charges
from services.usage.domain.report_focus import COLUMNS, report_focus
from tests.usage.drawn import charged

MANDATORY = """
    BilledCost BillingAccountId BillingAccountName BillingCurrency BillingPeriodEnd
    BillingPeriodStart ChargeCategory ChargeClass ChargeDescription ChargePeriodEnd
    ChargePeriodStart ContractedCost EffectiveCost InvoiceIssuerName ListCost PricingQuantity
    PricingUnit ProviderName PublisherName ServiceCategory ServiceName
""".split()  # noqa: SIM905
NEVER_NULL = set(MANDATORY) - {"ChargeClass", "PricingQuantity", "PricingUnit"}


def _rows(given: list[Charge]) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO("".join(report_focus(given)))))


@pytest.fixture
def rows() -> list[dict[str, str]]:
    return _rows(charged())


def test_every_mandatory_column_is_there_and_filled(rows: list[dict[str, str]]) -> None:
    assert set(MANDATORY) <= set(COLUMNS)
    assert list(COLUMNS) == sorted(COLUMNS, key=lambda name: (name.startswith("x_"), name))
    assert [name for row in rows for name in NEVER_NULL if not row[name]] == []


def test_quantity_times_price_is_the_cost_of_every_charge_with_a_price(
    rows: list[dict[str, str]],
) -> None:
    priced = [row for row in rows if row["ListUnitPrice"]]

    assert [row["x_TokenKind"] for row in priced] == ["input", "cached_input", "output"]
    for row in priced:
        made = Decimal(row["PricingQuantity"]) * Decimal(row["ListUnitPrice"])
        assert made == Decimal(row["ListCost"]) == Decimal(row["BilledCost"])
        assert Decimal(row["ConsumedQuantity"]) == Decimal(row["PricingQuantity"]) * 10**6
        assert row["SkuPriceId"]


def test_correction_is_marked_and_moves_money_but_no_tokens(rows: list[dict[str, str]]) -> None:
    [correction] = [row for row in rows if row["ChargeClass"]]

    assert (correction["ChargeClass"], correction["ChargeCategory"]) == ("Correction", "Usage")
    assert correction["BilledCost"] == "-0.0025"
    assert not correction["ConsumedQuantity"] and not correction["PricingUnit"]
    assert correction["SubAccountId"] == "李伟"


def test_what_another_tracker_had_is_one_charge_without_a_unit_price(
    rows: list[dict[str, str]],
) -> None:
    [imported] = [row for row in rows if row["x_Origin"] == "import"]

    assert (imported["BilledCost"], imported["ConsumedQuantity"]) == ("0.01", "900")
    assert not imported["ListUnitPrice"] and not imported["SkuPriceId"]


def test_periods_are_half_open_and_in_utc(rows: list[dict[str, str]]) -> None:
    row = rows[0]

    assert row["ChargePeriodStart"] == "2026-12-31T00:00:00Z"
    assert row["ChargePeriodEnd"] == "2027-01-01T00:00:00Z"
    assert row["BillingPeriodStart"] == "2026-12-01T00:00:00Z"
    assert row["BillingPeriodEnd"] == "2027-01-01T00:00:00Z"


def test_one_price_has_one_set_of_details(rows: list[dict[str, str]]) -> None:
    details = defaultdict(set)
    for row in rows:
        if row["SkuPriceId"]:
            details[row["SkuPriceId"]].add(row["SkuPriceDetails"])

    assert all(len(found) == 1 for found in details.values())
    assert json.loads(rows[0]["SkuPriceDetails"]) == {"x_ServiceTier": "standard"}


def test_tags_are_json_and_no_name_is_a_formula(rows: list[dict[str, str]]) -> None:
    assert json.loads(rows[0]["Tags"])["client"].startswith("=HYPERLINK")
    assert rows[0]["SubAccountId"].startswith("'=HYPERLINK")


def test_costs_of_the_charges_are_the_cost_of_the_usage() -> None:
    usage = charged()[0].usage

    assert sum(charge.priced.cost_usd for charge in charges(usage)) == usage.whole.cost_usd


def test_parts_that_contradict_the_whole_are_not_shown() -> None:
    """The sum of the file is what counts."""
    usage = replace(charged()[0].usage, whole=Priced(1_500, Decimal(1)))

    [charge] = charges(usage)

    assert (charge.kind, charge.priced.cost_usd) == (None, Decimal(1))


def test_what_was_free_is_no_charge() -> None:
    usage = charged()[0].usage
    free = {kind: Priced(0, Decimal(0)) for kind in usage.kinds}

    assert list(charges(replace(usage, whole=Priced(0, Decimal(0)), kinds=free))) == []
    assert list(charges(replace(usage, whole=Priced(0, Decimal(0)), kinds={}))) == []
