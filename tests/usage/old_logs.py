"""Old logs for tests, sent to a running service."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from libs.contracts.access import Action, Actor
from tests.factories import admin, service
from tests.usage.conftest import Usage

IMPORTER = service(Action.MANAGE_LEDGER)


def line(event: str = "analysis_complete", **given: Any) -> bytes:
    known = {
        "event": event,
        "timestamp": "2026-01-26T09:06:41",
        "client": "loreal",
        "profile": "loreal_key_visual",
        "user_email": "Marc.Dupont@agency.example",
        "checks_completed": 10,
        "estimated_cost_usd": 0.045,
    }
    return json.dumps(known | given).encode() + b"\n"


async def send(usage: Usage, content: Any, query: Mapping[str, str], actor: Actor) -> Any:
    headers = {"Authorization": usage.trust.bearer("usage", actor)}
    async with usage.client.post(
        "/v1/imports", params={"file": "old.jsonl", **query}, data=content, headers=headers
    ) as response:
        return response.status, json.loads(await response.text(), parse_float=Decimal)


async def import_log(usage: Usage, content: Any, **query: str) -> Any:
    status, imported = await send(usage, content, query, IMPORTER)
    assert status == 200, imported
    told = sum(imported[name] for name in ("blank", "imported", "duplicates", "skipped"))
    assert imported["lines"] == told
    return imported


async def report_of(usage: Usage, **filters: str) -> Any:
    """With every digit of each number."""
    headers = {"Authorization": usage.trust.bearer("usage", admin())}
    params = {"format": "json"} | filters
    async with usage.client.get("/v1/reports/usage", params=params, headers=headers) as response:
        assert response.status == 200
        return json.loads(await response.text(), parse_float=Decimal)
