"""What the service's own role cannot do to the ledger, were its password known."""

import asyncpg
import pytest

from libs.postgres import Pool, transaction
from tests.usage.conftest import Usage
from tests.usage.factories import call

NOTE = """
    INSERT INTO archived_month (
        month, first_on, last_on, entries, cost_usd, manifest, manifest_sha256)
    VALUES ('{month}', '2026-08-01', '2026-08-31', 0, 0, '{{"files": []}}', '')
"""
HEADS = """
    (SELECT coalesce(jsonb_object_agg(client_id, encode(sha256, 'hex')), '{}')
       FROM ledger_head WHERE month = '2026-08-01')
"""
REFUSED = {
    "UPDATE ledger_entry SET cost_usd = 0": "permission denied",
    "DELETE FROM ledger_entry": "permission denied",
    "TRUNCATE ledger_entry": "permission denied",
    "SELECT * FROM ledger_entry_2026_08": "permission denied",
    "SELECT * FROM ledger_entry_default": "permission denied",
    "DELETE FROM ledger_block": "permission denied",
    "UPDATE ledger_block SET sha256 = ''": "permission denied",
    "DELETE FROM ledger_head": "permission denied",
    "UPDATE person SET user_key = 'max'": "permission denied",
    "DELETE FROM archived_month": "permission denied",
    "UPDATE usage_event SET details = '{}'": "permission denied",
    "ALTER TABLE ledger_entry DISABLE TRIGGER immutable": "must be owner",
    NOTE.format(month="2026-08-15"): "archived_month_month_check",
    f"SELECT drop_month('2026-08-01', {HEADS})": "in no archive",
}


@pytest.mark.parametrize(("statement", "why"), REFUSED.items(), ids=str)
async def test_run_role_may_not(usage: Usage, pool: Pool, statement: str, why: str) -> None:
    await usage.send(call())

    with pytest.raises(asyncpg.PostgresError, match=why):
        async with transaction(pool) as db:
            await db.execute("SET LOCAL app.erasing = 'on'")
            await db.execute(statement)


async def test_month_leaves_with_every_clients_chain_or_not_at_all(
    usage: Usage, pool: Pool
) -> None:
    await usage.send(call(), call(client_id="loreal"))

    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="every client at once"):
        async with transaction(pool, ["loreal"]) as db:
            await db.execute(NOTE.format(month="2026-08-01"))
            await db.execute(f"SELECT drop_month('2026-08-01', {HEADS})")


async def test_month_that_is_still_going_on_never_leaves(usage: Usage, pool: Pool) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="too young"):
        async with transaction(pool) as db:
            await db.execute("SELECT drop_month(date_trunc('month', now())::date, '{}')")


async def test_archive_is_not_forgotten_before_its_entries_are_back(
    usage: Usage, pool: Pool
) -> None:
    await usage.send(call())
    async with transaction(pool) as db:
        await db.execute(NOTE.format(month="2026-08-01"))
        await db.execute(f"SELECT drop_month('2026-08-01', {HEADS})")

        assert not await db.fetchval("SELECT forget_archive('2026-08-01')")
        assert await db.fetchval("SELECT count(*) FROM archived_month") == 1
