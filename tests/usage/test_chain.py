"""The chain tells of every change to an entry, and is one chain whoever adds to it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from libs.contracts.access import Action
from libs.postgres import Connection
from tests.factories import service
from tests.usage.conftest import Usage
from tests.usage.factories import NOON, call, completed

ADMIN = service(Action.MANAGE_LEDGER)


async def _proof(usage: Usage, **filters: str) -> Any:
    status, proof = await usage.get("/v1/ledger/proof", ADMIN, filters)
    assert status == 200, proof
    return proof


async def _send_some(usage: Usage) -> None:
    for hour in range(3):
        at = NOON + timedelta(hours=hour)
        await usage.send(
            call(occurred_at=at), call(occurred_at=at), call(occurred_at=at, client_id="loreal")
        )


async def test_ledger_as_it_was_written_has_no_faults(usage: Usage) -> None:
    await _send_some(usage)
    await usage.send(call(occurred_at=NOON + timedelta(days=40)), completed())

    proof = await _proof(usage)

    assert proof["chain_faults"] == []
    assert proof["entries"] == 10
    chains = [(head["client_id"], head["month"], head["blocks"]) for head in proof["heads"]]
    assert chains == [
        ("diageo", "2026-08-01", 3),
        ("loreal", "2026-08-01", 3),
        ("diageo", "2026-09-01", 1),
    ]
    assert len((await _proof(usage, client="loreal"))["heads"]) == 1
    assert len((await _proof(usage, month="2026-09"))["heads"]) == 1


TAMPERING = {
    "UPDATE ledger_entry SET cost_usd = cost_usd, model_served = 'x' WHERE {one}": "was changed",
    "UPDATE ledger_entry SET cost_usd = NULL, state = 'unpriced' WHERE {one}": "was changed",
    "UPDATE ledger_entry SET occurred_at = occurred_at + interval '1 day' WHERE {one}": "changed",
    "UPDATE ledger_entry SET person_id = gen_random_uuid() WHERE {one}": "was changed",
    "UPDATE ledger_entry SET fill_percentage = 100 WHERE {one}": "was changed",
    """UPDATE ledger_entry SET tool_calls = '{{"zoom": 1}}' WHERE {one}""": "was changed",
    "DELETE FROM ledger_entry WHERE {one}": "1 entries instead of 2",
    "DELETE FROM ledger_entry WHERE batch_id = (SELECT batch_id FROM ledger_entry WHERE {one})": (
        "its entries are gone"
    ),
    "DELETE FROM ledger_block WHERE client_id = 'diageo' AND block_no = 1": "before it is gone",
    "DELETE FROM ledger_block WHERE client_id = 'diageo' AND block_no = 3": "belong to no block",
    "DELETE FROM ledger_block WHERE client_id = 'diageo'": "a head and no blocks",
    "UPDATE ledger_block SET sha256 = sha256('') WHERE block_no = 2": "does not follow",
    "UPDATE ledger_head SET sha256 = sha256('')": "the head is not the last block",
    "UPDATE ledger_head SET block_no = 7": "the head is not the last block",
    "DELETE FROM ledger_head": "the head is not the last block",
}


@pytest.mark.parametrize(("statement", "fault"), TAMPERING.items())
async def test_tampering_is_told(
    usage: Usage, tamper: Connection, statement: str, fault: str
) -> None:
    await _send_some(usage)
    one = """event_id = (SELECT event_id FROM ledger_entry WHERE client_id = 'diageo'
                          ORDER BY event_id LIMIT 1)"""
    await tamper.execute(statement.format(one=one))

    faults = (await _proof(usage))["chain_faults"]

    assert any(fault in found["fault"] for found in faults), faults


async def test_entry_that_was_slipped_in_is_told(usage: Usage, tamper: Connection) -> None:
    await _send_some(usage)
    await tamper.execute(
        """
        CREATE TEMP TABLE forged AS SELECT * FROM ledger_entry LIMIT 1;
        UPDATE forged SET event_id = gen_random_uuid(), batch_id = gen_random_uuid();
        ALTER TABLE forged DROP COLUMN day;
        """
    )
    names = await tamper.fetchval(
        """SELECT string_agg(attname, ', ') FROM pg_attribute
            WHERE attrelid = 'forged'::regclass AND attnum > 0 AND NOT attisdropped"""
    )
    await tamper.execute(f"INSERT INTO ledger_entry ({names}) SELECT {names} FROM forged")

    [fault] = (await _proof(usage))["chain_faults"]

    assert fault["fault"] == "its entries belong to no block"


async def test_senders_at_once_make_one_chain(usage: Usage) -> None:
    await asyncio.gather(*(usage.send(call(), call(client_id="loreal")) for _ in range(40)))

    proof = await _proof(usage)

    assert proof["chain_faults"] == []
    assert proof["entries"] == 80
