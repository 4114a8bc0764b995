"""The SQL sums that a usage report is made of. One transaction must hold all of them.

A report that is narrowed by days and clients only is read from the roll-ups, and from the
ledger's rows where a day's roll-ups are behind. What else narrows it is summed from the rows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, timedelta
from typing import Any

from libs.postgres import Connection
from services.usage.archived import KEEP_MONTHS
from services.usage.sums import LIVE, sums

Row = Mapping[str, Any]

CALL_DAYS = 7
"""So far from the day of its completion a call still counts as one of its analysis."""
_PERSON = """person_id IN (
    SELECT person_id FROM person
     WHERE user_id = {0} OR user_key = {0} OR lower(user_email) = lower({0}))"""
_CALL_NEEDED = f"""EXISTS (
    SELECT FROM {{entries}} AS call
     WHERE call.analysis_id = completed.analysis_id AND call.client_id = completed.client_id
       AND call.day BETWEEN completed.day - {CALL_DAYS} AND completed.day + {CALL_DAYS}
       AND {{calls}})"""


@dataclass(frozen=True, slots=True)
class ReportFilter:
    """What a report covers; None does not narrow. Both days are included."""

    first_on: date | None = None
    last_on: date | None = None
    client_ids: tuple[str, ...] | None = None
    user: str | None = None
    profile_id: str | None = None
    check_id: str | None = None
    provider: str | None = None
    model: str | None = None

    @property
    def fits_rollups(self) -> bool:
        """Whether the roll-ups alone tell everything that is asked for."""
        wide = (self.user, self.profile_id, self.check_id, self.provider, self.model)
        return all(value is None for value in wide)

    @property
    def days_read(self) -> tuple[date | None, date | None]:
        """The days of the entries that are looked at, which may be more than are summed."""
        if all(getattr(self, name) is None for name in OF_CALLS):
            return self.first_on, self.last_on
        return _moved(self.first_on, -CALL_DAYS), _moved(self.last_on, CALL_DAYS)


CONDITIONS = {
    "first_on": "day >= {0}",
    "last_on": "day <= {0}",
    "client_ids": "client_id = ANY({0}::text[])",
    "user": _PERSON,
    "profile_id": "profile_id = {0}",
    "check_id": "{0} = ANY(check_ids)",
    "provider": "provider = {0}",
    "model": "coalesce(model_served, model_requested) = {0}",
}
OF_CALLS = ("check_id", "provider", "model")
"""What only calls have: an analysis counts when one of its calls has it."""


def _moved(day: date | None, days: int) -> date | None:
    """The day before or after; None, which does not narrow, past the calendar's ends."""
    try:
        return day + timedelta(days) if day else None
    except OverflowError:
        return None


