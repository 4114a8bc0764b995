"""Charges as CSV in the form of the FinOps Open Cost and Usage Specification (FOCUS) 1.2.

Columns stand in the order of their names, those of our own (`x_`) last. An empty cell is
null. Source: focus.finops.org, version 1.2.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from services.usage.domain.focus import METERS, Charge
from services.usage.domain.report import provider_name
from services.usage.domain.report_csv import harmless
from services.usage.domain.shown import digits

Cell = str | int | Decimal | datetime | None
ACCOUNT = "aiqc"
UNIT = "1000000 Tokens"
VENDORS = {"google": "Google"}
"""Who sends the invoice, where that is not what the service is called."""
ORIGINS = {"call": "", "adjustment": "correction of ", "import": "as another tracker had it: "}
COLUMNS = (
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ServiceCategory",
    "ServiceName",
    "ServiceSubcategory",
    "SkuId",
    "SkuMeter",
    "SkuPriceDetails",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "Tags",
    "x_Model",
    "x_Origin",
    "x_ServiceTier",
    "x_TokenKind",
)


def report_focus(charges: Iterable[Charge], heading: bool = True) -> Iterator[str]:
    """Lines of the file: a year of them may be more than should be held at once."""
    if heading:
        yield _line(COLUMNS)
    for charge in charges:
        cells = _cells(charge)
        yield _line([_text(cells[column]) for column in COLUMNS])


def _cells(charge: Charge) -> dict[str, Cell]:
    """`BilledCost` is the whole truth: we know list prices and no discounts of an invoice."""
    cost = charge.priced.cost_usd
    money = dict.fromkeys(("BilledCost", "ContractedCost", "EffectiveCost", "ListCost"), cost)
    return {**money, **_when(charge), **_what(charge), **_how_much(charge), **_whose(charge)}


def _when(charge: Charge) -> dict[str, Cell]:
    (month_start, month_end), (day_start, day_end) = charge.month, charge.span
    return {
        "BillingPeriodStart": month_start,
        "BillingPeriodEnd": month_end,
        "ChargePeriodStart": day_start,
        "ChargePeriodEnd": day_end,
    }


def _what(charge: Charge) -> dict[str, Cell]:
    usage, meter = charge.usage, METERS[charge.kind]
    name = provider_name(usage.provider)
    vendor = VENDORS.get(usage.provider, name)
    tier = {"x_ServiceTier": usage.service_tier}
    has_price = charge.unit_price_usd is not None
    return {
        "ChargeCategory": "Usage",
        "ChargeClass": "Correction" if charge.is_correction else None,
        "ChargeDescription": f"{ORIGINS[usage.origin]}{usage.model}, {meter.lower()}",
        "ChargeFrequency": "Usage-Based",
        "ProviderName": vendor,
        "PublisherName": vendor,
        "InvoiceIssuerName": vendor,
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": f"{name} API",
        "ServiceSubcategory": "Generative AI",
        "SkuId": charge.sku_id,
        "SkuMeter": meter,
        "SkuPriceId": f"{usage.price_id}/{charge.kind}" if has_price else None,
        "SkuPriceDetails": _json(tier) if has_price else None,
        "x_Model": usage.model,
        "x_Origin": usage.origin,
        "x_ServiceTier": usage.service_tier,
        "x_TokenKind": charge.kind,
    }


def _how_much(charge: Charge) -> dict[str, Cell]:
    """Quantities of a correction are null: it moves money, no tokens."""
    if charge.is_correction:
        return dict.fromkeys(QUANTITIES)
    return {
        "ConsumedQuantity": charge.priced.tokens,
        "ConsumedUnit": "Tokens",
        "PricingQuantity": charge.millions,
        "PricingUnit": UNIT,
        "PricingCategory": "Standard",
        "ListUnitPrice": charge.unit_price_usd,
        "ContractedUnitPrice": charge.unit_price_usd,
    }


QUANTITIES = (
    "ConsumedQuantity",
    "ConsumedUnit",
    "PricingQuantity",
    "PricingUnit",
    "PricingCategory",
    "ListUnitPrice",
    "ContractedUnitPrice",
)


def _whose(charge: Charge) -> dict[str, Cell]:
    usage = charge.usage
    return {
        "BillingAccountId": ACCOUNT,
        "BillingAccountName": "AI QC",
        "BillingCurrency": "USD",
        "SubAccountId": usage.client_id,
        "SubAccountName": usage.client_id,
        "Tags": _json({"client": usage.client_id, "model": usage.model, "origin": usage.origin}),
    }


def _json(pairs: dict[str, str]) -> str:
    return json.dumps(pairs, ensure_ascii=False)


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return _harmless(cell)
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%dT%H:%M:%SZ}"
    return digits(cell) if isinstance(cell, Decimal) else str(cell)


# The same few names stand in row after row.
_harmless = lru_cache(maxsize=4_096)(harmless)


def _line(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()
