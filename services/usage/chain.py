"""Proving that the ledger is as it was written: the chain of each client and month.

Each transaction that adds entries adds a block to every chain that they belong to, with the
hash of its entries and that of the block before. Whoever changes, drops or slips in an entry
has to write anew every block that follows; a head that was noted elsewhere then tells.
"""

from collections.abc import Iterable
from datetime import date

from libs.contracts.ledger import ChainFault, ChainHead
from libs.postgres import Connection

PROOF_TIMEOUT_S = 3_600.0
_WANTED = (
    "(cardinality($1::text[]) = 0 OR client_id = ANY($1)) AND ($2::date IS NULL OR month = $2)"
)


# Every entry is read once; `held` is what each block should have sealed.
FAULTS = f"""
    WITH held AS (
        SELECT client_id, month_of(event_id) AS month, batch_id, count(*) AS entries,
               sha256(string_agg(entry_digest(ledger_entry), ''::bytea ORDER BY event_id))
                   AS batch_sha256
          FROM ledger_entry GROUP BY 1, 2, 3
    ),
    linked AS (
        SELECT client_id, month, block_no, batch_id, entries, batch_sha256, sha256,
               sha256(coalesce(lag(sha256) OVER chain, ''::bytea) || batch_sha256) AS due,
               lag(block_no) OVER chain AS previous_no,
               lead(block_no) OVER chain IS NULL AS is_last
          FROM ledger_block WINDOW chain AS (PARTITION BY client_id, month ORDER BY block_no)
    )
    SELECT client_id, month, linked.block_no,
           CASE
               WHEN linked.batch_id IS NULL THEN 'its entries belong to no block'
               WHEN held.batch_id IS NULL THEN 'its entries are gone'
               WHEN held.entries <> linked.entries
                   THEN 'it has ' || held.entries || ' entries instead of ' || linked.entries
               WHEN held.batch_sha256 <> linked.batch_sha256 THEN 'an entry was changed'
               WHEN linked.block_no <> coalesce(previous_no, 0) + 1
                   THEN 'the block before it is gone'
               WHEN linked.sha256 <> due THEN 'it does not follow from the block before it'
               ELSE 'the head is not the last block'
           END AS fault
      FROM linked
      FULL JOIN held USING (client_id, month, batch_id)
      LEFT JOIN ledger_head AS head USING (client_id, month)
     WHERE {_WANTED} AND month NOT IN (SELECT month FROM archived_month)
       AND (linked.batch_id IS NULL OR held.batch_id IS NULL
            OR held.entries <> linked.entries OR held.batch_sha256 <> linked.batch_sha256
            OR linked.block_no <> coalesce(previous_no, 0) + 1
            OR linked.sha256 <> due
            OR (is_last AND (head.block_no, head.sha256)
                IS DISTINCT FROM (linked.block_no, linked.sha256)))
    UNION ALL
    SELECT client_id, month, block_no, 'the chain has a head and no blocks'
      FROM ledger_head WHERE {_WANTED} AND NOT EXISTS (
        SELECT FROM ledger_block AS block
         WHERE block.client_id = ledger_head.client_id AND block.month = ledger_head.month)
     ORDER BY month, client_id, block_no
"""


async def heads(
    db: Connection, clients: Iterable[str] = (), month: date | None = None
) -> list[ChainHead]:
    """The last block of each chain: to be kept where the ledger's owner cannot reach."""
    rows = await db.fetch(
        f"""
        SELECT client_id, month, block_no AS blocks, encode(sha256, 'hex') AS sha256
          FROM ledger_head WHERE {_WANTED} ORDER BY month, client_id
        """,
        list(clients),
        month,
    )
    return [ChainHead.model_validate(dict(row)) for row in rows]


async def chain_faults(
    db: Connection, clients: Iterable[str] = (), month: date | None = None
) -> list[ChainFault]:
    """Every block that does not follow from the one before or from its entries.

    The transaction must see one moment only. Four things are compared: each block with its
    entries (their number and their hash), each block with the one before, the head with the
    last block, and entries with blocks: an entry without a block was slipped in. Archived
    months are left out: their entries are not here.
    """
    rows = await db.fetch(FAULTS, list(clients), month, timeout=PROOF_TIMEOUT_S)
    return [ChainFault.model_validate(dict(row)) for row in rows]
