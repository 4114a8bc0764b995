"""Ids that are no proper UUIDv7 are kept where their first 48 bits put them, and count once."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from libs.contracts.access import Action
from libs.ids import uuid7
from libs.postgres import Connection
from services.usage.rows import months_of
from tests.factories import service
from tests.usage.conftest import Usage
from tests.usage.factories import call

ADMIN = service(Action.MANAGE_LEDGER)
OLD = datetime(2025, 3, 31, 12, tzinfo=UTC)
VERSION_4 = UUID(int=uuid7(OLD).int & ~(0xF << 76) | 4 << 76)
WRONG_VARIANT = UUID(int=uuid7(OLD).int & ~(0x3 << 62))


@pytest.mark.parametrize("odd", [VERSION_4, WRONG_VARIANT], ids=["version 4", "variant"])
async def test_odd_id_in_an_archived_month_counts_once(usage: Usage, odd: UUID) -> None:
    event = call(occurred_at=OLD, event_id=odd)
    await usage.send(event, call(occurred_at=OLD))

    archived = await usage.post("/v1/ledger/archives", {"older_than_days": 400}, ADMIN)
    status, problem = await usage.send(event)

    assert (archived[0], archived[1]["months"][0]["entries"]) == (200, 2)
    assert (status, problem["code"]) == (409, "month_archived")
    assert (await usage.report(user="uma"))["total_calls"] == 2


async def test_month_of_an_id_is_the_same_in_python_and_in_the_database(
    usage: Usage, tamper: Connection
) -> None:
    odd = [UUID(int=0), UUID(int=2**128 - 1), VERSION_4, WRONG_VARIANT, uuid4()]
    edges = [datetime(year, 1, 1, tzinfo=UTC) for year in (1970, 2019, 2020, 2025, 2100, 9999)]
    times = [edge + timedelta(milliseconds=step) for edge in edges[1:] for step in (-1, 0, 1)]
    for event_id in (*odd, *map(uuid7, times), UUID(int=0xE677D21FDC007 << 76)):
        for version in (7, 4):
            same = UUID(int=event_id.int & ~(0xF << 76) | version << 76)
            month = await tamper.fetchval("SELECT month_of($1)", same)
            assert months_of([same]) | {edges[0].date()} == {month, edges[0].date()}, same
