"""Making a usage report: read the sums of one moment, then put them into lines."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from libs.contracts.usage import ReportQuery
from libs.postgres import Connection, Pool, transaction
from libs.problems import Invalid
from services.usage import aggregates
from services.usage.aggregates import ReportFilter, Row
from services.usage.domain.period import Period, read_period
from services.usage.domain.report import (
    Analysed,
    Doubts,
    Line,
    Report,
    Spent,
    dearest_first,
    provider_name,
)
from services.usage.rate_card import RateCards

Groups = Mapping[tuple[str, ...], list[Row]]
KEY_COLUMNS = {
    "client": "client_id",
    "user": "user_key",
    "profile": "profile_id",
    "day": "day",
    "provider": "provider",
    "model": "model",
}


async def make_report(
    pool: Pool,
    rate_cards: RateCards,
    query: ReportQuery,
    clients: Iterable[str] | None,
    now: datetime,
) -> Report:
    """What `query` asks for, of `clients` only (None: of all), as of one moment.

    Raises Invalid when the query names days that cannot be.
    """
    period = _period(query, now)
    async with transaction(pool, clients) as db:
        await aggregates.freeze(db)
        card = await rate_cards.current(db)
        provider = card.provider(query.provider) if query.provider else None
        return await _gather(db, _filter(query, period, provider), period, now)


def _period(query: ReportQuery, now: datetime) -> Period:
    try:
        return read_period(query.start_date, query.end_date, query.last_days, now.date())
    except ValueError as error:
        raise Invalid("bad_period", str(error)) from error


def _filter(query: ReportQuery, period: Period, provider: str | None) -> ReportFilter:
    return ReportFilter(
        period.start_at,
        period.end_at,
        query.client,
        query.user,
        query.profile,
        query.check,
        provider,
        query.model,
    )


async def _gather(db: Connection, wanted: ReportFilter, period: Period, now: datetime) -> Report:
    calls = _grouped(await aggregates.call_sums(db, wanted))
    analyses = _grouped(await aggregates.analysis_sums(db, wanted))
    checks = await aggregates.check_sums(db, wanted)
    people = await aggregates.people(db, wanted)
    [total] = calls[()] or [{}]
    [analysed] = analyses[()] or [{}]
    return Report(
        generated_at=now,
        period=period,
        spent=_spent(total),
        analysed=_analysed(analysed),
        doubts=_doubts(total),
        by_client=_by_client(calls, analyses),
        by_user=_by_user(calls, analyses, people),
        by_profile=_by_profile(analyses),
        by_date=sorted(_lines("day", calls, analyses), key=lambda line: line.key),
        by_provider=dearest_first(
            [Line(provider_name(row["provider"]), _spent(row)) for row in calls[("provider",)]]
        ),
        by_check=dearest_first([Line(row["check_id"], _spent(row)) for row in checks]),
        by_model=dearest_first(_lines("model", calls, analyses)),
    )


def _by_client(calls: Groups, analyses: Groups) -> list[Line]:
    pairs = [*calls[("client", "user")], *analyses[("client", "user")]]
    users = {(row["client_id"], row["user_key"]) for row in pairs}
    profiles = _counts(analyses[("client", "profile")], "client_id", "profile_id")

    def line(key: str, spent: Spent, analysed: Analysed) -> Line:
        count = sum(client == key for client, _ in users)
        return Line(key, spent, analysed, users=count, profiles=profiles[key])

    return dearest_first(_lines("client", calls, analyses, line))


def _by_user(calls: Groups, analyses: Groups, people: Iterable[Row]) -> list[Line]:
    clients = _counts(analyses[("client", "user")], "user_key", "client_id")
    names: dict[str, str] = {}
    emails: dict[str, str] = {}
    for row in people:
        if row["user_name"]:
            names.setdefault(row["user_key"], row["user_name"])
        if row["user_email"]:
            emails.setdefault(row["user_key"], row["user_email"])

    def line(key: str, spent: Spent, analysed: Analysed) -> Line:
        return Line(
            key,
            spent,
            analysed,
            name=names.get(key, ""),
            email=emails.get(key, ""),
            clients=clients[key],
        )

    return dearest_first(_lines("user", calls, analyses, line))


def _by_profile(analyses: Groups) -> list[Line]:
    clients = _counts(analyses[("client", "profile")], "profile_id", "client_id")
    return dearest_first(
        [
            Line(row["profile_id"], analysed=_analysed(row), clients=clients[row["profile_id"]])
            for row in analyses[("profile",)]
        ]
    )


def _lines(
    dimension: str,
    calls: Groups,
    analyses: Groups,
    line: Callable[[str, Spent, Analysed], Line] = Line,
) -> list[Line]:
    """A line for every key that has a call or an analysis."""
    column = KEY_COLUMNS[dimension]
    spent = {str(row[column]): _spent(row) for row in calls[(dimension,)]}
    analysed = {str(row[column]): _analysed(row) for row in analyses[(dimension,)]}
    return [
        line(key, spent.get(key, Spent()), analysed.get(key, Analysed()))
        for key in sorted(spent.keys() | analysed.keys())
    ]


def _grouped(rows: Iterable[Row]) -> Groups:
    groups: defaultdict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[tuple(row["grouped_by"])].append(row)
    return groups


def _counts(rows: Iterable[Row], outer: str, inner: str) -> Mapping[str, Mapping[str, int]]:
    """How many analyses each `outer` has of each `inner`, most first."""
    counts: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for row in sorted(rows, key=lambda row: (-row["analyses"], row[inner])):
        counts[row[outer]][row[inner]] = row["analyses"]
    return counts


def _spent(row: Row) -> Spent:
    """Sums over no call at all are null."""
    if not row.get("calls"):
        return Spent()
    return Spent(
        row["calls"],
        row["prompt_tokens"],
        row["completion_tokens"],
        row["total_tokens"],
        row["cost_usd"],
    )


def _analysed(row: Row) -> Analysed:
    if not row.get("analyses"):
        return Analysed()
    return Analysed(row["analyses"], row["checks"], row["score_sum"], row["scored"])


def _doubts(row: Row) -> Doubts:
    if not row.get("calls"):
        return Doubts()
    return Doubts(
        row["unpriced_calls"],
        row["unknown_calls"],
        row["suspect_calls"],
        row["estimated_calls"],
        row["unknown_cost_ceiling_usd"],
    )
