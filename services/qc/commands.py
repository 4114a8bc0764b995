"""`aiqc check`: one creative through the gateway, with a progress bar and an exit code."""

import asyncio
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from libs.api.gateway import GatewayApi
from libs.contracts.qc import Analysis, CheckResult, Finding
from libs.problems import Invalid, UpstreamFailed

EXIT_CODES = {"pass": 0, "fail": 1, "incomplete": 2}
COULD_NOT_RUN = 3
COST_WAIT_S = 5.0
RECONNECTS = 20
COLOURS = {
    "passed": "green",
    "failed": "red",
    "unsure": "yellow",
    "error": "red",
    "pass": "bold green",
    "fail": "bold red",
    "incomplete": "bold yellow",
    "critical": "bold red",
    "major": "red",
    "minor": "yellow",
}


async def check(
    api: GatewayApi, file: Path, client_id: str, profile_id: str, console: Console
) -> Analysis:
    """Upload, follow, and return the analysis when it has ended and its cost is known."""
    _refuse_missing(file)
    with _bar(console) as bar:
        task = bar.add_task(f"sending {file.name}", total=None)
        analysis_id = await api.analyse(file, client_id, profile_id)
        await _follow(api, analysis_id, bar, task)
    return await _ended(api, analysis_id)


def _refuse_missing(file: Path) -> None:
    if not file.is_file():
        raise Invalid("no_such_file", f"There is no file {file}.")


async def _follow(api: GatewayApi, analysis_id: UUID, bar: Progress, task: TaskID) -> None:
    """Show progress to the end; a broken stream is taken up again where it broke."""
    seq = 0
    for attempt in range(RECONNECTS):
        try:
            async for event in api.events(analysis_id, after=seq):
                seq = event.seq
                word = f"checking {event.check_id}" if event.check_id else event.kind
                bar.update(task, description=word, completed=event.done, total=event.total)
                if event.kind == "finished":
                    return
        except UpstreamFailed:
            if attempt == RECONNECTS - 1:
                raise
        await asyncio.sleep(0.5)


async def _ended(api: GatewayApi, analysis_id: UUID) -> Analysis:
    """The ended analysis; the ledger may take a moment to tell what it cost."""
    deadline = asyncio.get_running_loop().time() + COST_WAIT_S
    while True:
        analysis = await api.analysis(analysis_id)
        if analysis.cost_usd is not None or asyncio.get_running_loop().time() > deadline:
            return analysis
        await asyncio.sleep(0.2)


def exit_code(analysis: Analysis) -> int:
    """0 pass, 1 fail, 2 incomplete, 3 could not run."""
    return EXIT_CODES[analysis.verdict] if analysis.verdict else COULD_NOT_RUN


def show(analysis: Analysis, console: Console) -> None:
    """Verdict, checks and findings for a person."""
    verdict = analysis.verdict or analysis.state
    console.print()
    console.print(
        Text.assemble(
            (verdict.upper(), COLOURS.get(verdict, "bold")),
            f"  score {_number(analysis.score)}  coverage {_number(analysis.coverage)} %"
            f"  {analysis.profile_id} version {analysis.profile_version}",
        )
    )
    if analysis.reason:
        console.print(Text(analysis.reason))
    if analysis.unknown_calls:
        console.print(
            f"{analysis.unknown_calls} provider calls ended unknown: the cost may be higher."
        )
    console.print(_checks_table(analysis))
    findings = [(c.check_id, finding) for c in analysis.checks for finding in c.findings]
    for check_id, finding in findings:
        console.print(_finding_line(check_id, finding))


def _checks_table(analysis: Analysis) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title, justify in (("check", "left"), ("state", "left"), ("score", "right")):
        table.add_column(title, justify="right" if justify == "right" else "left")
    table.add_column("time", justify="right")
    table.add_column("cost", justify="right")
    table.add_column("remark", overflow="fold")
    for result in sorted(analysis.checks, key=_worst_first):
        table.add_row(*_row(result))
    table.add_row(
        Text("whole analysis", "bold"),
        "",
        "",
        _seconds(analysis.duration_ms),
        _usd(analysis.cost_usd),
        "",
    )
    return table


def _row(result: CheckResult) -> tuple[Text, ...]:
    remark = result.reason or (f"answered by {result.model_served}" if result.model_served else "")
    return (
        Text(result.check_id + (" *" if result.critical else "")),
        Text(result.state, COLOURS.get(result.state, "dim")),
        Text(_number(result.score)),
        Text(_seconds(result.duration_ms)),
        Text(_usd(result.cost_usd)),
        Text(remark),
    )


def _worst_first(result: CheckResult) -> tuple[int, str]:
    order = ("failed", "error", "unsure", "missing_input", "passed", "not_applicable", "skipped")
    return order.index(result.state), result.check_id


def _finding_line(check_id: str, finding: Finding) -> Text:
    place = f" page {finding.page}" if finding.page > 1 else ""
    if region := finding.region:
        about = "about " if finding.approximate else ""
        place += f" at {about}{region.x:.0%} {region.y:.0%}, {region.w:.0%} × {region.h:.0%}"
    rule = f" (rule: {finding.rule})" if finding.rule else ""
    fix = f"\n    fix: {finding.fix}" if finding.fix else ""
    return Text.assemble(
        (f"  {finding.severity:8}", COLOURS[finding.severity]),
        f" {check_id}:{place} {finding.message}{rule}{fix}",
    )


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:40}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=not console.is_terminal,
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _seconds(duration_ms: int | None) -> str:
    return "" if duration_ms is None else f"{duration_ms / 1000:.2f} s"


def _usd(cost: Decimal | None) -> str:
    return "unknown" if cost is None else f"${cost:f}"
