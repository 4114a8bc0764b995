"""Making a usage report: read the sums of one moment, then put them into lines."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date, datetime
from typing import Any

from libs.contracts.usage import ReportQuery
from libs.postgres import Connection, Pool, transaction
from libs.problems import Invalid
from services.usage.aggregates import ReportFilter, Row, Sums, freeze, keys_behind
from services.usage.archived import Archives
from services.usage.domain.period import Period, read_period
from services.usage.domain.report import (
    Analysed,
    Doubts,
    Filled,
    Filling,
    Line,
    Report,
    Spent,
    dearest_first,
    provider_name,
)
from services.usage.rate_card import RateCards
from services.usage.sums import LIVE

Groups = Mapping[tuple[str, ...], list[Row]]
SPENT, ANALYSED, DOUBTS = (
    tuple(field.name for field in fields(shape)) for shape in (Spent, Analysed, Doubts)
)
FILTERS = ("client", "user", "profile", "check", "provider", "model")


async def make_report(
    pool: Pool,
    rate_cards: RateCards,
    archives: Archives,
    query: ReportQuery,
    clients: Iterable[str] | None,
    now: datetime,
) -> Report:
    """What `query` asks for, of `clients` only (None: of all), as of one moment.

    Raises Invalid when the query names days that cannot be.
    """
    period = period_of(query, now)
    async with transaction(pool, clients) as db:
        await freeze(db)
        provider = query.provider and (await rate_cards.current(db)).provider(query.provider)
        wanted = seen_by(clients, filter_of(query, period, provider))
        behind = await keys_behind(db, wanted) if wanted.fits_rollups else []
        sources = await _sources(db, archives, wanted, [day for _, day in behind])
        sums = Sums(db, wanted, behind, sources)
        return await _gather(sums, query, period, now)


def period_of(query: ReportQuery, now: datetime) -> Period:
    """The days that `query` names. Raises Invalid when they cannot be."""
    try:
        return read_period(query.start_date, query.end_date, query.last_days, now.date())
    except ValueError as error:
        raise Invalid("bad_period", str(error)) from error


def filter_of(query: ReportQuery, period: Period, provider: str | None) -> ReportFilter:
    """What selects the rows; `provider` is the one that `query` names, by its id."""
    return ReportFilter(
        period.first_on,
        period.last_on,
        query.client or None,
        query.user,
        query.profile,
        query.check,
        provider,
        query.model,
    )


def seen_by(clients: Iterable[str] | None, wanted: ReportFilter) -> ReportFilter:
    """`wanted`, of these clients only (None: of all). Row-level security does not know archived
    entries, so the filter itself has to name the clients whom the reader may see.
    """
    if clients is None or wanted.client_ids:
        return wanted
    return replace(wanted, client_ids=tuple(clients))


def _asked(query: ReportQuery) -> list[tuple[str, str]]:
    asked = [(name, getattr(query, name)) for name in FILTERS]
    return [
        (name, ", ".join(value) if isinstance(value, tuple) else value)
        for name, value in asked
        if value
    ]


async def _sources(
    db: Connection, archives: Archives, wanted: ReportFilter, behind: Sequence[date]
) -> Mapping[str, str]:
    """Archived entries are read when roll-ups do not tell, or are behind on these days."""
    days = wanted.days_read
    if wanted.fits_rollups:
        if not behind:
            return LIVE
        days = (min(behind), max(behind))
    return await archives.sources(db, days, wanted.client_ids)


async def _gather(sums: Sums, query: ReportQuery, period: Period, now: datetime) -> Report:
    calls = _grouped(await sums.calls())
    users = _grouped(await sums.users())
    checks = _grouped(await sums.checks())
    analyses = _grouped(await sums.analyses())
    keys = {row["user_key"] for row in (*users[("user_key",)], *analyses[("user_key",)])}
    people = await sums.people(sorted(keys))
    [total] = calls[()] or [{}]
    [analysed] = analyses[()] or [{}]
    return Report(
        generated_at=now,
        period=period,
        spent=_spent(total),
        analysed=_analysed(analysed),
        doubts=_doubts(total),
        by_client=_by_client(calls, users, analyses),
        by_user=_by_user(users, analyses, people),
        by_profile=_by_profile(analyses),
        by_date=sorted(_lines("day", calls, analyses), key=lambda line: line.key),
        by_provider=dearest_first(_lines("provider", calls, {}, _named_provider)),
        by_check=dearest_first(_lines("check_id", checks, {})),
        by_model=dearest_first(_by_model(calls, checks)),
        by_tool={row["tool"]: row["calls"] for row in await sums.tools()},
        fillings=_fillings(checks),
        filters=_asked(query),
    )


def _by_client(calls: Groups, users: Groups, analyses: Groups) -> list[Line]:
    both = ("client_id", "user_key")
    pairs = {(row["client_id"], row["user_key"]) for row in (*users[both], *analyses[both])}
    profiles = _counts(analyses["client_id", "profile_id"], "client_id", "profile_id")
    counts: defaultdict[str, int] = defaultdict(int)
    for client, _ in pairs:
        counts[client] += 1

    def line(key: str, row: Row, analysed: Row) -> Line:
        return Line(
            key,
            _spent(row),
            _analysed(analysed),
            _doubts(row),
            users=counts[key],
            profiles=profiles[key],
        )

    return dearest_first(_lines("client_id", calls, analyses, line))


def _by_user(users: Groups, analyses: Groups, people: Iterable[Row]) -> list[Line]:
    clients = _counts(analyses["client_id", "user_key"], "user_key", "client_id")
    names: dict[str, str] = {}
    emails: dict[str, str] = {}
    for row in people:
        if row["user_name"]:
            names.setdefault(row["user_key"], row["user_name"])
        if row["user_email"]:
            emails.setdefault(row["user_key"], row["user_email"])

    def line(key: str, row: Row, analysed: Row) -> Line:
        return Line(
            key,
            _spent(row),
            _analysed(analysed),
            name=names.get(key, ""),
            email=emails.get(key, ""),
            clients=clients[key],
        )

    return dearest_first(_lines("user_key", users, analyses, line))


def _by_profile(analyses: Groups) -> list[Line]:
    clients = _counts(analyses["client_id", "profile_id"], "profile_id", "client_id")
    lines = [
        Line(row["profile_id"], analysed=_analysed(row), clients=clients[row["profile_id"]])
        for row in analyses[("profile_id",)]
    ]
    return sorted(lines, key=lambda line: (-line.analysed.analyses, line.key))


def _by_model(calls: Groups, checks: Groups) -> list[Line]:
    filled = {row["model"]: _filled(row) for row in checks[("model",)]}

    def line(key: str, row: Row, analysed: Row) -> Line:
        return Line(key, _spent(row), _analysed(analysed), _doubts(row), filled.get(key, Filled()))

    return _lines("model", calls, {}, line)


def _fillings(checks: Groups) -> list[Filling]:
    """By model and check; calls that had no answer to fill say nothing."""
    return sorted(
        (
            Filling(row["model"], row["check_id"], _filled(row))
            for row in checks["check_id", "model"]
            if row["filled_calls"]
        ),
        key=lambda filling: (filling.model, filling.check_id),
    )


def _grouped(rows: Iterable[Row]) -> Groups:
    groups: defaultdict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row["grouped_by"])].append(row)
    return groups


def _line(key: str, row: Row, analysed: Row) -> Line:
    return Line(key, _spent(row), _analysed(analysed), _doubts(row), _filled(row))


def _named_provider(key: str, row: Row, analysed: Row) -> Line:
    return Line(provider_name(key), _spent(row), _analysed(analysed), _doubts(row))


def _lines(
    column: str,
    calls: Groups,
    analyses: Groups,
    make: Callable[[str, Row, Row], Line] = _line,
) -> list[Line]:
    """A line for each key that calls or analyses have."""
    spent = {row[column]: row for row in calls.get((column,), [])}
    analysed = {row[column]: row for row in analyses.get((column,), [])}
    return [make(str(key), spent.get(key, {}), analysed.get(key, {})) for key in spent | analysed]


def _counts(rows: Sequence[Row], outer: str, inner: str) -> Mapping[str, dict[str, int]]:
    """How many analyses each `outer` has of each `inner`, most first."""
    counts: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for row in sorted(rows, key=lambda row: (-row["analyses"], row[inner])):
        counts[row[outer]][row[inner]] = row["analyses"]
    return counts


def _spent(row: Row) -> Spent:
    return Spent(**_known(row, SPENT))


def _analysed(row: Row) -> Analysed:
    return Analysed(**_known(row, ANALYSED))


def _doubts(row: Row) -> Doubts:
    return Doubts(**_known(row, DOUBTS))


def _filled(row: Row) -> Filled:
    return Filled(row["filled_calls"], row["fill_sum"]) if "filled_calls" in row else Filled()


def _known(row: Row, names: Iterable[str]) -> dict[str, Any]:
    """The sums of a row that are among `names`; what was not summed keeps its default."""
    return {name: row[name] for name in names if name in row}
