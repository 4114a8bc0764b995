"""Comparisons, reliability and agreement as tables on a terminal."""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from libs.contracts.qc import Analysis
from libs.contracts.review import (
    Agreement,
    Change,
    CheckAgreement,
    ComparedCheck,
    Comparison,
    Estimate,
    ReliabilityReport,
)
from services.qc.commands import COLOURS, grid, number, plain, show
from services.qc.domain.compare import signed, summary
from services.qc.domain.report import suspicion_in_words
from services.qc.domain.report_words import before_reviews, reviews_of

CHANGE_COLOURS: dict[Change, str] = {"worse": "red", "better": "green", "other": "yellow"}
WHOLE = ("check", "reviewed", "abstained", "people")
"""Columns that are as wide as what stands in them."""
FATE_COLOURS = {"new": "red", "gone": "green", "stays": "dim"}


def show_reviewed(analysis: Analysis, console: Console) -> None:
    """As `aiqc check` shows it, with what reviewers said of it."""
    show(analysis, console)
    reviews = reviews_of(analysis)
    if analysis.given.rerun_of:
        carried = sum(result.carried_from is not None for result in analysis.checks)
        console.print(f"\nRun again from {analysis.given.rerun_of}: {carried} results carried on.")
    if before := before_reviews(analysis):
        console.print(Text(f"\n{plain(before)}"))
    if reviews:
        console.print("\nReviewed", style="bold")
        rows = [(check_id, f"{said}. {why}" if why else said) for check_id, said, why in reviews]
        console.print(grid([(Text(plain(left)), Text(plain(right))) for left, right in rows]))


def show_comparison(found: Comparison, console: Console) -> None:
    for name, side in (("before", found.before), ("after", found.after)):
        verdict = side.verdict or "no verdict"
        console.print(
            Text.assemble(
                f"{name:<7}",
                (verdict.upper(), COLOURS.get(verdict, "bold")),
                f"  score {number(side.score)}  coverage {number(side.coverage)} %"
                f"  {plain(side.creative.file_name)}  {side.profile_id} version "
                f"{side.profile_version}",
            ),
            soft_wrap=True,
        )
        for words in map(suspicion_in_words, side.suspected):
            console.print(Text(f"       {plain(words)}"), soft_wrap=True)
    for difference in found.differs:
        console.print(Text(f"differs: {plain(difference)}", "dim"))
    table = _table("check", "change", "before", "after", "score")
    for check in found.checks:
        colour = CHANGE_COLOURS.get(check.change, "dim")
        before = _state(check.before_state, check.before_score)
        after = _state(check.after_state, check.after_score)
        change = Text(check.change, colour)
        table.add_row(
            Text(plain(check.check_id)), change, before, after, signed(check.score_change)
        )
    console.print()
    console.print(table)
    rows = [row for check in found.checks for row in _remarks(check)]
    if rows:
        console.print()
        console.print(grid(rows))
    console.print(f"\n{summary(found)}", highlight=False)


def _state(state: str | None, score: float | None) -> str:
    return "–" if state is None else f"{state} {number(score)}"


def _remarks(check: ComparedCheck) -> Iterable[tuple[Text, Text]]:
    for why in check.why:
        yield Text("why", "dim"), Text(plain(f"{check.check_id}: {why}"))
    for one in check.findings:
        message = plain(f"{check.check_id}: {one.finding.message}")
        yield Text(one.fate, FATE_COLOURS[one.fate]), Text(message)


def show_reliability(found: ReliabilityReport, console: Console) -> None:
    if not found.checks:
        console.print("Nobody has confirmed or overridden a result yet.")
        return
    table = _table("check", "reviewed", "precision", "recall", "kappa", "abstained", "people")
    table.padding = (0, 1, 0, 0)  # all of it stands on eighty columns
    for check in found.checks:
        table.add_row(
            Text(plain(check.check_id)),
            str(check.n),
            estimate(check.precision),
            estimate(check.recall),
            estimate(check.kappa, share=False),
            str(check.confusion.abstained),
            str(check.reviewers),
        )
    console.print(table)
    console.print(
        "\nOf results that people confirmed or overrode; in brackets the 95 % interval and of how "
        "many.\nPrecision: of what failed, how much was wrong indeed. Recall: of what was wrong, "
        "how much failed.",
        style="dim",
    )


def show_agreement(found: Agreement, console: Console) -> None:
    table = _table("check", "same every time", "kappa", "score spread", "states")
    for check in found.checks:
        table.add_row(
            Text(plain(check.check_id)),
            estimate(check.exact),
            "–" if check.kappa is None else f"{check.kappa:.2f}",
            _spread(check),
            ", ".join(f"{count} {state}" for state, count in check.states.items()),
        )
    console.print()
    console.print(table)
    kappa = "–" if found.kappa is None else f"{found.kappa:.2f}"
    console.print(
        f"\n{found.repeats} repeats: results the same every time {estimate(found.exact)}, "
        f"verdicts {estimate(found.verdicts)}, Fleiss' kappa {kappa}",
        highlight=False,
    )


def _spread(check: CheckAgreement) -> str:
    most, mean = check.score_spread_most, check.score_spread_mean
    return "–" if most is None or mean is None else f"{mean:g} on average, {most:g} at most"


def estimate(found: Estimate, *, share: bool = True) -> str:
    """Value, 95 % interval and n; kappa without per cent."""
    if found.value is None or found.low is None or found.high is None:
        return f"– (n={found.of})"
    if share:
        return f"{found.value:.0%} ({found.low * 100:.0f}–{found.high * 100:.0f}, n={found.of})"
    return f"{found.value:.2f} ({found.low:.2f} to {found.high:.2f})"


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in titles:
        table.add_column(title, overflow="fold", no_wrap=title in WHOLE)
    return table
