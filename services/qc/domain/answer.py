"""The answer that a judged check asks a model for, and what is made of what comes back."""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, JsonValue, ValidationError

from libs.contracts.qc import CheckState, Finding, Region, Severity
from services.qc.domain.boxes import from_shares, from_thousandths
from services.qc.domain.fill import fill_percentage

MAX_FINDINGS = 5
MAX_ANSWER_CHARS = 100_000
MAX_EVIDENCE_CHARS = 1_000
MAX_MESSAGE_CHARS = 500
Verdict = Literal["pass", "fail", "not_applicable", "unsure"]

ANSWER_SCHEMA_NAME = "check_answer"
ANSWER_SCHEMA: dict[str, JsonValue] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["evidence", "verdict", "score", "findings"],
    "properties": {
        "evidence": {
            "type": "string",
            "description": "What is visible that decides the question, in one to three sentences.",
        },
        "verdict": {"type": "string", "enum": ["pass", "fail", "not_applicable", "unsure"]},
        "score": {
            "type": ["number", "null"],
            "description": "0 (nothing is right) to 100 (flawless); null unless pass or fail.",
        },
        "findings": {
            "type": "array",
            "description": "What is wrong, the worst first; at most five, empty when nothing is.",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["severity", "message", "evidence", "fix", "box"],
                "properties": {
                    "severity": {"type": "string", "enum": ["critical", "major", "minor"]},
                    "message": {"type": "string", "description": "What is wrong, one sentence."},
                    "evidence": {
                        "type": ["string", "null"],
                        "description": "What is seen there; words are quoted as printed.",
                    },
                    "fix": {"type": ["string", "null"], "description": "What to change."},
                    "box": {
                        "description": "Where, in thousandths of the picture from its top left.",
                        "anyOf": [
                            {
                                "type": "object",
                                "additionalProperties": False,
                                "required": ["top", "left", "bottom", "right"],
                                "properties": {
                                    "top": {"type": "integer"},
                                    "left": {"type": "integer"},
                                    "bottom": {"type": "integer"},
                                    "right": {"type": "integer"},
                                },
                            },
                            {"type": "null"},
                        ],
                    },
                },
            },
        },
    },
}
"""Strict in OpenAI's sense, understood by Gemini; evidence is written before the verdict is."""

STATES: dict[Verdict, CheckState] = {
    "pass": "passed",
    "fail": "failed",
    "not_applicable": "not_applicable",
    "unsure": "unsure",
}
_WORST_FIRST: tuple[Severity, ...] = ("critical", "major", "minor")
_FENCE = re.compile(r"\A\s*```(?:json)?\s*(.*?)\s*```\s*\Z", re.DOTALL)
_UNPRINTABLE = {"Cc", "Cf", "Cs", "Co", "Cn"}
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True, slots=True)
class Answer:
    """A model's answer as the fields of a check result; `score` only when passed or failed."""

    state: CheckState
    score: float | None
    evidence: str
    findings: tuple[Finding, ...]
    fill_percentage: float


@dataclass(frozen=True, slots=True)
class Unusable:
    """Why an answer cannot be used, in a sentence for people. It was paid for all the same."""

    reason: str
    fill_percentage: float | None = None


def _cut(limit: int) -> BeforeValidator:
    return BeforeValidator(lambda text: clean(text, limit) if isinstance(text, str) else text)


class _FindingForm(BaseModel):
    severity: Severity
    message: Annotated[str, _cut(MAX_MESSAGE_CHARS), Field(min_length=1)]
    evidence: Annotated[str | None, _cut(MAX_EVIDENCE_CHARS)]
    fix: Annotated[str | None, _cut(MAX_MESSAGE_CHARS)]
    box: object


class _AnswerForm(BaseModel):
    evidence: Annotated[str, _cut(MAX_EVIDENCE_CHARS)]
    verdict: Verdict
    score: Annotated[float, Field(strict=True, ge=0, le=100, allow_inf_nan=False)] | None
    findings: list[_FindingForm]


def parse_answer(text: str) -> Answer | Unusable:
    """Validate the text of a model's answer; whatever it is, this raises nothing.

    A box that makes no sense is dropped and its finding kept. Anything else that breaks
    the schema makes the whole answer unusable: half an answer is no judgement.
    """
    document = _json_object(text)
    if isinstance(document, Unusable):
        return document
    filled = fill_percentage(document)
    try:
        form = _AnswerForm.model_validate(document)
    except ValidationError as error:
        return Unusable(_what_is_wrong(error), filled)
    if form.score is None and form.verdict in ("pass", "fail"):
        return Unusable("The model gave a verdict without a score.", filled)
    return Answer(
        state=STATES[form.verdict],
        score=form.score if form.verdict in ("pass", "fail") else None,
        evidence=form.evidence,
        findings=_findings(form.findings),
        fill_percentage=filled,
    )


def clean(text: str, limit: int) -> str:
    """Text that is safe to store and to show: at most `limit` characters, no invisible ones.

    Control and direction marks become spaces; a model copies them out of pictures, and
    Postgres refuses NUL and lone surrogates.
    """
    seen = "".join(
        " " if unicodedata.category(char) in _UNPRINTABLE and char not in _JOINERS else char
        for char in text[: limit * 4]
    )
    words = " ".join(seen.split())
    return words if len(words) <= limit else words[: limit - 1].rstrip() + "…"


def _json_object(text: str) -> dict[str, object] | Unusable:
    if len(text) > MAX_ANSWER_CHARS:
        return Unusable(f"The model's answer is longer than {MAX_ANSWER_CHARS:,} characters.")
    fenced = _FENCE.match(text)
    try:
        document = json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError):
        return Unusable("The model's answer is not valid JSON, or it stops in the middle.")
    if not isinstance(document, dict):
        return Unusable("The model's answer is not a JSON object.")
    return document


def _what_is_wrong(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(step) for step in first["loc"])
    return f"The model's answer breaks the form at {where}: {first['msg']}."


def _findings(forms: list[_FindingForm]) -> tuple[Finding, ...]:
    worst = sorted(forms, key=lambda form: _WORST_FIRST.index(form.severity))[:MAX_FINDINGS]
    return tuple(_finding(form) for form in worst)


def _finding(form: _FindingForm) -> Finding:
    region = _region(form.box)
    return Finding(
        severity=form.severity,
        message=form.message,
        evidence=form.evidence or None,
        fix=form.fix or None,
        region=region,
        approximate=region is not None,
    )


def _region(box: object) -> Region | None:
    """The asked form, Gemini's own list of four, or a box of shares; None for anything else."""
    try:
        if isinstance(box, list):
            return from_thousandths(*_sides(box))
        if isinstance(box, Mapping) and "w" in box:
            return from_shares(*_sides([box.get(side) for side in ("x", "y", "w", "h")]))
        if isinstance(box, Mapping):
            names = ("top", "left", "bottom", "right")
            return from_thousandths(*_sides([box.get(side) for side in names]))
    except ValueError:
        return None
    return None


def _sides(values: list[object]) -> list[float]:
    numbers = [value for value in values if isinstance(value, int | float)]
    if (len(numbers), len(values)) != (4, 4) or any(abs(side) > 1e9 for side in numbers):
        raise ValueError("a box has four sides")
    return [float(number) for number in numbers]
