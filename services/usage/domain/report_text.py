"""The report as text for a terminal or a mail: 80 columns, every digit of each cost."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from services.usage.domain.period import Period
from services.usage.domain.report import NO_DATA, Line, Report

WIDTH = 80
HEAVY, LIGHT = "=" * WIDTH, "-" * WIDTH
LABEL = 32
CENT_PLACES = 4


def report_text(report: Report) -> str:
    """The report, or one sentence when there is nothing to report."""
    if report.is_empty:
        return f"{NO_DATA}\n"
    sections = (
        ("SUMMARY", _summary(report)),
        ("USAGE BY CLIENT", _each(report.by_client, _client)),
        ("USAGE BY USER", _each(report.by_user, _user)),
        ("USAGE BY PROFILE", _each(report.by_profile, _profile)),
        ("USAGE BY DATE", map(_day, report.by_date)),
        ("TOKEN USAGE BY PROVIDER", _each(report.by_provider, _provider)),
    )
    lines = [HEAVY, "USAGE REPORT".center(WIDTH).rstrip(), HEAVY]
    lines += [f"Generated: {report.generated_at:%Y-%m-%d %H:%M:%S} UTC", _period(report.period)]
    for title, body in sections:
        lines += ["", LIGHT, title, LIGHT, *body]
    return "\n".join([*lines, "", HEAVY, ""])


def _period(period: Period) -> str:
    return (
        f"Period:    {period.first_on or 'the beginning'} to {period.last_on or 'now'} (UTC days)"
    )


def _summary(report: Report) -> Iterator[str]:
    spent, analysed, doubts = report.spent, report.analysed, report.doubts
    yield _fact("Total analyses", f"{analysed.analyses:,}")
    yield _fact("Total checks", f"{analysed.checks:,}")
    yield _fact("Total tokens", f"{spent.total_tokens:,}")
    yield _fact("  Prompt tokens", f"{spent.prompt_tokens:,}")
    yield _fact("  Completion tokens", f"{spent.completion_tokens:,}")
    yield _fact("Total cost", _usd(spent.cost_usd))
    yield _fact("Average checks per analysis", f"{report.per_analysis(analysed.checks):,.1f}")
    yield _fact("Average cost per analysis", f"${report.per_analysis(spent.cost_usd):,.4f}")
    yield _fact("Average tokens per analysis", f"{report.per_analysis(spent.total_tokens):,.0f}")
    if doubts.unpriced_calls:
        yield _fact("Calls without a known price", f"{doubts.unpriced_calls:,} (not in the cost)")
    if doubts.unknown_calls:
        ceiling = _usd(doubts.unknown_cost_ceiling_usd)
        yield _fact("Calls with unknown usage", f"{doubts.unknown_calls:,}, up to {ceiling} more")
    if doubts.suspect_calls:
        yield _fact("Calls with contradictory usage", f"{doubts.suspect_calls:,}")
    if doubts.estimated_calls:
        yield _fact("Calls with estimated usage", f"{doubts.estimated_calls:,}")


def _client(line: Line) -> Iterator[str]:
    yield _shown(line.key.upper())
    yield from _analyses(line)
    yield _fact("  Users", f"{line.users:,}")
    yield from _tokens(line)
    for profile, count in line.profiles.items():
        yield _fact(f"  Profile {profile}", f"{count:,}")


def _user(line: Line) -> Iterator[str]:
    email = f" <{line.email}>" if line.email and line.email != line.key else ""
    yield _shown(f"{line.name or line.key}{email}")
    if line.name:
        yield _fact("  User id", line.key)
    yield from _analyses(line)
    yield from _tokens(line)
    for client, count in line.clients.items():
        yield _fact(f"  Client {client}", f"{count:,}")


def _profile(line: Line) -> Iterator[str]:
    yield _shown(line.key)
    yield from _analyses(line)
    yield _fact("  Clients", ", ".join(sorted(line.clients)))


def _day(line: Line) -> str:
    analyses = f"{line.analysed.analyses:,} analyses"
    return f"{line.key}  {analyses:>20}  {_usd(line.spent.cost_usd):>24}"


def _provider(line: Line) -> Iterator[str]:
    yield _shown(line.key)
    yield from _tokens(line)


def _analyses(line: Line) -> Iterator[str]:
    score = line.analysed.average_score
    yield _fact("  Analyses", f"{line.analysed.analyses:,}")
    yield _fact("  Checks", f"{line.analysed.checks:,}")
    yield _fact("  Average score", "-" if score is None else f"{score:.1f}")


def _tokens(line: Line) -> Iterator[str]:
    spent = line.spent
    yield _fact("  Total tokens", f"{spent.total_tokens:,}")
    yield _fact("  Prompt tokens", f"{spent.prompt_tokens:,}")
    yield _fact("  Completion tokens", f"{spent.completion_tokens:,}")
    yield _fact("  Cost", _usd(spent.cost_usd))


def _each(lines: Iterable[Line], form: Callable[[Line], Iterator[str]]) -> Iterator[str]:
    for number, line in enumerate(lines):
        if number:
            yield ""
        yield from form(line)


def _fact(label: str, value: str) -> str:
    return f"{_shown(label) + ':':<{LABEL}} {_shown(value)}"


def _usd(usd: Decimal) -> str:
    """At least four places and never a digit less than there are: $1,234.0049825."""
    exponent = usd.normalize().as_tuple().exponent
    places = max(CENT_PLACES, -exponent if isinstance(exponent, int) else 0)
    return f"${usd:,.{places}f}"


def _shown(text: str) -> str:
    """Names come from outside: what would move the cursor or turn the text around is dropped."""
    return "".join(c for c in text if unicodedata.category(c)[0] != "C" or c == "\u200d")
