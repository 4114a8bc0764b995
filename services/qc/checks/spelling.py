"""Exact check: words that are not in the dictionary."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field, JsonValue, field_validator, model_validator

from libs.contracts.qc import Finding
from services.qc.checks.languages import LANGUAGES, dictionary_for
from services.qc.checks.measured import (
    ExactCheck,
    Measured,
    Parameters,
    judged,
    missing_input,
    not_applicable,
)
from services.qc.checks.misread import Unknown, names_in, told
from services.qc.checks.reading import paragraphs
from services.qc.checks.speller import Speller
from services.qc.checks.subject import Subject
from services.qc.checks.words import Word, words_across
from services.qc.domain.creative import Page

COST_OF_A_MISTAKE = 25
MOST_FINDINGS = 20
MOST_LANGUAGES = 3
"""A dictionary takes up to 230 MB."""

FOREIGN_SHARE = 0.5
FOREIGN_WORDS = 8
FOREIGN_PARAGRAPH_WORDS = 4
DEFAULT = "en_GB"

Words = list[tuple[Page, Word]]


class Spelling(Parameters):
    languages: list[str] = Field(
        default=[],
        max_length=MOST_LANGUAGES,
        description="Dictionaries, the likeliest first; a word is right when one knows it. "
        "Without any: the client's languages, else en_GB",
        json_schema_extra={"items": {"type": "string", "enum": list(LANGUAGES)}},
    )
    allowed_words: list[str] = Field(
        default=[],
        max_length=2_000,
        description="Names and words that are right here, beside the client's own words",
    )

    @model_validator(mode="before")
    @classmethod
    def _one_language(cls, given: Any) -> Any:
        """Profiles of version 1 name one `language`."""
        if isinstance(given, dict) and "language" in given and "languages" not in given:
            rest = {name: value for name, value in given.items() if name != "language"}
            return {**rest, "languages": [given["language"]]}
        return given

    @field_validator("languages")
    @classmethod
    def _are_known(cls, languages: list[str]) -> list[str]:
        for language in languages:
            if dictionary_for(language) is None:
                raise ValueError(f"“{language}” is not one of {', '.join(LANGUAGES)}")
        return languages


def measure(subject: Subject, parameters: Spelling) -> Measured:
    """Score: 100 less 25 for each different word that is wrong, at least 0.

    Wrong is a word that is a slip away from a known one, unless OCR may have misread it; any
    other unknown word may be a name: a minor finding without a cost. Judged are lines that OCR
    is sure of, outside the logo. A paragraph in another language is not judged, nor is a
    creative where most words are unknown.
    """
    names = parameters.languages or list(subject.brief.brand.languages) or [DEFAULT]
    dictionaries = list(dict.fromkeys(filter(None, map(dictionary_for, names))))[:MOST_LANGUAGES]
    if not dictionaries:
        return missing_input(f"There is no dictionary for {', '.join(names)}. Set `languages`.")
    blocks = list(_blocks(subject))
    words = [one for block in blocks for one in block]
    measurements: dict[str, JsonValue] = {
        **subject.seen_pages(),
        "words": len(words),
        "languages": list(dictionaries),
    }
    if not words:
        return not_applicable("No words were found that a dictionary can judge.", measurements)
    speller = Speller(dictionaries, [*parameters.allowed_words, *subject.brief.brand.words])
    unknown = [one for one in words if not _knows(speller, one[1])]
    measurements["unknown_words"] = dict(Counter(word.text for _, word in unknown))
    if len(unknown) > FOREIGN_SHARE * len(words) and len(words) >= FOREIGN_WORDS:
        reason = f"The text does not look like {' or '.join(dictionaries)}: set `languages`."
        return not_applicable(reason, measurements)
    foreign = {id(word) for block in blocks if _is_foreign(speller, block) for _, word in block}
    measurements["words_of_other_languages"] = len(foreign)
    judged_words = [one for one in unknown if id(one[1]) not in foreign]
    findings = list(_findings(subject, speller, judged_words))
    findings.sort(key=lambda finding: finding.severity)
    mistakes = {finding.measured for finding in findings if finding.severity == "major"}
    score = max(0, 100 - COST_OF_A_MISTAKE * len(mistakes))
    return judged(findings[:MOST_FINDINGS], measurements, score)


def _blocks(subject: Subject) -> Iterator[Words]:
    for page in subject.pages:
        for block in paragraphs(subject.copy_lines(page)):
            yield [(page, word) for word in words_across(block)]


def _knows(speller: Speller, word: Word) -> bool:
    return speller.knows(word.text) or (not word.line.exact and speller.is_run_together(word.text))


def _is_foreign(speller: Speller, block: Words) -> bool:
    unknown = sum(not _knows(speller, word) for _, word in block)
    return len(block) >= FOREIGN_PARAGRAPH_WORDS and unknown > FOREIGN_SHARE * len(block)


def _findings(subject: Subject, speller: Speller, unknown: Words) -> Iterator[Finding]:
    words = [word for _, word in unknown]
    lines = [line for page in subject.pages for line in subject.lines(page)]
    names = names_in(lines, words, speller)
    verdicts = {text: told(one, speller, names) for text, one in Unknown.of(words).items()}
    for page, word in unknown:
        severity, meant = verdicts[word.text]
        if severity is not None:
            yield _finding(subject, page, word, severity, meant)


def _finding(
    subject: Subject, page: Page, word: Word, severity: Literal["major", "minor"], meant: list[str]
) -> Finding:
    height, width = subject.rgb(page).shape[:2]
    instead = f"Perhaps {' or '.join(f'“{one}”' for one in meant)}? " if meant else ""
    return Finding(
        severity=severity,
        message=f"“{word.text}” is not in the dictionary{'' if meant else '; it may be a name'}.",
        measured=word.text,
        rule="every word is in the dictionary or among the allowed words",
        evidence=word.line.text,
        fix=f"{instead}If it is right, add it to the allowed words.",
        page=page.number,
        region=word.region(width, height),
    )


CHECK = ExactCheck(
    measures="Words that are not in the dictionary",
    unit="words",
    parameters=Spelling,
    measure=measure,
    reads_words=True,
    example={"languages": ["en_GB", "fr_FR"], "allowed_words": ["Smirnoff"]},
    version=3,
)
