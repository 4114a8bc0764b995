"""What is made of the answer to a group of judged checks."""

import json
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, Field, ValidationError

from libs.contracts.qc import CheckState, Finding, Region, Severity
from services.qc.domain.boxes import from_shares, from_thousandths
from services.qc.domain.fill import fill_percentage

MAX_FINDINGS = 5
MAX_ANSWER_CHARS = 100_000
MAX_EVIDENCE_CHARS = 1_000
MAX_MESSAGE_CHARS = 500
Verdict = Literal["pass", "fail", "not_applicable", "unsure"]

STATES: dict[Verdict, CheckState] = {
    "pass": "passed",
    "fail": "failed",
    "not_applicable": "not_applicable",
    "unsure": "unsure",
}
_WORST_FIRST: tuple[Severity, ...] = ("critical", "major", "minor")
_THOUGHTS_END = "</think>"
"""Where servers without strict schemas leave what a reasoning model told itself in its answer."""
_IN_FIGURES = re.compile(r"\s*\d{1,3}(?:\.\d{1,9})?\s*")
_UNPRINTABLE = {"Cc", "Cf", "Cs", "Co", "Cn"}
_JOINERS = "\u200c\u200d"


@dataclass(frozen=True, slots=True)
class Answer:
    """A model's answer as the fields of a check result; `score` only when passed or failed.

    The page of a finding is the number of its picture in the question.
    """

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


_WORD = BeforeValidator(lambda word: word.strip().lower() if isinstance(word, str) else word)
"""A choice, whatever its case: servers without strict schemas write "Major"."""


_NUMBER = BeforeValidator(
    lambda said: float(said) if isinstance(said, str) and _IN_FIGURES.fullmatch(said) else said
)
"""A number, also one in quotes: what it says is beyond doubt."""


class _FindingForm(BaseModel):
    """What may be null may be missing too: that loses nothing, and asking again is paid."""

    severity: Annotated[Severity, _WORD]
    message: Annotated[str, _cut(MAX_MESSAGE_CHARS)]
    evidence: Annotated[str | None, _cut(MAX_EVIDENCE_CHARS)] = None
    fix: Annotated[str | None, _cut(MAX_MESSAGE_CHARS)] = None
    box: object = None
    picture: object = None


_Score = Annotated[float, Field(strict=True, ge=0, le=100, allow_inf_nan=False)]


class _AnswerForm(BaseModel):
    evidence: Annotated[str, _cut(MAX_EVIDENCE_CHARS)]
    verdict: Annotated[Verdict, _WORD]
    score: Annotated[_Score | None, _NUMBER]
    findings: Annotated[list[_FindingForm], BeforeValidator(lambda listed: listed or [])]


@dataclass(frozen=True, slots=True)
class Answers:
    """What became of each check that was asked, and how much of the form was filled in."""

    of_check: dict[str, Answer | Unusable]
    fill_percentage: float | None = None

    @property
    def usable(self) -> dict[str, Answer]:
        return {id: found for id, found in self.of_check.items() if isinstance(found, Answer)}

    @property
    def reason(self) -> str:
        """Why not all of them can be used; empty when they can."""
        reasons = {found.reason for found in self.of_check.values() if isinstance(found, Unusable)}
        return " ".join(sorted(reasons))


def parse_answers(text: str, check_ids: Sequence[str]) -> Answers:
    """Validate the text of a model's answer to `check_ids`; whatever it is, this raises nothing.

    A box that makes no sense is dropped and its finding kept; a finding without words is
    dropped. Anything else that breaks the form makes that check's answer unusable: half an
    answer is no judgement. The other checks keep theirs. What nobody asked is ignored; a check
    answered twice has no answer.
    """
    document = _json_object(text)
    listed = document if isinstance(document, Unusable) else _listed(document, check_ids)
    if isinstance(listed, Unusable):
        return Answers({check_id: listed for check_id in check_ids})
    read: dict[str, Answer | Unusable] = {}
    for check_id in check_ids:
        said = listed.get(check_id, [])
        if len(said) == 1:
            read[check_id] = _read(said[0])
        else:
            how = "more than once" if said else "not at all"
            read[check_id] = Unusable(f"The model answered the check {how}.")
    filled = [found.fill_percentage or 0.0 for found in read.values()]
    return Answers(read, sum(filled) / len(filled))


def _listed(
    document: dict[str, object], check_ids: Sequence[str]
) -> dict[str, list[dict[str, object]]] | Unusable:
    """The entries by check. Servers without strict schemas answer one check without the list."""
    if len(check_ids) == 1 and "answers" not in document:
        return {check_ids[0]: [document]}
    entries = document.get("answers")
    if not isinstance(entries, list):
        return Unusable("The model's answer has no list of answers.")
    found: dict[str, list[dict[str, object]]] = {}
    for entry in entries:
        if isinstance(entry, dict) and isinstance(entry.get("check_id"), str):
            found.setdefault(str(entry["check_id"]), []).append(entry)
    return found


def _read(document: dict[str, object]) -> Answer | Unusable:
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
    try:
        document = _only_json_in(text)
    except (ValueError, RecursionError):
        return Unusable("The model's answer is not valid JSON, or it stops in the middle.")
    if not isinstance(document, dict):
        return Unusable("The model's answer is not a JSON object.")
    return document


def _only_json_in(text: str) -> object:
    """The JSON that a text is, or else the only object in it, whatever is said around that.

    Raises ValueError where there is none, or a second one: of two, one may be what the model
    read in the picture.
    """
    try:
        return json.loads(text)
    except ValueError:
        said = text.rpartition(_THOUGHTS_END)[2]
        document, end = json.JSONDecoder().raw_decode(said, said.index("{"))
        if "{" in said[end:]:
            raise
        return document


def _what_is_wrong(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(step) for step in first["loc"])
    return f"The model's answer breaks the form at {where}: {first['msg']}."


def _findings(forms: list[_FindingForm]) -> tuple[Finding, ...]:
    told = [form for form in forms if form.message]
    worst = sorted(told, key=lambda form: _WORST_FIRST.index(form.severity))[:MAX_FINDINGS]
    return tuple(_finding(form) for form in worst)


def _finding(form: _FindingForm) -> Finding:
    region = _region(form.box)
    return Finding(
        severity=form.severity,
        message=form.message,
        evidence=form.evidence or None,
        fix=form.fix or None,
        page=form.picture if type(form.picture) is int and 1 <= form.picture < 100 else 1,
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
