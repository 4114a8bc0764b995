"""What reports say of reviewers, reruns and where results come from, as text for people."""

from collections import defaultdict
from collections.abc import Sequence

from libs.contracts.overrides import Override
from libs.contracts.qc import Analysis, CheckResult
from libs.contracts.review import Provenance
from services.qc.domain.provenance import provenance
from services.qc.domain.report import measured_in_words, moment, number_in_words


def scored(state: str, score: float | None) -> str:
    """`not applicable`, or `failed, 40`."""
    words = state.replace("_", " ")
    return words if score is None else f"{words}, {number_in_words(score)}"


def found_in_words(result: CheckResult) -> str:
    """What was found where a reviewer said otherwise; empty where it counts."""
    return f"found: {scored(result.found.state, result.found.score)}" if result.found else ""


def said_in_words(word: Override) -> str:
    said = "took it back" if word.state is None else f"said {scored(word.state, word.score)}"
    return f"{word.by_name}, {moment(word.at)}: {said}"


def reviews_of(analysis: Analysis) -> list[tuple[str, str, str]]:
    """Check, who said what and when, and why: everything that was said, in order."""
    return [
        (result.check_id, said_in_words(word), word.reason)
        for result in analysis.checks
        for word in result.overrides
    ]


def before_reviews(analysis: Analysis) -> str:
    """What the analysis came to by itself, where reviewers changed it; else empty."""
    found = analysis.found
    if found is None:
        return ""
    changed = [result.check_id for result in analysis.checks if result.found]
    return (
        f"Reviewers changed {', '.join(changed)}. Found by itself: {found.verdict}, "
        f"{number_in_words(found.score)} of 100, {number_in_words(found.coverage)} % judged."
    )


def told_of(result: CheckResult) -> str:
    """Measurements, who answered, and where a result was found that a rerun carried on."""
    filled = f"{result.fill_percentage:g} % filled" if result.fill_percentage is not None else ""
    origin = f"carried on from {result.carried_from}" if result.carried_from else ""
    tools = ", ".join(f"{count} × {name}" for name, count in result.tool_calls.items())
    words = (measured_in_words(result), _answered(result), filled, tools, _triage(result), origin)
    return " · ".join(word for word in words if word)


def _answered(result: CheckResult) -> str:
    """The model that answered; where it is not the first one's, which were tried, and why."""
    served = result.model_served or ""
    if not result.fallback_reason:
        return served
    tried = ", then ".join(result.attempted_models)
    return f"{served} (asked: {tried}; {result.fallback_reason})"


def _triage(result: CheckResult) -> str:
    """What a cheaper model said that was asked first, and why another was wanted."""
    first = result.triage
    if first is None:
        return ""
    said = scored(first.state, first.score) if first.state else "nothing usable"
    if first.reason is None:
        return f"{first.model} was asked first and enough: {said}"
    again = "asked again" if first.answered_again else "not asked again"
    return f"{first.model} said first: {said}; {again}: {first.reason.replace('_', ' ')}"


def sources_of(analysis: Analysis) -> list[tuple[str, str]]:
    """Name and value of what the results follow from, beyond file and profile version."""
    known = provenance(analysis)
    facts = [(f"{name}, SHA-256", sha256) for name, sha256 in known.references.items()]
    facts += [("Models", ", ".join(known.models))]
    facts += [
        (f"Prompt of {', '.join(ids)}, SHA-256", sha256) for sha256, ids in _words_of(known).items()
    ]
    facts += [
        ("Form of answers, SHA-256", sha256)
        for sha256 in sorted({one.schema_sha256 or "" for one in known.asked})
    ]
    facts += [("Run again from", str(analysis.given.rerun_of or ""))]
    facts += [("Result, SHA-256", known.result_sha256)]
    return [(name, value) for name, value in facts if value]


def _words_of(known: Provenance) -> dict[str, list[str]]:
    """By hash of the prompt, the checks that were asked with it."""
    checks: dict[str, list[str]] = defaultdict(list)
    for one in known.asked:
        checks[one.prompt_sha256 or ""].append(one.check_id)
    return checks


def overruled(results: Sequence[CheckResult]) -> set[str]:
    """Checks that failed by themselves and do not count as failed: their findings are disputed."""
    return {one.check_id for one in results if one.found and one.state != "failed"}
