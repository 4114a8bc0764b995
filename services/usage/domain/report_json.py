"""The report as JSON whose costs are numbers with every digit: no float is on the way."""

import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from services.usage.domain.report import Line, Report

Json = Mapping[str, object]
INDENT = 2


def report_json(report: Report) -> str:
    """The report's JSON text; scripts read its keys, so none may go or change its meaning."""
    return _text(_document(report), 0) + "\n"


def _document(report: Report) -> Json:
    spent, analysed, doubts = report.spent, report.analysed, report.doubts
    return {
        "generated_at": report.generated_at.isoformat(timespec="seconds"),
        "period": {
            "start_date": report.period.first_on and report.period.first_on.isoformat(),
            "end_date": report.period.last_on and report.period.last_on.isoformat(),
        },
        "total_analyses": analysed.analyses,
        "total_checks": analysed.checks,
        "total_tokens": spent.total_tokens,
        "total_prompt_tokens": spent.prompt_tokens,
        "total_completion_tokens": spent.completion_tokens,
        "total_cost": spent.cost_usd,
        "average_checks_per_analysis": report.per_analysis(analysed.checks),
        "average_cost_per_analysis": report.per_analysis(spent.cost_usd),
        "average_tokens_per_analysis": report.per_analysis(spent.total_tokens),
        "average_score": analysed.average_score,
        "by_client": _by(report.by_client, _client),
        "by_user": _by(report.by_user, _user),
        "by_profile": _by(report.by_profile, _profile),
        "by_date": _by(report.by_date, _day),
        "by_provider": _by(report.by_provider, _tokens),
        "by_check": _by(report.by_check, _calls),
        "by_model": _by(report.by_model, _calls),
        "total_calls": spent.calls,
        "unpriced_calls": doubts.unpriced_calls,
        "unknown_calls": doubts.unknown_calls,
        "suspect_calls": doubts.suspect_calls,
        "estimated_calls": doubts.estimated_calls,
        "unknown_cost_ceiling": doubts.unknown_cost_ceiling_usd,
    }


def _client(line: Line) -> Json:
    profiles = {"profiles": line.profiles}
    return _analyses(line) | {"users": line.users} | _score(line) | _tokens(line) | profiles


def _user(line: Line) -> Json:
    person = {"name": line.name, "email": line.email}
    return person | _analyses(line) | _score(line) | _tokens(line) | {"clients": line.clients}


def _profile(line: Line) -> Json:
    return _analyses(line) | _score(line) | {"clients": sorted(line.clients)}


def _day(line: Line) -> Json:
    return {"count": line.analysed.analyses, "cost": line.spent.cost_usd}


def _calls(line: Line) -> Json:
    return {"calls": line.spent.calls} | _tokens(line)


def _analyses(line: Line) -> dict[str, object]:
    return {"count": line.analysed.analyses, "total_checks": line.analysed.checks}


def _score(line: Line) -> dict[str, object]:
    return {"average_score": line.analysed.average_score}


def _tokens(line: Line) -> dict[str, object]:
    return {
        "total_tokens": line.spent.total_tokens,
        "prompt_tokens": line.spent.prompt_tokens,
        "completion_tokens": line.spent.completion_tokens,
        "cost": line.spent.cost_usd,
    }


def _by(lines: Iterable[Line], form: Callable[[Line], Json]) -> Json:
    return {line.key: form(line) for line in lines}


def _text(value: object, depth: int) -> str:
    """JSON text, indented; `json` itself would turn a Decimal into a float or a string."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if not value or not isinstance(value, Mapping | list):
        return json.dumps(value, ensure_ascii=False)
    inner, outer = "\n" + " " * INDENT * (depth + 1), "\n" + " " * INDENT * depth
    if isinstance(value, list):
        return f"[{inner}{f',{inner}'.join(_text(item, depth + 1) for item in value)}{outer}]"
    members = (f"{_text(key, 0)}: {_text(item, depth + 1)}" for key, item in value.items())
    return f"{{{inner}{f',{inner}'.join(members)}{outer}}}"
