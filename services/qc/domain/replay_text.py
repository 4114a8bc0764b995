"""A replay as a table of plain text: a line for each creative, then what it comes to."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from libs.contracts.replays import Replay, ReplayedCreative, ReplaySide, ReplaySummary

WIDTHS = (34, 18, 18, 8, 22, 24)
PLACES = Decimal("0.000001")
TITLES = ("creative", "before", "after", "score", "findings", "cost")


def replay_text(replay: Replay) -> str:
    """Nothing in it steers a terminal: what others wrote is made printable."""
    lines = [title_of(replay), "", _line(TITLES)]
    lines += [_line(_cells(one)) for one in replay.items]
    lines += ["", *summary_lines(replay)]
    left_out = [one for one in replay.items if one.state == "not_replayed"]
    if left_out:
        lines += ["", "Not replayed"]
        lines += [f"  {printable(one.file_name)}: {printable(why_not(one))}" for one in left_out]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def title_of(replay: ReplaySummary) -> str:
    """`Replay of summer_kv_v3 (an edit of it) for diageo: done`."""
    profile = replay.profile
    what = {"version": "", "edit": " (an edit of it)", "draft": " (a draft of it)"}
    name = f"{printable(profile.profile_id)}{what[profile.source]}"
    return f"Replay of {name} for {printable(replay.client_id)}: {replay.state}"


def summary_lines(replay: Replay) -> Iterator[str]:
    """What it comes to, in sentences."""
    found = replay.totals
    yield (
        f"{found.replayed} of {found.creatives} replayed; mean score "
        f"{_number(found.mean_score_before)} → {_number(found.mean_score_after)}; "
        f"{found.better} better, {found.worse} worse"
    )
    flips = ", ".join(f"{count} × {words}" for words, count in found.flips.items())
    yield f"verdicts that flip: {flips or 'none'}"
    yield f"findings: {found.findings_new} new, {found.findings_gone} gone"
    yield (
        f"results: {found.measured} measured anew, {found.asked} asked again, "
        f"{found.carried} stored answers that still count"
    )
    yield (
        f"cost of these analyses: {dollars(found.cost_before_usd)} → "
        f"{dollars(found.cost_after_usd)}; the replay took {dollars(replay.spent_usd)} of "
        f"{dollars(replay.budget_usd)}"
    )


def why_not(one: ReplayedCreative) -> str:
    """Why it was not replayed, in words."""
    return one.reason or (one.code or "unknown").replace("_", " ")


def dollars(cost: Decimal | None) -> str:
    """As exact as the ledger is."""
    return "unknown" if cost is None else f"${cost.normalize():f}"


def short_dollars(cost: Decimal | None) -> str:
    """Room for a column; the sums below are exact."""
    return "unknown" if cost is None else f"${cost.quantize(PLACES)}"


def printable(text: str) -> str:
    """One line of `text` that steers nothing."""
    return "".join(c if c.isprintable() else " " for c in text)


def findings_in_words(one: ReplayedCreative) -> str:
    """`2 new, 1 gone`; empty when all stay."""
    fates = [found.fate for check in one.checks for found in check.findings]
    counts = ((fates.count(fate), fate) for fate in ("new", "gone"))
    return ", ".join(f"{count} {fate}" for count, fate in counts if count)


def signed(change: float | None) -> str:
    """`+3.5`; a dash where one side has no score."""
    return "–" if change is None else f"{change:+g}" if change else "0"


def _cells(one: ReplayedCreative) -> Sequence[str]:
    if one.after is None:
        words = one.code if one.state == "not_replayed" else one.state
        return (printable(one.file_name), _side(one.before), (words or "").replace("_", " "))
    cost = f"{short_dollars(one.before.cost_usd)} → {short_dollars(one.after.cost_usd)}"
    after = f"{_side(one.after)}{' !' if one.flips else ''}"
    change, findings = signed(one.score_change), findings_in_words(one) or "the same"
    return (printable(one.file_name), _side(one.before), after, change, findings, cost)


def _side(side: ReplaySide) -> str:
    return f"{side.verdict or '–'} {_number(side.score)}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _line(cells: Sequence[str]) -> str:
    fitted = (
        cell if len(cell) <= width else f"{cell[: width - 1]}…"
        for cell, width in zip(cells, WIDTHS, strict=False)
    )
    return "  ".join(f"{cell:<{width}}" for cell, width in zip(fitted, WIDTHS, strict=False))
