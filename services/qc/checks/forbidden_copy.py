"""Exact check: words and phrases that must not be there."""

import re
from collections.abc import Iterator, Sequence

from pydantic import Field, JsonValue

from libs.contracts.brand import Sentence
from libs.contracts.qc import Finding
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, missing_input
from services.qc.checks.reading import HYPHENS, Token, normal, place_of, words_in
from services.qc.checks.subject import Subject
from services.qc.checks.wanted_copy import copy_for, market_of
from services.qc.domain.creative import Page

MOST_FINDINGS = 30
ENDINGS = "(?:'?s|es|ed|d|ing|er|est|ly|n|en|e|em|es|er|ern|in|innen|ne|ment)?"
"""Common endings of English, German, French and Dutch words."""

ANY_WORDS = r"(?:\S+ ){0,8}?"


class ForbiddenCopy(Parameters):
    texts: list[Sentence] = Field(
        default=[],
        max_length=1_000,
        description="Words and phrases; {anything} in braces stands for up to eight words. "
        "Without any: the client's forbidden copy for the market",
    )
    inflections: bool = Field(
        default=False, description="Whether the last word may have an ending: cure, cures, cured"
    )


def measure(subject: Subject, parameters: ForbiddenCopy) -> Measured:
    """Score: 0 or 100. Whole words are looked for, whatever their case, over the ends of lines."""
    texts, unknown = list(parameters.texts), list[str]()
    if not texts:
        texts, unknown = copy_for(market_of(subject), subject.brief.brand.forbidden_copy)
    if not texts and unknown:
        return missing_input("All forbidden copy is for certain markets. Name the market.")
    if not texts:
        reason = "No forbidden copy is known. Give `texts`, or add it to the client's brand data."
        return missing_input(reason)
    findings = [
        _finding(subject, page, text, hit)
        for page in subject.pages
        for text, hit in _hits(subject, page, texts, parameters.inflections)
    ]
    measurements: dict[str, JsonValue] = {
        **subject.seen_pages(),
        "texts": len(texts),
        "hits": len(findings),
        "texts_of_unknown_market": len(unknown),
    }
    return judged(findings[:MOST_FINDINGS], measurements)


def _hits(
    subject: Subject, page: Page, texts: Sequence[str], inflections: bool
) -> Iterator[tuple[str, tuple[Token, ...]]]:
    """Each place once, though the page is read in more than one order."""
    told: set[tuple[str, Token]] = set()
    patterns = [(text, pattern) for text in texts if (pattern := _pattern(text, inflections))]
    for stream in subject.words(page):
        joined, starts = _joined(stream)
        for text, pattern in patterns:
            for hit in pattern.finditer(joined):
                tokens = tuple(stream[starts[hit.start()] : starts[hit.end() + 1]])
                if (text, tokens[0]) not in told:
                    told.add((text, tokens[0]))
                    yield text, tokens


def _joined(stream: Sequence[Token]) -> tuple[str, dict[int, int]]:
    """The words with a space round each, and the number of the word that begins at a place."""
    joined, starts = " ", {1: 0}
    for index, token in enumerate(stream, 1):
        following = stream[index] if index < len(stream) else None
        joined += normal(token.text) + ("" if _is_cut(token, following) else " ")
        starts[len(joined)] = index
    return f"{joined} ", starts


def _is_cut(token: Token, following: Token | None) -> bool:
    """A hyphen at the line's end, and the word goes on in the next line."""
    if following is None or following.line is token.line or not following.text[0].islower():
        return False
    return token.line.text[token.end :].strip() in HYPHENS


def _pattern(text: str, inflections: bool) -> re.Pattern[str] | None:
    parts = re.split(r"\{[^{}]*\}", text)
    fixed = [" ".join(re.escape(normal(word)) for word in words_in(part)) for part in parts]
    if not any(fixed):
        return None
    ending = ENDINGS if inflections else ""
    middle = f" {ANY_WORDS}".join(part for part in fixed if part)
    return re.compile(f"(?<= ){middle}{ending}(?= )")


def _finding(subject: Subject, page: Page, text: str, hit: tuple[Token, ...]) -> Finding:
    height, width = subject.rgb(page).shape[:2]
    return Finding(
        severity="critical",
        message=f"“{text}” must not be said.",
        measured=" ".join(token.text for token in hit),
        rule=f"never “{text}”",
        evidence=hit[0].line.text,
        fix="Take it out or say it in another way.",
        page=page.number,
        region=place_of(hit, width, height),
    )


CHECK = ExactCheck(
    measures="Words and phrases that must not be there",
    unit="hits",
    parameters=ForbiddenCopy,
    measure=measure,
    reads_words=True,
    example={"texts": ["cure", "100% {anything} guaranteed"], "inflections": True},
)