class Sums:
    """The sums of what one filter selects, from one moment of the database."""

    def __init__(
        self,
        db: Connection,
        wanted: ReportFilter,
        behind: Sequence[tuple[str, date]] = (),
        sources: Mapping[str, str] = LIVE,
    ) -> None:
        """`behind` are the (client, day)s of `keys_behind`; `sources` those of `sums`."""
        self._db = db
        self._rollups = wanted.fits_rollups
        self._sources = sources
        given = [field.name for field in fields(wanted) if getattr(wanted, field.name) is not None]
        self._args = [getattr(wanted, name) for name in given]
        self._conditions = {
            name: CONDITIONS[name].format(f"${place}") for place, name in enumerate(given, 1)
        }
        self._behind = ""
        if behind and self._rollups:
            place = len(self._args) + 1
            self._behind = f"(SELECT * FROM unnest(${place}::text[], ${place + 1}::date[]))"
            self._args += [[client for client, _ in behind], [day for _, day in behind]]

    async def calls(self) -> list[Row]:
        """Of all provider calls and by client, day, provider and model.

        The keys that a row is not grouped by are null; `grouped_by` names the others.
        """
        return await self._fetch(
            f"""
            SELECT {_grouped_by("client_id", "day", "provider", "model")},
                   client_id, day, provider, model, {_totals(CALL_SUMS)}
              FROM ({self._rows("model_day")}) AS summed
             GROUP BY GROUPING SETS ((), (client_id), (day), (provider), (model))
            """
        )

    async def users(self) -> list[Row]:
        """Of the provider calls of each user, and which clients each user called for."""
        return await self._fetch(
            f"""
            SELECT {_grouped_by("client_id", "user_key")},
                   client_id, user_key, {_totals(USER_SUMS)}
              FROM ({self._rows("person_day")}) AS summed
              JOIN person USING (client_id, person_id)
             GROUP BY GROUPING SETS ((user_key), (client_id, user_key))
            """
        )

    async def checks(self) -> list[Row]:
        """Of the parts that each check has in its calls; also by check and model."""
        return await self._fetch(
            f"""
            SELECT {_grouped_by("check_id", "model")}, check_id, model, {_totals(CHECK_SUMS)}
              FROM ({self._rows("check_day")}) AS summed
             GROUP BY GROUPING SETS ((check_id), (model), (check_id, model))
            """
        )

    async def tools(self) -> list[Row]:
        """How often the models called each tool."""
        return await self._fetch(
            f"""
            SELECT tool, sum(calls)::bigint AS calls
              FROM ({self._rows("tool_day")}) AS summed
             GROUP BY tool ORDER BY 2 DESC, 1
            """
        )

    async def analyses(self) -> list[Row]:
        """Of completed analyses and by client, user, profile, day and some pairs."""
        return await self._fetch(
            f"""
            SELECT {_grouped_by("client_id", "user_key", "profile_id", "day")},
                   client_id, user_key, profile_id, day, {_totals(ANALYSIS_SUMS)}
              FROM ({self._rows("analysis_day")}) AS summed
              JOIN person USING (client_id, person_id)
             GROUP BY GROUPING SETS (
                (), (client_id), (user_key), (profile_id), (day),
                (client_id, profile_id), (client_id, user_key))
            """
        )

    async def people(self, user_keys: Sequence[str]) -> list[Row]:
        """Names and addresses of these users, as seen last for each client, latest first."""
        rows = await self._db.fetch(
            """
            SELECT user_key, user_name, user_email FROM person
             WHERE user_key = ANY($1::text[]) ORDER BY seen_at DESC, client_id
            """,
            user_keys,
        )
        return [dict(row) for row in rows]

    def _rows(self, rollup: str) -> str:
        """Rows of `rollup` that together are what the filter selects."""
        if not self._rollups:
            return sums(rollup, self._where(rollup), self._sources)
        where = " AND ".join(self._conditions.values()) or "true"
        kept = f"SELECT * FROM {rollup} WHERE {where}"
        if not self._behind:
            return kept
        # Keys as arrays, not as a join with the marks: the planner sees how few they are.
        keys = f"(client_id, day) IN {self._behind}"
        behind = sums(rollup, f"{self._where(rollup)} AND {keys}", self._sources)
        return f"{kept} AND NOT {keys} UNION ALL ({behind})"

    def _where(self, rollup: str) -> str:
        conditions = dict(self._conditions)
        if rollup == "analysis_day":
            of_calls = [conditions.pop(name) for name in OF_CALLS if name in conditions]
            if of_calls:
                conditions["calls"] = _CALL_NEEDED.format(
                    entries=self._sources["entries"], calls=" AND ".join(of_calls)
                )
        return " AND ".join(conditions.values()) or "true"

    async def _fetch(self, sql: str) -> list[Row]:
        return [dict(row) for row in await self._db.fetch(sql, *self._args)]


CALL_SUMS = (
    "calls",
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "adjustments",
    "fallback_calls",
    "unpriced_calls",
    "unknown_calls",
    "suspect_calls",
    "estimated_calls",
    "cost_usd",
    "adjustments_usd",
    "fallback_usd",
    "unknown_cost_ceiling_usd",
)
USER_SUMS = ("calls", "prompt_tokens", "completion_tokens", "total_tokens", "cost_usd")
CHECK_SUMS = (*USER_SUMS, "filled_calls", "fill_sum")
ANALYSIS_SUMS = (
    "analyses",
    "checks",
    "scored",
    "passed",
    "failed",
    "incomplete",
    "duration_ms",
    "timed",
    "score_sum",
)


def _totals(names: tuple[str, ...]) -> str:
    """Counts stay integers; money and scores stay numeric, with every digit."""
    exact = ("_usd", "_sum")
    return ", ".join(
        f"coalesce(sum({name}), 0){'' if name.endswith(exact) else '::bigint'} AS {name}"
        for name in names
    )


def _grouped_by(*columns: str) -> str:
    parts = ", ".join(f"CASE grouping({column}) WHEN 0 THEN '{column}' END" for column in columns)
    return f"array_remove(ARRAY[{parts}], NULL) AS grouped_by"


async def keys_behind(db: Connection, wanted: ReportFilter) -> list[tuple[str, date]]:
    """The (client, day)s that `wanted` covers whose roll-ups are behind their entries."""
    rows = await db.fetch(
        """
        SELECT DISTINCT client_id, day FROM dirty_day
         WHERE ($1::date IS NULL OR day >= $1) AND ($2::date IS NULL OR day <= $2)
           AND ($3::text[] IS NULL OR client_id = ANY($3))
        """,
        wanted.first_on,
        wanted.last_on,
        wanted.client_ids,
    )
    return [(row["client_id"], row["day"]) for row in rows]


async def freeze(db: Connection) -> None:
    """Let the transaction see one moment only; to be called before its first query.

    It may still write into temporary tables, as archived entries are read through one. A month
    that is dropped is gone for older moments too: the lock, taken before the moment, keeps all.
    """
    await db.execute(f"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; {KEEP_MONTHS}")
