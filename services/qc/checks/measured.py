"""What an exact check is, what goes into it and what comes out of it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field, JsonValue

from libs.contracts.catalogue import Need
from libs.contracts.common import Reply, Request
from libs.contracts.qc import CheckState, Finding, Score
from services.qc.checks.subject import Subject


class Parameters(Request):
    """Base of each check's parameters: frozen, unknown names refused, every one has a default."""


class Measured(Reply):
    """Outcome of an exact check. `score` is null unless `state` is passed or failed."""

    state: CheckState
    score: Score | None = None
    findings: list[Finding] = Field(default=[])
    measurements: dict[str, JsonValue] = Field(default={})
    reason: str | None = None


@dataclass(frozen=True)
class ExactCheck:
    """One thing that is measured. Each module of a check has one, by the name `CHECK`.

    `measures` says what, for people, and `unit` in which unit; `needs` is what it cannot do
    without; `example` are parameters that a profile may give; one that `reads_words` asks for
    the words of a page, so that they are known where it ran. Raise `version` whenever the same
    file may measure differently: stored results of another version are not used again.
    """

    measures: str
    unit: str
    parameters: type[Parameters]
    measure: Callable[[Subject, Any], Measured]
    needs: tuple[Need, ...] = ()
    example: Mapping[str, JsonValue] = field(default_factory=dict)
    version: int = 1
    reads_words: bool = False


class BadParameter(ValueError):
    """A parameter that only measuring shows to be wrong; the text names it."""


def judged(
    findings: Sequence[Finding],
    measurements: Mapping[str, JsonValue],
    score: float | None = None,
    reason: str | None = None,
) -> Measured:
    """Failed when a finding is major or critical. Without a `score`: 100 or 0."""
    failed = any(finding.severity != "minor" for finding in findings)
    return Measured(
        state="failed" if failed else "passed",
        score=round(score, 1) if score is not None else (0.0 if failed else 100.0),
        findings=list(findings),
        measurements=dict(measurements),
        reason=reason,
    )


def not_applicable(reason: str, measurements: dict[str, JsonValue] | None = None) -> Measured:
    return Measured(state="not_applicable", reason=reason, measurements=measurements or {})


def missing_input(reason: str, measurements: dict[str, JsonValue] | None = None) -> Measured:
    return Measured(state="missing_input", reason=reason, measurements=measurements or {})


def short(value: float, digits: int) -> str:
    """Rounded down: what falls short of a rule never reads as if it kept it."""
    return f"{math.floor(value * 10**digits + 1e-6) / 10**digits:.{digits}f}"
