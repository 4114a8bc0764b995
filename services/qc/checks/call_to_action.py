"""Exact check: whether one of the known calls to action is there."""

from collections.abc import Iterator

from pydantic import Field, JsonValue

from libs.contracts.brand import Word
from libs.contracts.qc import Finding, Region
from services.qc.checks.calls import CALLS, of_languages
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, missing_input
from services.qc.checks.reading import Token, normal, paragraphs, place_of, tokens_of, words_in
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page


class CallToAction(Parameters):
    phrases: list[Word] = Field(
        default=[],
        max_length=200,
        description="Calls of which one must be there; {anything} is not read here. Without "
        "any: usual calls of the client's languages, which can pass but not fail a creative",
    )
    anywhere: bool = Field(default=False, description="Whether a call may also begin within a line")


def measure(subject: Subject, parameters: CallToAction) -> Measured:
    """Score: 0 or 100. A call counts where it begins a line or a sentence, and may go on below."""
    usual = of_languages(CALLS, list(subject.brief.brand.languages))
    phrases = list(parameters.phrases) or usual
    found = [
        (phrase, page, place)
        for page in subject.pages
        for phrase, place in _calls(subject, page, phrases, parameters.anywhere)
    ]
    measurements: dict[str, JsonValue] = {
        **subject.seen_pages(),
        "calls": [
            {"phrase": phrase, "page": page.number, "region": place.model_dump()}
            for phrase, page, place in found
        ],
    }
    if found:
        return judged([], measurements)
    if not parameters.phrases:
        reason = "No usual call was found. Name yours in `phrases`, or let a model judge this."
        return missing_input(reason, measurements)
    finding = Finding(
        severity="major",
        message="There is no call to action.",
        measured="none",
        rule=f"one of: {', '.join(phrases)}"[:500],
        fix="Add one of the calls, at the start of a line.",
    )
    return judged([finding], measurements)


def _calls(
    subject: Subject, page: Page, phrases: list[str], anywhere: bool
) -> Iterator[tuple[str, Region]]:
    height, width = subject.rgb(page).shape[:2]
    wanted = {tuple(map(normal, words_in(phrase))): phrase for phrase in reversed(phrases)}
    lengths = sorted({len(words) for words in wanted if words}, reverse=True)
    for block in paragraphs(subject.lines(page)):
        tokens = [token for line in block for token in tokens_of(line)]
        words = [normal(token.text) for token in tokens]
        for at, token in enumerate(tokens):
            if not (anywhere or begins(token)):
                continue
            for length in lengths:
                phrase = wanted.get(tuple(words[at : at + length]))
                if phrase is not None:
                    yield phrase, place_of(tokens[at : at + length], width, height)
                    break


def begins(token: Token) -> bool:
    """Whether the word begins its line, or a sentence in it."""
    before = token.line.text[: token.start].rstrip()
    return not any(map(str.isalnum, before)) or before[-1] in ".!?:…•–—|>"


CHECK = ExactCheck(
    measures="Whether one of the known calls to action is there",
    unit="calls",
    parameters=CallToAction,
    measure=measure,
    reads_words=True,
    example={"phrases": ["Shop now", "Jetzt kaufen"]},
)
