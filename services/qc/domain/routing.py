"""Which models a judged check asks, and what happens next when one of them does not answer."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

KEY_SETTINGS = {"openai": "OPENAI_API_KEY", "google": "GEMINI_API_KEY"}
NO_PROVIDER = "no provider configured"

MAX_WAIT_S = 60.0
FIRST_WAIT_S = 1.0


class FailureKind(StrEnum):
    """Why a call gave no usable answer."""

    RATE_LIMITED = "rate_limited"
    TIER_REFUSED = "tier_refused"
    QUOTA_EXHAUSTED = "quota_exhausted"
    SERVER_ERROR = "server_error"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    INTERRUPTED = "interrupted"
    UNAUTHORIZED = "unauthorized"
    INVALID_REQUEST = "invalid_request"
    REFUSED = "refused"
    BLOCKED = "blocked"
    UNUSABLE_ANSWER = "unusable_answer"


MOST_ATTEMPTS: dict[FailureKind, int] = {
    FailureKind.RATE_LIMITED: 5,
    FailureKind.TIER_REFUSED: 2,
    FailureKind.SERVER_ERROR: 3,
    FailureKind.UNREACHABLE: 3,
    FailureKind.TIMED_OUT: 2,
    FailureKind.INTERRUPTED: 2,
    FailureKind.UNUSABLE_ANSWER: 2,
}
"""Attempts at one model before the next is asked; 1 for every other kind.

What may have been billed is tried twice at most; what was turned away costs only time.
"""

_OF_THE_PROVIDER = {FailureKind.UNAUTHORIZED, FailureKind.UNREACHABLE}
_ASKED_AGAIN_AT_ONCE = {FailureKind.UNUSABLE_ANSWER, FailureKind.TIER_REFUSED}


@dataclass(frozen=True, slots=True)
class ModelRef:
    """One model of one provider; written `provider/model`."""

    provider: str
    model: str

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}"


@dataclass(frozen=True, slots=True)
class Skipped:
    """No model can be asked, and why; the check is skipped, not failed."""

    reason: str


@dataclass(frozen=True, slots=True)
class Retry:
    """Ask the same model again after that long."""

    after_s: float


@dataclass(frozen=True, slots=True)
class Fallback:
    """Ask `model` now; `left` are the models that remain after it."""

    model: ModelRef
    left: tuple[ModelRef, ...]


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No model is left; the check ends as an error with the last failure's message."""


Decision = Retry | Fallback | GiveUp


def model_ref(written: str) -> ModelRef:
    """Read `provider/model`; ValueError when one of the two is missing."""
    provider, _, model = written.partition("/")
    if not provider or not model:
        raise ValueError(f"{written!r} is not written provider/model")
    return ModelRef(provider, model)


def models_to_ask(
    wanted: Sequence[str], default: Sequence[str], configured: Collection[str]
) -> tuple[ModelRef, ...] | Skipped:
    """The models in the order of asking, without those whose provider has no key.

    `wanted` are the check's own models; the defaults count only when it names none, because
    a check is tuned on the models that it names. Raises ValueError on a malformed name.
    """
    models = [model_ref(written) for written in wanted or default]
    askable = tuple(dict.fromkeys(model for model in models if model.provider in configured))
    return askable or Skipped(_why_skipped(models))


def decide(
    kind: FailureKind,
    model: ModelRef,
    attempt_no: int,
    left: Sequence[ModelRef],
    *,
    retry_after_s: float | None = None,
    jitter: float = 1.0,
) -> Decision:
    """What follows the `attempt_no`-th attempt (from 1) at `model`, which failed as `kind`.

    `jitter` in 0-1 spreads the waits of many workers: draw it at random. A provider that
    asks for more than MAX_WAIT_S is not waited for.
    """
    worth_waiting = (retry_after_s or 0) <= MAX_WAIT_S
    if worth_waiting and attempt_no < MOST_ATTEMPTS.get(kind, 1):
        return Retry(_wait_s(kind, attempt_no, retry_after_s, jitter))
    others = [
        other for other in left if kind not in _OF_THE_PROVIDER or other.provider != model.provider
    ]
    return Fallback(others[0], tuple(others[1:])) if others else GiveUp()


def _wait_s(
    kind: FailureKind, attempt_no: int, retry_after_s: float | None, jitter: float
) -> float:
    if kind in _ASKED_AGAIN_AT_ONCE:
        return 0.0
    grown_s: float = FIRST_WAIT_S * 2 ** (attempt_no - 1)
    spread_s = min(grown_s, MAX_WAIT_S) * (1 + jitter) / 2
    return spread_s if retry_after_s is None else retry_after_s + spread_s * jitter / 4


def _why_skipped(models: Iterable[ModelRef]) -> str:
    providers = dict.fromkeys(model.provider for model in models)
    settings = [KEY_SETTINGS[provider] for provider in providers if provider in KEY_SETTINGS]
    unknown = [provider for provider in providers if provider not in KEY_SETTINGS]
    hints = [f"set {' or '.join(settings)}"] if settings else []
    hints += [f"{', '.join(unknown)} is not known here"] if unknown else []
    return f"{NO_PROVIDER}: {'; '.join(hints)}" if hints else NO_PROVIDER
