"""Exact check: what changed since the previous version, in its words and in its picture."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding, Severity
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, missing_input
from services.qc.checks.subject import Subject
from services.qc.domain.brief import PREVIOUS_VERSION
from services.qc.domain.text_changes import is_about

if TYPE_CHECKING:
    from services.qc.checks.versions import Change

Kind = Literal[
    "number",
    "case",
    "punctuation",
    "spelling",
    "wording",
    "insertion",
    "deletion",
    "moved",
    "picture",
]
MOST_FINDINGS = 40
LIKE_EXPECTED = 85

SEVERITY: dict[Kind, Severity] = {"number": "critical", "moved": "minor"}
"""Others are major; what touches a number or unit is critical, whatever its kind."""

MESSAGE: dict[Kind, str] = {
    "number": "A number or unit was changed.",
    "case": "Capitals were changed.",
    "punctuation": "Punctuation was changed.",
    "spelling": "A word is spelled differently.",
    "wording": "Words were replaced.",
    "insertion": "Words were added.",
    "deletion": "Words were removed.",
    "moved": "Words were moved.",
    "picture": "The picture was changed.",
}


class VersionComparison(Parameters):
    allowed: tuple[Kind, ...] = Field(
        default=(), max_length=9, description="Kinds of changes that are fine"
    )
    expected: tuple[Annotated[str, Field(min_length=2, max_length=200)], ...] = Field(
        default=(),
        max_length=50,
        description="Changes that were asked for: words of the old or new text, or a topic "
        "(price, percentage, date, quantity, number); one that is not seen is a minor finding",
    )
    tolerated_delta_e: float = Field(
        default=5.0, ge=2, le=50, description="Difference of colour that an area may have"
    )
    min_area_px: int = Field(
        default=12, ge=1, le=10_000_000, description="Fewest changed pixels that count"
    )


def measure(subject: Subject, parameters: VersionComparison) -> Measured:
    """Score: 100 when nothing but what is allowed or expected has changed, else 0.

    Both versions are laid over each other. Words are compared where the pixels differ, so that
    a slip of OCR elsewhere is no change. Where the layout is another one, all words are, and
    without a change of words the result is unsure, unless changes of the picture are allowed.
    """
    from services.qc.checks.versions import Limits, changes_on_page
    from services.qc.decode import open_creative

    files = subject.brief.files(PREVIOUS_VERSION)
    if not files:
        return missing_input("There is no previous version to compare with. Upload it as well.")
    limits = Limits(parameters.tolerated_delta_e, parameters.min_area_px)
    changes: list[Change] = []
    relaid: list[JsonValue] = []
    with open_creative(files[0].path, subject.limits) as previous:
        before = Subject(previous, limits=subject.limits)
        for page, old_page in zip(subject.pages, before.pages, strict=False):
            found, aligned = changes_on_page(subject, page, before, old_page, limits)
            changes += found
            relaid += [] if aligned else [page.number]
        old_pages = len(previous.pages)
    pages = _pages_finding(old_pages, len(subject.creative.pages))
    measurements: dict[str, JsonValue] = {**subject.seen_pages(), "pages_laid_out_anew": relaid}
    return _judge(changes, parameters, pages, measurements)


def _judge(
    changes: list["Change"],
    parameters: VersionComparison,
    pages: list[Finding],
    measurements: dict[str, JsonValue],
) -> Measured:
    open_changes = [
        change
        for change in changes
        if change.kind not in parameters.allowed
        and not any(_is_expected(change, phrase) for phrase in parameters.expected)
    ]
    unseen = [
        phrase
        for phrase in parameters.expected
        if not any(_is_expected(change, phrase) for change in changes)
    ]
    findings = [*pages, *(_finding(change) for change in open_changes)]
    findings.sort(key=lambda finding: ("critical", "major", "minor").index(finding.severity))
    kinds: dict[str, JsonValue] = dict(Counter(change.kind for change in changes))
    measurements |= {"changes": kinds, "fine": len(changes) - len(open_changes)}
    not_seen = [_not_seen(phrase) for phrase in unseen]
    told = [*findings[:MOST_FINDINGS], *not_seen]
    result = judged(told, measurements, reason=_reason(measurements))
    if result.state == "passed" and result.reason and "picture" not in parameters.allowed:
        return result.model_copy(update={"state": "unsure", "score": None})
    return result


def _reason(measurements: dict[str, JsonValue]) -> str | None:
    if not measurements["pages_laid_out_anew"]:
        return None
    return "The layout is another one on some pages; there only words were compared."


def _is_expected(change: "Change", phrase: str) -> bool:
    from rapidfuzz import fuzz

    if is_about(phrase, (change.before, change.after)):
        return True
    texts = (change.before, change.after, *change.around)
    wanted = phrase.casefold().strip()
    return any(
        fuzz.partial_ratio(wanted, text.casefold()) >= LIKE_EXPECTED
        for text in texts
        if len(text) >= len(wanted) / 2
    )


def _finding(change: "Change") -> Finding:
    kind: Kind = change.kind  # type: ignore[assignment]
    severity = "critical" if change.touches_a_number else SEVERITY.get(kind, "major")
    words = f"“{change.before}” became “{change.after}”"
    if kind == "insertion":
        words = f"“{change.after}” was added"
    elif kind == "deletion":
        words = f"“{change.before}” was removed"
    elif kind in ("moved", "picture"):
        words = change.detail
    return Finding(
        severity=severity,
        message=MESSAGE[kind],
        measured=words,
        rule="as in the previous version",
        evidence=change.after or change.before or None,
        fix="Take it back, or name it among the allowed or expected changes.",
        page=change.page,
        region=change.region,
    )


def _not_seen(phrase: str) -> Finding:
    return Finding(
        severity="minor",
        message="A change that was asked for was not seen.",
        measured="no such change",
        rule=f"a change of “{phrase}”",
        evidence=phrase,
        fix="Make the change, or upload the version that has it.",
    )


def _pages_finding(old: int, new: int) -> list[Finding]:
    if old == new:
        return []
    return [
        Finding(
            severity="critical",
            message="The number of pages is another one than before.",
            measured=f"{new} pages",
            rule=f"{old} pages",
            fix="Upload all pages of both versions.",
            page=min(old, new),
        )
    ]


CHECK = ExactCheck(
    measures="Changes of words, by kind, and of the picture since the previous version",
    unit="changes",
    parameters=VersionComparison,
    measure=measure,
    needs=("previous_version",),
    example={"allowed": ["moved"], "expected": ["price"]},
)
