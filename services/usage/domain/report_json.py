"""The report as JSON whose costs are numbers with every digit: no float is on the way."""

import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from services.usage.domain.report import Doubts, Line, Report, share
from services.usage.domain.report_facts import verdicts
from services.usage.domain.shown import digits

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
        "by_month": _by(report.by_month, _month),
        "by_tool": report.by_tool,
        "by_verdict": verdicts(report),
        "total_calls": spent.calls,
        "unpriced_calls": doubts.unpriced_calls,
        "unknown_calls": doubts.unknown_calls,
        "suspect_calls": doubts.suspect_calls,
        "estimated_calls": doubts.estimated_calls,
        "unknown_cost_ceiling": doubts.unknown_cost_ceiling_usd,
        **_more(report),
    }


def _more(report: Report) -> Json:
    """What the system before this one did not know; its keys end above."""
    spent = report.spent
    return {
        "filters": [{"name": name, "value": value} for name, value in report.filters],
        "adjustments": spent.adjustments,
        "adjustments_cost": spent.adjustments_usd,
        "cached_input_tokens": spent.cached_input_tokens,
        "cache_write_tokens": spent.cache_write_tokens,
        "reasoning_tokens": spent.reasoning_tokens,
        "fallback_calls": spent.fallback_calls,
        "fallback_cost": spent.fallback_usd,
        "cost_per_passed": report.cost_per_passed_usd,
        "cache_hit_share": report.cache_hit_share,
        "reasoning_share": report.reasoning_share,
        "fallback_share": report.fallback_share,
        "unknown_share": report.unknown_share,
        "estimated_share": report.estimated_share,
        "calls_by_provider": {line.key: line.spent.calls for line in report.by_provider},
        "check_averages": _by(report.by_check, _averages),
        "fill_by_check": _by(_filled(report.by_check), _fill),
        "fill_by_model": _by(_filled(report.by_model), _fill),
        "fill_by_model_and_check": _fillings(report),
        "doubts": {
            "by_client": _by(_doubtful(report.by_client), _doubts),
            "by_date": _by(_doubtful(report.by_date), _doubts),
            "by_provider": _by(_doubtful(report.by_provider), _doubts),
            "by_model": _by(_doubtful(report.by_model), _doubts),
        },
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


def _month(line: Line) -> Json:
    return {**_day(line), "calls": line.spent.calls, "total_tokens": line.spent.total_tokens}


def _averages(line: Line) -> Json:
    spent = line.spent
    return {
        "average_tokens": share(spent.total_tokens, spent.calls),
        "average_cost": share(spent.cost_usd, spent.calls),
    }


def _filled(lines: Iterable[Line]) -> list[Line]:
    return [line for line in lines if line.filled.calls]


def _fill(line: Line) -> Json:
    return {"average": line.filled.average_percent, "count": line.filled.calls}


def _fillings(report: Report) -> Json:
    models: dict[str, dict[str, object]] = {}
    for x in report.fillings:
        filled = {"average": x.filled.average_percent, "count": x.filled.calls}
        models.setdefault(x.model, {})[x.check_id] = filled
    return models


def _doubtful(lines: Iterable[Line]) -> list[Line]:
    return [line for line in lines if line.doubts != Doubts()]


def _doubts(line: Line) -> Json:
    known = line.doubts
    return {
        "unpriced_calls": known.unpriced_calls,
        "unknown_calls": known.unknown_calls,
        "suspect_calls": known.suspect_calls,
        "estimated_calls": known.estimated_calls,
        "unknown_cost_ceiling": known.unknown_cost_ceiling_usd,
    }


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
        return digits(value)
    if not value or not isinstance(value, Mapping | list):
        return json.dumps(value, ensure_ascii=False)
    inner, outer = "\n" + " " * INDENT * (depth + 1), "\n" + " " * INDENT * depth
    if isinstance(value, list):
        return f"[{inner}{f',{inner}'.join(_text(item, depth + 1) for item in value)}{outer}]"
    members = (f"{_text(key, 0)}: {_text(item, depth + 1)}" for key, item in value.items())
    return f"{{{inner}{f',{inner}'.join(members)}{outer}}}"
