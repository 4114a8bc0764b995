"""Exact check: whether the headline tells people to do something."""

from typing import Literal

from pydantic import Field, JsonValue

from libs.contracts.brand import Word
from libs.contracts.qc import Finding
from services.qc.checks.call_to_action import begins
from services.qc.checks.calls import IMPERATIVES, of_languages
from services.qc.checks.headline import copy_of
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, not_applicable
from services.qc.checks.reading import normal, part_of, tokens_of
from services.qc.checks.subject import Subject


class ImperativeVerb(Parameters):
    verbs: list[Word] = Field(
        default=[],
        max_length=500,
        description="Verbs of which one must begin a line. Without any: usual ones of the "
        "client's languages, which can pass but not fail a creative",
    )
    scope: Literal["headline", "all"] = Field(
        default="headline", description="Which text: the largest on each page, or all of it"
    )


def measure(subject: Subject, parameters: ImperativeVerb) -> Measured:
    """Score: 0 or 100. The verb must begin a line or a sentence.

    Verbs have the form of nouns in many languages, so only a list that the client gives can
    fail a creative: without one the answer is yes or unsure.
    """
    lines = copy_of(subject, parameters.scope == "headline")
    usual = of_languages(IMPERATIVES, list(subject.brief.brand.languages))
    verbs = {normal(verb) for verb in parameters.verbs or usual}
    measurements: dict[str, JsonValue] = {**subject.seen_pages(), "lines": len(lines)}
    if not lines:
        return not_applicable("No text was found.", measurements)
    for page, line in lines:
        for token in tokens_of(line):
            if begins(token) and normal(token.text) in verbs:
                height, width = subject.rgb(page).shape[:2]
                place = part_of(line, token.start, token.end, width, height)
                measurements |= {
                    "verb": token.text,
                    "page": page.number,
                    "region": place.model_dump(),
                }
                return judged([], measurements)
    if not parameters.verbs:
        reason = "No line begins with a usual verb. Name yours in `verbs`, or let a model judge."
        return Measured(state="unsure", reason=reason, measurements=measurements)
    page, line = lines[0]
    finding = Finding(
        severity="major",
        message="No line begins with one of the verbs.",
        measured=line.text,
        rule=f"one of: {', '.join(parameters.verbs)}"[:500],
        evidence=line.text,
        fix="Begin the headline with one of the verbs.",
        page=page.number,
        region=line.region,
    )
    return judged([finding], measurements)


CHECK = ExactCheck(
    measures="Whether a line begins with a verb that tells people what to do",
    unit="verbs",
    parameters=ImperativeVerb,
    measure=measure,
    reads_words=True,
    example={"verbs": ["Discover", "Entdecke"]},
)
