"""Exact check: whether the creative says that the product is new, or does not."""

import re
from collections.abc import Iterator
from typing import Literal

from pydantic import Field, JsonValue

from libs.contracts.brand import Word
from libs.contracts.qc import Finding
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, not_applicable
from services.qc.checks.seen import Line, LogoMatch
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page

KIND = "brand_asset"
NEW: dict[str, tuple[str, ...]] = {
    "en": ("new",),
    "de": ("neu", "neue", "neuer", "neues", "neuheit"),
    "fr": ("nouveau", "nouvelle", "nouveauté", "nouveaute"),
    "es": ("nuevo", "nueva", "novedad"),
    "it": ("nuovo", "nuova", "novità", "novita"),
    "pt": ("novo", "nova", "novidade"),
    "nl": ("nieuw", "nieuwe"),
    "sv": ("nyhet", "nya"),
    "da": ("nyhed", "nye"),
    "no": ("nyhet", "nye"),
    "pl": ("nowy", "nowa", "nowe", "nowość"),
    "cs": ("nový", "nová", "nové", "novinka"),
}
"""Short forms such as "ny" are left out: they are found in names and codes."""


class NewVisibility(Parameters):
    rule: Literal["required", "forbidden"] = Field(
        default="required", description="Whether the creative must say so or must not"
    )
    words: tuple[Word, ...] = Field(
        default=(), max_length=100, description="Words that say so; none: those of the languages"
    )
    languages: tuple[Word, ...] = Field(
        default=(),
        max_length=20,
        description="Such as en or de_DE; none: those of the brand client, else all that are known",
    )
    capitals_only: bool = Field(
        default=False, description="Whether only a word in capitals counts, as on a badge"
    )
    min_height_share: float = Field(
        default=0.0, ge=0, le=1, description="Least height of the word, as a share of the page"
    )


def measure(subject: Subject, parameters: NewVisibility) -> Measured:
    """Score: 0 or 100.

    A brand asset with such a word in its name is a badge: it counts like the word in the copy.
    """
    words = _words(subject, parameters)
    if not words:
        return not_applicable(
            "No words for “new” are known in these languages. Give parameter words."
        )
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, words))})(?!\w)", re.IGNORECASE)
    places = list(_badges(subject, pattern)) or list(_copy(subject, pattern, parameters))
    measurements: dict[str, JsonValue] = {**subject.seen_pages(), "places": len(places)}
    if parameters.rule == "forbidden":
        return judged([_forbidden(*place) for place in places], measurements)
    if places:
        return judged([], measurements | {"found": places[0][1]})
    missing = Finding(
        severity="major",
        message="Nothing says that the product is new.",
        measured="not found",
        rule=f"one of {', '.join(words[:6])}",
        fix="Add the badge or the word.",
    )
    return judged([missing], measurements)


Place = tuple[Page, str, Line | LogoMatch]


def _words(subject: Subject, parameters: NewVisibility) -> tuple[str, ...]:
    if parameters.words:
        return parameters.words
    languages = parameters.languages or subject.brief.brand.languages or tuple(NEW)
    known = (NEW.get(re.split("[-_]", language.lower())[0], ()) for language in languages)
    return tuple(dict.fromkeys(word for words in known for word in words))


def _badges(subject: Subject, pattern: re.Pattern[str]) -> Iterator[Place]:
    for file in subject.brief.files(KIND):
        if pattern.search(file.name.replace("_", " ")):
            for page in subject.pages:
                for match in subject.marks(page, KIND, file.name).matches:
                    yield page, file.name, match


def _copy(subject: Subject, pattern: re.Pattern[str], parameters: NewVisibility) -> Iterator[Place]:
    for page in subject.pages:
        for line in subject.copy_lines(page):
            found = pattern.search(line.text)
            if not found or (parameters.capitals_only and not found.group().isupper()):
                continue
            if line.region.h >= parameters.min_height_share:
                yield page, found.group(), line


def _forbidden(page: Page, word: str, place: Line | LogoMatch) -> Finding:
    return Finding(
        severity="major",
        message=f"The creative says “{word}”.",
        measured=word,
        rule="not called new",
        evidence=place.text if isinstance(place, Line) else f"matches {place.reference}",
        fix="Remove it.",
        page=page.number,
        region=place.region,
    )


CHECK = ExactCheck(
    measures="A badge or word that says that the product is new",
    unit="places",
    parameters=NewVisibility,
    measure=measure,
    reads_words=True,
    example={"rule": "forbidden", "languages": ["en", "de"]},
    version=2,
)
