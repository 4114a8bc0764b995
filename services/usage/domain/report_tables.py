"""Every dimension of the report as a table."""

from collections.abc import Callable, Iterable
from datetime import date

from services.usage.domain.report import Line, Report, share
from services.usage.domain.report_facts import doubted, fill_share, of_one, verdicts
from services.usage.domain.tables import Cell, Column, Row, Table

COST = Column("Cost", "usd")
CALLS = Column("Calls")
FILL = Column("Fill", "percent")
SCORE = Column("Avg Score", "score")
TOKENS = (Column("Total Tokens"), Column("Prompt Tokens"), Column("Completion Tokens"))
ANALYSES = (Column("Analyses"), Column("Checks"))
KINDS_OF_CALL = (
    Column("Cached Input Tokens", detail=True),
    Column("Cache Write Tokens", detail=True),
    Column("Reasoning Tokens", detail=True),
    Column("Fallback Calls", detail=True),
)
DOUBTS = (
    Column("Unpriced Calls", detail=True),
    Column("Unknown Calls", detail=True),
    Column("Suspect Calls", detail=True),
    Column("Estimated Calls", detail=True),
)
PERSON = (Column("User", "text"), Column("Name", "text"), Column("Email", "text"))
AVERAGES = (Column("Avg Tokens"), Column("Avg Cost", "about_usd"))

CLIENTS = (Column("Client", "text"), *ANALYSES, Column("Users"), SCORE, CALLS, *TOKENS, COST)
USERS = (*PERSON, *ANALYSES, SCORE, *TOKENS, COST)
PROFILES = (Column("Profile", "text"), *ANALYSES, SCORE, Column("Clients", "text"))
PERIOD = (Column("Analyses"), CALLS, Column("Total Tokens"), COST)
CHECKS = (Column("Check", "text"), CALLS, *TOKENS, *AVERAGES, FILL, COST)


def tables(report: Report) -> list[Table]:
    """Every dimension of the report, in the order in which people read them."""
    return [
        Table("Clients", "Usage by client", (*CLIENTS, *DOUBTS), _rows(report.by_client, _client)),
        Table("Users", "Usage by user", USERS, _rows(report.by_user, _user)),
        Table("Profiles", "Usage by profile", PROFILES, _rows(report.by_profile, _profile), False),
        Table(
            "Days",
            "Usage by date",
            (Column("Date", "day"), *PERIOD, *DOUBTS),
            _rows(report.by_date, _day),
        ),
        Table(
            "Months",
            "Cost by month",
            (Column("Month", "text"), *PERIOD),
            _rows(report.by_month, _month),
        ),
        Table(
            "Providers",
            "Token usage by provider",
            _served_by("Provider"),
            _rows(report.by_provider, _provider),
        ),
        Table(
            "Models", "Usage by model", _served_by("Model", FILL), _rows(report.by_model, _model)
        ),
        Table("Checks", "Usage by check", CHECKS, _rows(report.by_check, _check)),
        _fill(report),
        _tools(report),
        _verdicts(report),
    ]


def _served_by(name: str, *more: Column) -> tuple[Column, ...]:
    return (Column(name, "text"), CALLS, *TOKENS, *KINDS_OF_CALL, *more, COST, *DOUBTS)


def _fill(report: Report) -> Table:
    rows = [
        Row((x.model, x.check_id, x.filled.calls, of_one(x.filled.average_percent)))
        for x in report.fillings
    ]
    columns = (Column("Model", "text"), Column("Check", "text"), CALLS, FILL)
    return Table("Fill", "Fill percentage by model and check", columns, rows, False)


def _tools(report: Report) -> Table:
    rows = [Row(pair) for pair in report.by_tool.items()]
    return Table("Tools", "Tool calls", (Column("Tool", "text"), CALLS), rows, False)


def _verdicts(report: Report) -> Table:
    rows = [
        Row((verdict, count, share(count, report.analysed.analyses)))
        for verdict, count in verdicts(report).items()
        if report.analysed.analyses
    ]
    columns = (Column("Verdict", "text"), Column("Analyses"), Column("Share", "percent"))
    return Table("Verdicts", "Analyses by verdict", columns, rows, False)


def _rows(lines: Iterable[Line], form: Callable[[Line], Row]) -> list[Row]:
    return [form(line) for line in lines]


def _row(line: Line, *cells: Cell) -> Row:
    return Row(cells, line.spent.cost_usd, "; ".join(doubted(line.doubts)))


def _client(line: Line) -> Row:
    return _row(
        line,
        line.key,
        *_analyses(line),
        line.users,
        line.analysed.average_score,
        line.spent.calls,
        *_tokens(line),
        line.spent.cost_usd,
        *_doubts(line),
    )


def _user(line: Line) -> Row:
    score = line.analysed.average_score
    person = (line.key, line.name, line.email)
    return _row(line, *person, *_analyses(line), score, *_tokens(line), line.spent.cost_usd)


def _profile(line: Line) -> Row:
    clients = ", ".join(sorted(line.clients))
    return Row((line.key, *_analyses(line), line.analysed.average_score, clients))


def _day(line: Line) -> Row:
    return _row(line, date.fromisoformat(line.key), *_period(line), *_doubts(line))


def _month(line: Line) -> Row:
    return _row(line, line.key, *_period(line))


def _period(line: Line) -> tuple[Cell, ...]:
    spent = line.spent
    return line.analysed.analyses, spent.calls, spent.total_tokens, spent.cost_usd


def _provider(line: Line) -> Row:
    return _row(line, *_served(line), line.spent.cost_usd, *_doubts(line))


def _model(line: Line) -> Row:
    return _row(line, *_served(line), fill_share(line), line.spent.cost_usd, *_doubts(line))


def _served(line: Line) -> tuple[Cell, ...]:
    spent = line.spent
    cached = (spent.cached_input_tokens, spent.cache_write_tokens)
    special = (*cached, spent.reasoning_tokens, spent.fallback_calls)
    return line.key, spent.calls, *_tokens(line), *special


def _check(line: Line) -> Row:
    spent = line.spent
    tokens, cost = share(spent.total_tokens, spent.calls), share(spent.cost_usd, spent.calls)
    average = None if tokens is None else round(tokens)
    calls = (line.key, spent.calls, *_tokens(line))
    return _row(line, *calls, average, cost, fill_share(line), spent.cost_usd)


def _analyses(line: Line) -> tuple[int, int]:
    return line.analysed.analyses, line.analysed.checks


def _tokens(line: Line) -> tuple[int, int, int]:
    return line.spent.total_tokens, line.spent.prompt_tokens, line.spent.completion_tokens


def _doubts(line: Line) -> tuple[int, int, int, int]:
    known = line.doubts
    return (
        known.unpriced_calls,
        known.unknown_calls,
        known.suspect_calls,
        known.estimated_calls,
    )
