"""What an admin does to the ledger that adds nothing to it: prove it, and forget people."""

from datetime import date, datetime

from libs.contracts.ledger import ErasedPeople, LedgerProof, LedgerQuery, RollupFault
from libs.postgres import Connection, Pool, transaction
from libs.problems import NotFound
from services.usage import rollups
from services.usage.aggregates import freeze
from services.usage.archived import Archives, archived_months
from services.usage.chain import PROOF_TIMEOUT_S, chain_faults, heads


async def prove(pool: Pool, archives: Archives, query: LedgerQuery) -> LedgerProof:
    """Read every entry that `query` selects and compare it with its chain, as of one moment.

    Archived entries are proven by the hashes of their files: these are read for roll-ups only.
    """
    month = date.fromisoformat(f"{query.month}-01") if query.month else None
    async with transaction(pool) as db:
        await freeze(db)
        found = []
        if query.rollups:
            found = await rollups.differences(db, await archives.sources(db))
        return LedgerProof(
            entries=await _entries(db, query.client, month),
            heads=await heads(db, query.client, month),
            chain_faults=await chain_faults(db, query.client, month),
            rollup_faults=[
                RollupFault(rollup=one.rollup, client_id=one.client_id, day=one.day)
                for one in found
            ],
            behind=await db.fetchval(
                "SELECT count(*) FROM (SELECT DISTINCT client_id, day FROM dirty_day) AS day"
            ),
            archived_months=[gone.month for gone in await archived_months(db)],
        )


async def _entries(db: Connection, clients: tuple[str, ...], month: date | None) -> int:
    count: int = await db.fetchval(
        """
        SELECT count(*) FROM ledger_entry
         WHERE (cardinality($1::text[]) = 0 OR client_id = ANY($1))
           AND ($2::date IS NULL OR month_of(event_id) = $2)
        """,
        list(clients),
        month,
        timeout=PROOF_TIMEOUT_S,
    )
    return count


async def erase_person(pool: Pool, user: str, now: datetime) -> ErasedPeople:
    """Forget a user, known by id or e-mail address, in every client; no total changes.

    Raises NotFound when nobody is known by it.
    """
    async with transaction(pool) as db:
        pseudonyms: list[str] = await db.fetchval("SELECT erase_person($1)", user)
    if not pseudonyms:
        raise NotFound("unknown_user", f"The ledger knows nobody by {user!r}.")
    return ErasedPeople(pseudonyms=pseudonyms, erased_at=now)
