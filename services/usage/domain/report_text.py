"""The report as text for a terminal or a mail: 80 columns, every digit of each cost."""

from collections.abc import Iterator

from services.usage.domain.period import Period
from services.usage.domain.report import NO_DATA, Line, Report
from services.usage.domain.report_text_more import more_sections
from services.usage.domain.shown import counted, named, usd, wrapped
from services.usage.domain.text_lines import (
    HEAVY,
    WIDTH,
    doubts,
    each,
    fact,
    heading,
    section,
    tokens,
)


def report_text(report: Report) -> str:
    """The report, or one sentence when there is nothing to report.

    Six sections have stood there since the system before this one, and scripts read them;
    everything else comes after.
    """
    if report.is_empty:
        return f"{NO_DATA}\n"
    lines = [HEAVY, "USAGE REPORT".center(WIDTH).rstrip(), HEAVY, *_head(report)]
    lines += section("SUMMARY", _summary(report))
    lines += section("USAGE BY CLIENT", each(report.by_client, _client))
    lines += section("USAGE BY USER", each(report.by_user, _user))
    lines += section("USAGE BY PROFILE", each(report.by_profile, _profile))
    lines += section("USAGE BY DATE", _days(report))
    lines += section("TOKEN USAGE BY PROVIDER", each(report.by_provider, _provider))
    for title, body in more_sections(report):
        lines += section(title, body)
    return "\n".join([*lines, "", HEAVY, ""])


def _head(report: Report) -> Iterator[str]:
    yield f"Generated: {report.generated_at:%Y-%m-%d %H:%M:%S} UTC"
    yield f"Period:    {spoken(report.period)} (UTC days)"
    for name, value in report.filters:
        yield from wrapped(f"Only:      {name} {named(value)}", WIDTH)


def spoken(period: Period) -> str:
    """`2026-02-01 to 2026-02-28`, with words for a side that is open."""
    return f"{period.first_on or 'the beginning'} to {period.last_on or 'now'}"


def _summary(report: Report) -> Iterator[str]:
    spent, analysed = report.spent, report.analysed
    yield from fact("Total analyses", f"{analysed.analyses:,}")
    yield from fact("Total checks", f"{analysed.checks:,}")
    yield from fact("Total tokens", f"{spent.total_tokens:,}")
    yield from fact("  Prompt tokens", f"{spent.prompt_tokens:,}")
    yield from fact("  Completion tokens", f"{spent.completion_tokens:,}")
    yield from fact("Total cost", usd(spent.cost_usd))
    if spent.adjustments:
        corrections = counted(spent.adjustments, "correction", "corrections")
        yield from fact("  Corrections", f"{usd(spent.adjustments_usd)} by {corrections}")
    yield from fact("Average checks per analysis", f"{report.per_analysis(analysed.checks):,.1f}")
    yield from fact("Average cost per analysis", f"${report.per_analysis(spent.cost_usd):,.4f}")
    yield from fact(
        "Average tokens per analysis", f"{report.per_analysis(spent.total_tokens):,.0f}"
    )
    yield from _in_doubt(report)


def _in_doubt(report: Report) -> Iterator[str]:
    known = report.doubts
    if known.unpriced_calls:
        calls = f"{known.unpriced_calls:,} (not in the cost)"
        yield from fact("Calls without a known price", calls)
    if known.unknown_calls:
        ceiling = usd(known.unknown_cost_ceiling_usd)
        calls = f"{known.unknown_calls:,}, up to {ceiling} more"
        yield from fact("Calls with unknown usage", calls)
    if known.suspect_calls:
        yield from fact("Calls with contradictory usage", f"{known.suspect_calls:,}")
    if known.estimated_calls:
        yield from fact("Calls with estimated usage", f"{known.estimated_calls:,}")


def _client(line: Line) -> Iterator[str]:
    yield from heading(line.key.upper())
    yield from _analyses(line)
    yield from fact("  Users", f"{line.users:,}")
    yield from tokens(line)
    for profile, count in line.profiles.items():
        yield from fact(f"  Profile {profile}", f"{count:,}")


def _user(line: Line) -> Iterator[str]:
    email = f" <{line.email}>" if line.email and line.email != line.key else ""
    yield from heading(f"{line.name or line.key}{email}")
    if line.name:
        yield from fact("  User id", line.key)
    yield from _analyses(line)
    yield from tokens(line)
    for client, count in line.clients.items():
        yield from fact(f"  Client {client}", f"{count:,}")


def _profile(line: Line) -> Iterator[str]:
    yield from heading(line.key)
    yield from _analyses(line)
    yield from fact("  Clients", ", ".join(sorted(line.clients)))


def _days(report: Report) -> Iterator[str]:
    for line in report.by_date:
        analyses = f"{line.analysed.analyses:,} analyses"
        yield f"{line.key}  {analyses:>20}  {usd(line.spent.cost_usd):>24}"
        yield from doubts(line.doubts, len("2026-11-22  "))


def _provider(line: Line) -> Iterator[str]:
    yield from heading(line.key)
    yield from tokens(line)


def _analyses(line: Line) -> Iterator[str]:
    score = line.analysed.average_score
    yield from fact("  Analyses", f"{line.analysed.analyses:,}")
    yield from fact("  Checks", f"{line.analysed.checks:,}")
    yield from fact("  Average score", "-" if score is None else f"{score:.1f}")
