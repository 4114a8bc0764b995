"""Whether a model works: marked after failures, left alone for growing pauses, tried again."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.qc.domain.answer import clean
from services.qc.domain.routing import FailureKind

FAILURES_TO_MARK = 5
"""In a row, of all checks together: one bad picture or one bad second marks nothing."""

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
MOST_MESSAGE_CHARS = 500
NOT_FOUND = 404

_CERTAIN = {FailureKind.UNAUTHORIZED, FailureKind.QUOTA_EXHAUSTED}

ANSWERED = {FailureKind.REFUSED, FailureKind.BLOCKED}
"""The model works: it does not want to judge this picture."""


@dataclass(frozen=True, slots=True)
class ModelHealth:
    """`failures` in a row since it last worked; the times are those of the calls' ends.

    While `not_working_since` is set it is not asked before `try_again_at`, and then by one at
    a time.
    """

    failures: int = 0
    pauses: int = 0
    not_working_since: datetime | None = None
    try_again_at: datetime | None = None
    kind: str = ""
    message: str = ""
    worked_at: datetime | None = None
    failed_at: datetime | None = None

    @property
    def works(self) -> bool:
        return self.not_working_since is None

    def is_due(self, at: datetime) -> bool:
        """Whether a model that does not work may be tried again."""
        return self.try_again_at is not None and self.try_again_at <= at


def is_certain(kind: FailureKind, status: int | None) -> bool:
    """Whether the next call would fail as well, so that one failure is enough."""
    return kind in _CERTAIN or status == NOT_FOUND


def after_success(health: ModelHealth, at: datetime) -> ModelHealth:
    return ModelHealth(
        kind=health.kind, message=health.message, failed_at=health.failed_at, worked_at=at
    )


def after_failure(
    health: ModelHealth,
    kind: FailureKind,
    message: str,
    certain: bool,
    asked_at: datetime,
    at: datetime,
) -> ModelHealth:
    """What is known after a failure of a call that was made at `asked_at`.

    A call that was made before the pause was over tells nothing new: many are in flight when
    a model breaks, and each would double the pause.
    """
    told = replace(
        health,
        failures=health.failures + 1,
        kind=kind.value,
        message=clean(message, MOST_MESSAGE_CHARS),
        failed_at=at,
    )
    if health.try_again_at is not None and asked_at < health.try_again_at:
        return told
    if health.works and not certain and told.failures < FAILURES_TO_MARK:
        return told
    return replace(
        told,
        pauses=health.pauses + 1,
        not_working_since=health.not_working_since or at,
        try_again_at=at + pause(health.pauses),
    )


def pause(earlier: int) -> timedelta:
    """How long a model is left alone after so many pauses."""
    doublings: int = 2 ** min(earlier, 10)
    return min(FIRST_PAUSE * doublings, LONGEST_PAUSE)
