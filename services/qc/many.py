"""Many creatives in one command: some at a time, told in order, with a table at the end."""

import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rich.text import Text

from libs.api.gateway import GatewayApi
from libs.contracts.qc import Analysis
from libs.problems import Forbidden, NotFound, Problem, TooMany, Unauthenticated
from services.qc import commands
from services.qc.commands import COLOURS, COULD_NOT_RUN, Question
from services.qc.domain.report import calls_in_words, suspicion_in_words

AT_A_TIME = 4
MOST_TRIES = 20
OF_THE_QUESTION = (NotFound, Forbidden, Unauthenticated)
ALSO_OF_IT = {
    "unknown_check",
    "unknown_placement",
    "unknown_reference",
    "no_active_plan",
    "bad_market",
}


@dataclass(frozen=True, slots=True)
class Checked:
    """A file with its analysis, or with why it has none."""

    file: Path
    analysis: Analysis | None = None
    code: str = ""
    why: str = ""

    @property
    def exit_code(self) -> int:
        return commands.exit_code(self.analysis) if self.analysis else COULD_NOT_RUN

    @property
    def verdict(self) -> str:
        if self.analysis is None:
            return "could not run"
        return self.analysis.verdict or self.analysis.state

    def as_json(self) -> str:
        """One line: the analysis with its file, or the file and the problem."""
        told = self.analysis.model_dump(mode="json") if self.analysis else {}
        problem = {} if self.analysis else {"problem": {"code": self.code, "detail": self.why}}
        return json.dumps({"file": str(self.file), **told, **problem})


async def check_all(
    api: GatewayApi, files: Sequence[Path], question: Question, console: Console
) -> AsyncGenerator[Checked, None]:
    """The files in their order, each as soon as it and those before it have ended.

    One that cannot be checked stops no other. Raises the problem when the question itself is
    wrong: an unknown client, profile or check, or no right to ask.
    """
    places = asyncio.Semaphore(AT_A_TIME)
    with commands.progress_bar(console) as bar:
        whole = bar.add_task(f"{len(files)} creatives", total=len(files))

        async def one(file: Path) -> Checked:
            async with places:
                checked = await _check(api, file, question, bar)
            bar.advance(whole)
            return checked

        tasks = [asyncio.create_task(one(file)) for file in files]
        try:
            for task in tasks:
                yield await task
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _check(api: GatewayApi, file: Path, question: Question, bar: Progress) -> Checked:
    for attempt in range(MOST_TRIES):
        try:
            return Checked(file, await commands.follow(api, file, question, bar))
        except OSError as error:
            return Checked(file, code="cannot_read", why=error.strerror or str(error))
        except TooMany as busy:
            if attempt == MOST_TRIES - 1:
                return Checked(file, code=busy.code, why=busy.detail)
            await asyncio.sleep(busy.retry_after_s or 1)
        except Problem as problem:
            if isinstance(problem, OF_THE_QUESTION) or problem.code in ALSO_OF_IT:
                raise
            return Checked(file, code=problem.code, why=problem.detail)
    raise AssertionError("the last try returns")


def show_remarks(checked: Checked, console: Console) -> None:
    """What is wrong with one of many: nothing for a file that passes without a finding."""
    analysis = checked.analysis
    rows = [(Text("could not run"), Text(commands.plain(checked.why)))]
    if analysis:
        pages = analysis.creative.pages
        rows = [row for one in analysis.checks for row in commands.finding_rows(one, pages)]
        for words in map(suspicion_in_words, analysis.suspected):
            rows.insert(0, (Text("orders", "bold red"), Text(commands.plain(words))))
        if analysis.reason:
            rows.append((Text(analysis.state), Text(commands.plain(analysis.reason))))
    if rows:
        console.print(Text(f"\n{commands.plain(str(checked.file))}", "bold"), soft_wrap=True)
        console.print(commands.grid(rows))


def names_of(all_checked: Sequence[Checked]) -> list[str]:
    """What people read: each file's path from the folder that holds them all, in plain letters.

    A file that was run several times has the number of the run behind it.
    """
    whole = [one.file.absolute() for one in all_checked]
    shared = os.path.commonpath([file.parent for file in whole])
    runs, told = Counter(whole), Counter[Path]()
    names = []
    for file in whole:
        told[file] += 1
        run = f" ({told[file]} of {runs[file]})" if runs[file] > 1 else ""
        names.append(commands.plain(f"{file.relative_to(shared)}{run}"))
    return names


def show_table(all_checked: Sequence[Checked], console: Console) -> None:
    """A line for each file, and what they come to."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("file", "verdict", "score", "coverage", "failed", "cost"):
        right = title in ("score", "coverage", "cost")
        table.add_column(title, justify="right" if right else "left", overflow="fold")
    costs = [one.analysis.cost_usd for one in all_checked if one.analysis]
    places = max((commands.decimals(cost) for cost in costs), default=2)
    for name, one in zip(names_of(all_checked), all_checked, strict=True):
        table.add_row(
            Text(name),
            Text(one.verdict, COLOURS.get(one.verdict, "bold red")),
            *_cells(one.analysis, places),
        )
    console.print()
    console.print(table)
    counts = Counter(one.verdict for one in all_checked)
    words = ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
    known = [cost for cost in costs if cost is not None]
    spent = commands.usd(sum(known, Decimal(0)) if len(known) == len(costs) else None, places)
    unknown = sum(one.analysis.unknown_calls for one in all_checked if one.analysis)
    spent += f" and {calls_in_words(unknown)} of unknown cost" if unknown else ""
    console.print(f"\n{len(all_checked)} creatives: {words}; cost {spent}{_kept(all_checked)}")


def _cells(analysis: Analysis | None, places: int) -> tuple[str, ...]:
    if analysis is None:
        return "–", "–", "", ""
    failed = [result.check_id for result in analysis.checks if result.state == "failed"]
    score, coverage = commands.number(analysis.score), commands.number(analysis.coverage)
    return score, coverage, ", ".join(failed), commands.usd(analysis.cost_usd, places)


def _kept(all_checked: Sequence[Checked]) -> str:
    results = [result for one in all_checked if one.analysis for result in one.analysis.checks]
    count = sum(result.cached for result in results)
    return f"; {count} of {len(results)} results kept from earlier" if count else ""
