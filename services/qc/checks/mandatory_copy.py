"""Exact check: texts that must be there, word for word."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pydantic import Field, JsonValue

from libs.contracts.brand import Sentence
from libs.contracts.qc import Finding, Region, Severity
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, missing_input
from services.qc.checks.reading import Token, place_of
from services.qc.checks.subject import Subject
from services.qc.checks.wanted_copy import copy_for, market_of

MOST_WORDS_SHOWN = 12


class MandatoryCopy(Parameters):
    texts: list[Sentence] = Field(
        default=[],
        max_length=200,
        description="Texts that must be there; {anything} in braces stands for up to twelve "
        "words. Without any: the client's mandatory copy for the market",
    )
    case_sensitive: bool = Field(
        default=False, description="Whether capitals must be as in the text"
    )
    present_from: float = Field(
        default=0.97,
        gt=0,
        le=1,
        description="Least likeness of a text that counts as unchanged; a changed number or "
        "word is told whatever the likeness",
    )
    missing_below: float = Field(
        default=0.6, ge=0, le=1, description="Likeness below which the text counts as missing"
    )


@dataclass(frozen=True)
class Found:
    """The place that comes nearest to `text`."""

    text: str
    likeness: float
    page: int
    region: Region | None
    differences: tuple[tuple[str, str, bool, Region | None], ...]


def measure(subject: Subject, parameters: MandatoryCopy) -> Measured:
    """Score: the mean likeness of the texts, in percent.

    Compared are words in the order of reading over the ends of lines; spaces, punctuation and
    what OCR confuses make no difference. In a PDF with its own text every letter counts.
    """
    texts, unknown = list(parameters.texts), list[str]()
    if not texts:
        texts, unknown = copy_for(market_of(subject), subject.brief.brand.mandatory_copy)
    if not texts and unknown:
        return missing_input("All mandatory copy is for certain markets. Name the market.")
    if not texts:
        reason = "No mandatory copy is known. Give `texts`, or add it to the client's brand data."
        return missing_input(reason)
    found = [_best(subject, text, parameters) for text in texts]
    measurements: dict[str, JsonValue] = {
        **subject.seen_pages(),
        "texts": [{"text": one.text, "likeness": round(one.likeness, 3)} for one in found],
        "texts_of_unknown_market": len(unknown),
    }
    findings = [finding for one in found for finding in _findings(one, parameters)]
    return judged(findings, measurements, 100 * sum(one.likeness for one in found) / len(found))


def _best(subject: Subject, text: str, parameters: MandatoryCopy) -> Found:
    from services.qc.checks.wording import compare, wanted

    best = Found(text, -1.0, 1, None, ())
    words = wanted(text, parameters.case_sensitive)
    for page in subject.pages:
        height, width = subject.rgb(page).shape[:2]
        for stream in subject.words(page):
            seen = compare(words, stream)
            if seen.likeness > best.likeness:
                differences = tuple(
                    (d.wanted, d.seen, d.slight, _place(d.tokens, width, height))
                    for d in seen.differences
                )
                region = _place(seen.tokens, width, height)
                best = Found(text, seen.likeness, page.number, region, differences)
        if best.likeness == 1:
            break
    return best


def _place(tokens: Sequence[Token], width_px: int, height_px: int) -> Region | None:
    return place_of(tokens, width_px, height_px) if tokens else None


def _findings(found: Found, parameters: MandatoryCopy) -> Iterator[Finding]:
    if found.likeness < parameters.missing_below:
        yield Finding(
            severity="critical",
            message="A text that must be there is missing.",
            measured=f"likeness {max(found.likeness, 0):.2f}",
            rule=found.text,
            fix="Add it word for word, large enough and clear enough to be read.",
        )
        return
    slight = found.likeness >= parameters.present_from
    changes = [one for one in found.differences if not (slight and one[2])]
    misread = [one for one in found.differences if slight and one[2]]
    if changes:
        yield _changed(found, changes)
    if misread and not changes:
        yield _changed(found, misread, "minor")


def _changed(
    found: Found,
    changes: list[tuple[str, str, bool, Region | None]],
    severity: Severity = "major",
) -> Finding:
    said = "; ".join(_said(wanted, seen) for wanted, seen, _, _ in changes[:MOST_WORDS_SHOWN])
    places = [place for _, _, _, place in changes if place is not None]
    return Finding(
        severity=severity,
        message=f"A text that must be there is changed: {said}.",
        measured=f"likeness {found.likeness:.2f}",
        rule=found.text,
        evidence=said,
        fix="Set the text word for word.",
        page=found.page,
        region=places[0] if len(places) == len(changes) == 1 else found.region,
    )


def _said(wanted: str, seen: str) -> str:
    if not seen:
        return f"“{wanted}” is missing"
    if not wanted:
        return f"“{seen}” is added"
    return f"“{seen}” instead of “{wanted}”"


CHECK = ExactCheck(
    measures="Texts that must be there, word for word",
    unit="likeness",
    parameters=MandatoryCopy,
    measure=measure,
    reads_words=True,
    example={"texts": ["Please drink responsibly.", "Offer ends {date}."]},
)
