"""`aiqc check`: one creative through the gateway, with a progress bar and an exit code."""

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.padding import Padding
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
from libs.problems import Problem, UpstreamFailed
from services.qc.domain.report import calls_in_words, suspicion_in_words, where_of

EXIT_CODES = {"pass": 0, "fail": 1, "incomplete": 2}
COULD_NOT_RUN = 3
MOST_GIVEN = 5
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Flags of `aiqc check` that say what the creative is for.

    Parameters
    ----------
    placement
        A placement of the client's active media plan.
    market
        A country code like de, where the creative runs.
    reference
        The name of the reference asset to compare with.
    previous
        The analysis of the version before this one.
    """

    placement: str = ""
    market: str = ""
    reference: str = ""
    previous: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """What creatives are checked for; without `only` by all checks, with `reuse` not twice."""

    client_id: str
    profile_id: str
    only: tuple[str, ...] = ()
    given: Given = Given()
    fresh: bool = False
    reuse: bool = False

    @property
    def fields(self) -> dict[str, str]:
        """What is sent beside file, client and profile; what is empty is not sent."""
        flags = {name: "true" for name in ("fresh", "reuse") if getattr(self, name)}
        return {**asdict(self.given), "only": ",".join(self.only), **flags}


async def check(api: GatewayApi, file: Path, question: Question, console: Console) -> Analysis:
    """Upload, follow, and return the analysis when it has ended and its cost is known."""
    with progress_bar(console) as bar:
        return await follow(api, file, question, bar)


async def follow(api: GatewayApi, file: Path, question: Question, bar: Progress) -> Analysis:
    """As `check`, with a line in a bar that others may use too; told to stop, it cancels it."""
    task = bar.add_task(f"sending {plain(file.name)}", total=None)
    try:
        sent = await api.submit(file, question.client_id, question.profile_id, question.fields)
        if sent.reused:
            bar.console.print(f"{plain(file.name)}: the earlier result, nothing was run")
        try:
            await follow_steps(api, sent.analysis_id, bar, task)
        except asyncio.CancelledError:
            with suppress(Problem, TimeoutError):  # ^C: nobody waits for what it would cost
                await asyncio.wait_for(api.cancel(sent.analysis_id), 2)
            raise
    finally:
        bar.remove_task(task)
    return await ended(api, sent.analysis_id)


async def follow_steps(api: GatewayApi, analysis_id: UUID, bar: Progress, task: TaskID) -> None:
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


async def ended(api: GatewayApi, analysis_id: UUID) -> Analysis:
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
    """Verdict, checks with time and cost, open questions and findings, for a person."""
    results = sorted(analysis.checks, key=_worst_first)
    console.print(Text("\n") + _headline(analysis))
    for words in [*filter(None, [analysis.reason]), *map(suspicion_in_words, analysis.suspected)]:
        console.print(Text(plain(words)))
    console.print()
    console.print(_checks_table(analysis, results))
    if said := kept_in_words(analysis):
        console.print(said)
    if analysis.unknown_calls:
        console.print(
            f"{calls_in_words(analysis.unknown_calls)} ended unknown: the cost may be higher."
        )
    judged = [result for result in results if result.state in ("passed", "failed")]
    unjudged = [result for result in results if result not in judged]
    for title, some in (("Not judged", unjudged), ("Notes", judged)):
        if reasons := _reasons(some):
            console.print(f"\n{title}", style="bold")
            console.print(grid(reasons))
    if any(result.findings for result in results):
        console.print("\nFindings", style="bold")
        pages = analysis.creative.pages
        console.print(grid([row for result in results for row in finding_rows(result, pages)]))


def _headline(analysis: Analysis) -> Text:
    verdict = analysis.verdict or analysis.state
    critical = [c.check_id for c in analysis.checks if c.critical and c.state == "failed"]
    return Text.assemble(
        (verdict.upper(), COLOURS.get(verdict, "bold")),
        f"  score {number(analysis.score)}  coverage {number(analysis.coverage)} %"
        f"  {analysis.profile_id} version {analysis.profile_version}",
        f"\nonly: {', '.join(analysis.only)}" if analysis.only else "",
        f"\nheld against {words}" if (words := _given_in_words(analysis)) else "",
        f"\ncritical and failed: {', '.join(critical)}" if critical else "",
    )


def _given_in_words(analysis: Analysis) -> str:
    """What the creative was held against, as it was at the upload."""
    given = analysis.given
    words = [f"placement “{given.placement}” of {given.plan}" if given.placement else ""]
    words += [f"market {given.market}" if given.market else ""]
    words += [f"{one.kind} “{one.name}” version {one.version}" for one in given.assets[:MOST_GIVEN]]
    words += [f"the creative of {given.previous}" if given.previous else ""]
    return plain(", ".join(word for word in words if word))


def _checks_table(analysis: Analysis, results: Sequence[CheckResult]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("check (* critical)", "state", "score", "time", "cost", "model"):
        right = title in ("score", "time", "cost")
        table.add_column(title, justify="right" if right else "left", no_wrap=title != "model")
    places = max(map(decimals, (analysis.cost_usd, *(r.cost_usd for r in results))))
    for result in results:
        table.add_row(
            Text(result.check_id + (" *" if result.critical else "")),
            Text(result.state, COLOURS.get(result.state, "dim")),
            number(result.score),
            "kept" if result.cached else seconds(result.duration_ms),
            usd(result.cost_usd, places) if result.cost_usd != 0 else "–",
            Text(plain(result.model_served or "")),
        )
    whole = seconds(analysis.duration_ms), usd(analysis.cost_usd, places)
    table.add_row(Text("from upload to verdict"), "", "", *whole, "", style="bold")
    return table


def kept_in_words(analysis: Analysis) -> str:
    """How many results are those of an earlier analysis; empty when none is."""
    count = sum(result.cached for result in analysis.checks)
    if not count:
        return ""
    return (
        f"{count} of {len(analysis.checks)} results were kept from an earlier check of this file."
    )


def _worst_first(result: CheckResult) -> tuple[int, str]:
    order = ("failed", "error", "unsure", "missing_input", "passed", "not_applicable", "skipped")
    return order.index(result.state), result.check_id


def _reasons(results: Sequence[CheckResult]) -> list[tuple[Text, Text]]:
    """Each reason once, with the checks that it stands for."""
    checks: dict[str, list[str]] = defaultdict(list)
    for result in results:
        for reason in filter(None, (result.reason, result.fallback_reason)):
            checks[reason].append(result.check_id)
    return [(Text("\n".join(ids)), Text(plain(reason))) for reason, ids in checks.items()]


def finding_rows(result: CheckResult, pages: int) -> list[tuple[Text, Text]]:
    marks = [Text(one.severity, COLOURS[one.severity]) for one in result.findings]
    told = ["\n".join(map(plain, _told(result.check_id, one, pages))) for one in result.findings]
    return [(mark, Text(words)) for mark, words in zip(marks, told, strict=True)]


def _told(check_id: str, finding: Finding, pages: int) -> Iterator[str]:
    yield f"{check_id}: {finding.message}"
    if finding.measured and finding.measured not in finding.message:
        yield f"measured: {finding.measured}"
    if finding.rule:
        yield f"rule: {finding.rule}"
    if where := where_of(finding, pages):
        size = f", {region.w:.0%} wide, {region.h:.0%} high" if (region := finding.region) else ""
        yield f"where: {where}{size}"
    if finding.fix:
        yield f"fix: {finding.fix}"


def grid(rows: Sequence[tuple[Text, Text]]) -> Padding:
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for left, right in rows:
        grid.add_row(left, right)
    return Padding.indent(grid, 2)


def plain(text: str) -> str:
    """Models and creatives wrote it: it must not steer the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


def progress_bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<32.32}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )


def number(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def seconds(duration_ms: int | None) -> str:
    return "" if duration_ms is None else f"{duration_ms / 1000:.2f} s"


def usd(cost: Decimal | None, places: int) -> str:
    return "unknown" if cost is None else f"${cost:.{places}f}"


def decimals(cost: Decimal | None) -> int:
    """Digits after the point that a person reads of the cost: two at least, six at most."""
    exponent = cost.normalize().as_tuple().exponent if cost else 0
    return min(max(2, -exponent), 6) if isinstance(exponent, int) else 2
