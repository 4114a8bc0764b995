"""Exact check: how many words the creative has."""

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding
from services.qc.checks.headline import copy_of
from services.qc.checks.measured import (
    BadParameter,
    ExactCheck,
    Measured,
    Parameters,
    judged,
    missing_input,
)
from services.qc.checks.reading import place_of, tokens_of
from services.qc.checks.seen import Line
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page

Lines = list[tuple[Page, Line]]


class WordCount(Parameters):
    min_words: int = Field(default=0, ge=0, le=10_000, description="Least number of words")
    max_words: int | None = Field(
        default=None, ge=0, le=10_000, description="Greatest number of words"
    )
    max_headline_words: int | None = Field(
        default=None, ge=0, le=1_000, description="Greatest number of words in the largest text"
    )


def measure(subject: Subject, parameters: WordCount) -> Measured:
    """Score: 100 less the share by which the worst count misses its limit, in percent.

    A word is a run of letters or digits; figures count. Text inside the logo does not.
    """
    if parameters.max_words is not None and parameters.min_words > parameters.max_words:
        raise BadParameter("min_words: is greater than max_words")
    everything, headline = copy_of(subject, False), copy_of(subject, True)
    words, headline_words = _count(everything), _count(headline)
    measurements: dict[str, JsonValue] = {
        **subject.seen_pages(),
        "words": words,
        "headline_words": headline_words,
    }
    if parameters == WordCount():
        reason = "No limit is known. Give `max_words`, `min_words` or `max_headline_words`."
        return missing_input(reason, measurements)
    misses = [
        (words, parameters.min_words, None, everything, ""),
        (words, None, parameters.max_words, everything, ""),
        (headline_words, None, parameters.max_headline_words, headline, " in the largest text"),
    ]
    findings, score = [], 100.0
    for count, least, most, lines, where in misses:
        if (least is not None and count < least) or (most is not None and count > most):
            findings.append(_finding(subject, count, least, most, lines, where))
            limit = least if most is None else most
            score = min(score, 100 - 100 * abs(count - (limit or 0)) / max(limit or 1, 1))
    return judged(findings, measurements, max(0.0, score))


def _count(lines: Lines) -> int:
    return sum(
        1 for _, line in lines for token in tokens_of(line) if any(map(str.isalnum, token.text))
    )


def _finding(
    subject: Subject, count: int, least: int | None, most: int | None, lines: Lines, where: str
) -> Finding:
    page = lines[0][0] if lines else subject.pages[0]
    tokens = [token for on, line in lines if on is page for token in tokens_of(line)]
    height, width = subject.rgb(page).shape[:2]
    rule = f"at least {least}" if most is None else f"at most {most}"
    return Finding(
        severity="major",
        message=f"There are too {'few' if most is None else 'many'} words{where}.",
        measured=f"{count} words",
        rule=f"{rule} words{where}",
        evidence=" / ".join(line.text for _, line in lines)[:300] or None,
        fix="Say more." if most is None else "Say it in fewer words.",
        page=page.number,
        region=place_of(tokens, width, height) if tokens else None,
    )


CHECK = ExactCheck(
    measures="Number of words, in all and in the largest text",
    unit="words",
    parameters=WordCount,
    measure=measure,
    reads_words=True,
    example={"max_words": 20, "max_headline_words": 6},
)
