"""Exact check: capitals and small letters of the copy."""

import re
from typing import Literal

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding
from services.qc.checks.headline import copy_of
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, not_applicable
from services.qc.checks.reading import Token, paragraphs, part_of, tokens_of
from services.qc.checks.seen import Line
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page

Rule = Literal["lowercase", "no_all_caps", "sentence_case"]

RULES: dict[Rule, str] = {
    "lowercase": "small letters only",
    "no_all_caps": "no words in capitals",
    "sentence_case": "a capital only where a sentence begins",
}
SENTENCE_END = re.compile(r"[.!?:…•–—]['\"”’»)]*\s*$")
SAME_AS_SMALL = frozenset("COSVWXZ")
"""Capitals that OCR cannot tell from their small letters when one stands alone."""

LONGEST_ACRONYM = 4
MOST_FINDINGS = 20


class LowercaseText(Parameters):
    rule: Rule = Field(default="lowercase", description="What the letters must be")
    scope: Literal["headline", "all"] = Field(
        default="headline", description="Which text: the largest on each page, or all of it"
    )
    allowed_words: list[str] = Field(
        default=[],
        max_length=2_000,
        description="Names that keep their capitals; the client's words are allowed as well",
    )


def measure(subject: Subject, parameters: LowercaseText) -> Measured:
    """Score: the share of words that keep the rule, in percent.

    In `no_all_caps` and `sentence_case` acronyms of up to four letters are left out. Sentence
    case cannot know names: give them in `allowed_words`.
    """
    allowed = {
        part.casefold()
        for word in [*parameters.allowed_words, *subject.brief.brand.words]
        for part in word.split()
    }
    lines = copy_of(subject, parameters.scope == "headline")
    words = [
        (page, token, first)
        for page in subject.pages
        for token, first in _tokens([line for on, line in lines if on is page])
        if any(map(str.isalpha, token.text)) and token.text.casefold() not in allowed
    ]
    measurements: dict[str, JsonValue] = {**subject.seen_pages(), "words": len(words)}
    if not words:
        reason = "There are only numbers and allowed words." if lines else "No text was found."
        return not_applicable(reason, measurements)
    breaches = [one for one in words if _breaks(parameters.rule, one[1], one[2])]
    measurements["words_against_the_rule"] = len(breaches)
    findings = [_finding(subject, page, token, parameters.rule) for page, token, _ in breaches]
    score = 100 * (1 - len(breaches) / len(words))
    return judged(findings[:MOST_FINDINGS], measurements, score)


def _tokens(lines: list[Line]) -> list[tuple[Token, bool]]:
    """Words, and whether each begins a sentence: after a full stop, or atop a paragraph."""
    found = []
    for block in paragraphs(lines):
        begins = True
        for line in block:
            end = 0
            for token in tokens_of(line):
                begins = begins or bool(SENTENCE_END.search(line.text[end : token.start]))
                found.append((token, begins))
                begins, end = False, token.end
            begins = begins or bool(SENTENCE_END.search(line.text[end:]))
    return found


def _breaks(rule: Rule, token: Token, begins_sentence: bool) -> bool:
    text = token.text
    letters = [c for c in text if c.isalpha()]
    if rule == "lowercase":
        return any(c.isupper() for c in letters) and not _may_be_misread(token)
    if len(letters) <= LONGEST_ACRONYM and text.isupper():
        return False
    if rule == "no_all_caps":
        return text.isupper()
    return text.isupper() or (letters[0].isupper() and not begins_sentence)


def _may_be_misread(token: Token) -> bool:
    capitals = {c for c in token.text if c.isupper()}
    return not token.line.exact and len(token.text) == 1 and capitals <= SAME_AS_SMALL


def _finding(subject: Subject, page: Page, token: Token, rule: Rule) -> Finding:
    height, width = subject.rgb(page).shape[:2]
    return Finding(
        severity="major",
        message=f"“{token.text}” is not set as the rule says.",
        measured=token.text,
        rule=RULES[rule],
        evidence=token.line.text,
        fix="Change the letters, or add the word to the allowed ones when it is a name.",
        page=page.number,
        region=part_of(token.line, token.start, token.end, width, height),
    )


CHECK = ExactCheck(
    measures="Capitals and small letters of the copy",
    unit="words",
    parameters=LowercaseText,
    measure=measure,
    reads_words=True,
    example={"rule": "no_all_caps", "scope": "all", "allowed_words": ["NASA"]},
)
