"""SQL about rows that were imported from the logs of older trackers."""

from collections.abc import Collection, Sequence
from datetime import date
from uuid import UUID

from libs.postgres import Connection
from services.usage import repository
from services.usage.domain.legacy_usage_json import USAGE_JSON
from services.usage.domain.legacy_values import UNKNOWN

MUCH_MORE = 4


async def known_hashes(db: Connection, ids: Collection[UUID]) -> dict[UUID, bytes]:
    """The content hash of each of these ids that the ledger has.

    A log is written in the order of time and so are the ids: all that the ledger has between
    the first and the last is looked through at once, unless that is much more than asked for.
    """
    limit = MUCH_MORE * len(ids)
    rows = await db.fetch(
        """
        (SELECT event_id, content_sha256 FROM usage_event
          WHERE event_id BETWEEN $1 AND $2 LIMIT $3)
        UNION ALL
        (SELECT event_id, content_sha256 FROM ledger_entry
          WHERE event_id BETWEEN $1 AND $2 LIMIT $3)
        """,
        min(ids),
        max(ids),
        limit,
    )
    found = [(row["event_id"], row["content_sha256"]) for row in rows]
    if len(found) >= limit:
        found = await repository.recorded_hashes(db, list(ids))
    return {event_id: digest for event_id, digest in found if event_id in ids}


async def days_of_tracker(db: Connection, tracker: str, days: Sequence[date]) -> list[date]:
    """Which of these days hold entries of that tracker. The time in the ids finds them."""
    whose = f"entry.client_id = '{UNKNOWN}' AND" if tracker == USAGE_JSON else ""
    rows = await db.fetch(
        f"""
        SELECT wanted.day
          FROM unnest($1::date[]) AS wanted(day)
         WHERE EXISTS (
            SELECT FROM ledger_entry AS entry
             WHERE {whose} entry.origin = 'import' AND entry.raw_usage ->> 'tracker' = $2
               AND entry.event_id >= least_uuid(wanted.day::timestamp AT TIME ZONE 'UTC')
               AND entry.event_id < least_uuid((wanted.day + 1)::timestamp AT TIME ZONE 'UTC'))
         ORDER BY wanted.day
        """,
        days,
        tracker,
    )
    return [row["day"] for row in rows]


async def learn_people(db: Connection) -> None:
    """Give people who are known by address only the id and name that the address has elsewhere.

    Old logs often lack the id; which lines came first does not matter this way. An address
    with more than one id tells none.
    """
    await db.execute(
        f"""
        WITH known AS (
            SELECT lower(user_email) AS email, min(user_id) AS user_id,
                   (array_agg(user_name ORDER BY seen_at DESC)
                       FILTER (WHERE user_name <> ''))[1] AS user_name
              FROM person
             WHERE user_email <> '' AND user_id <> '{UNKNOWN}' AND erased_at IS NULL
             GROUP BY lower(user_email) HAVING count(DISTINCT user_id) = 1
        ),
        lacking AS (
            SELECT client_id, person_id, user_email FROM person
             WHERE user_email <> '' AND user_id = '{UNKNOWN}' AND erased_at IS NULL
             ORDER BY client_id, user_key FOR UPDATE
        )
        UPDATE person
           SET user_id = known.user_id,
               user_name = coalesce(nullif(person.user_name, ''), known.user_name, '')
          FROM lacking JOIN known ON known.email = lower(lacking.user_email)
         WHERE person.client_id = lacking.client_id AND person.person_id = lacking.person_id
        """
    )
