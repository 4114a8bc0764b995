"""One judged check: ask a model, and the next one when it does not answer."""

import asyncio
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

import structlog
from pydantic import JsonValue

from libs.contracts.profiles import Check
from libs.contracts.qc import CheckResult
from libs.postgres import Pool
from services.qc import attempts
from services.qc.attempts import Attempt, Settled
from services.qc.domain.answer import ANSWER_SCHEMA, Answer, Unusable, parse_answer
from services.qc.domain.prompt import SYSTEM, check_text
from services.qc.domain.reported import label
from services.qc.domain.routing import (
    FailureKind,
    Fallback,
    GiveUp,
    ModelRef,
    Retry,
    Skipped,
    decide,
    models_to_ask,
)
from services.qc.domain.usage import ledger_outcome, most_input_tokens, settled_usage
from services.qc.providers.base import Picture, Provider, ProviderFailed, Question, Reply
from services.qc.repository import AnalysisRow

log = structlog.get_logger()
SCHEMA_CHARS = len(json.dumps(ANSWER_SCHEMA))


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass(frozen=True, slots=True)
class Judge:
    """What all judged checks of this process share.

    `in_flight` bounds the calls that are made or not yet written down at one time; a call
    waits for `open`, which a worker that was told to stop clears.
    """

    pool: Pool
    providers: Mapping[str, Provider]
    default_models: tuple[str, ...]
    in_flight: asyncio.Semaphore
    timeout_s: float
    max_output_tokens: int
    open: asyncio.Event = field(default_factory=_set)

    def skipped(self, check: Check) -> str | None:
        """Why the check cannot be asked at all, or None."""
        found = models_to_ask(check.models, self.default_models, self.providers.keys())
        return found.reason if isinstance(found, Skipped) else None

    async def ask(
        self,
        row: AnalysisRow,
        check_id: str,
        picture: Picture,
        measured: Mapping[str, Mapping[str, JsonValue]],
    ) -> CheckResult:
        """Ask until there is a usable answer or no model is left; the result is stored already
        when a model answered. Raises LeaseLost.
        """
        check = row.checks[check_id]
        found = models_to_ask(check.models, self.default_models, self.providers.keys())
        if isinstance(found, Skipped):
            return _result(check_id, check, state="skipped", reason=found.reason)
        text = check_text(
            check_id,
            check,
            client_id=row.client_id,
            creative=row.creative,
            measurements=measured,
        )
        return await _Asking(self, row, check_id, check, picture, text).until_answered(found)


class _Asking:
    """The calls that one check takes."""

    def __init__(
        self,
        judge: Judge,
        row: AnalysisRow,
        check_id: str,
        check: Check,
        picture: Picture,
        text: str,
    ) -> None:
        self._judge = judge
        self._row = row
        self._check_id = check_id
        self._check = check
        self._picture = picture
        self._text = text
        self._most_input_tokens = most_input_tokens(len(SYSTEM) + len(text) + SCHEMA_CHARS)
        self._calls = 0

    async def until_answered(self, models: tuple[ModelRef, ...]) -> CheckResult:
        model, left = models[0], models[1:]
        fallback_of: UUID | None = None
        attempt_no = 1
        reasons: dict[ModelRef, str] = {}
        while True:
            attempt, result = await self._one_call(model, fallback_of)
            if isinstance(result, CheckResult):
                return result
            step = decide(
                result.kind,
                model,
                attempt_no,
                left,
                retry_after_s=result.retry_after_s,
                jitter=random.random(),
            )
            reasons[model] = result.message
            if isinstance(step, GiveUp):
                reason = "; ".join(f"{asked}: {said}" for asked, said in reasons.items())
                return _result(self._check_id, self._check, state="error", reason=reason)
            if isinstance(step, Retry):
                attempt_no += 1
                await asyncio.sleep(step.after_s)
            if isinstance(step, Fallback):
                log.warning("asking another model", check=self._check_id, model=str(step.model))
                model, left, attempt_no = step.model, step.left, 1
                fallback_of = attempt.attempt_id

    async def _one_call(
        self, model: ModelRef, fallback_of: UUID | None
    ) -> tuple[Attempt, CheckResult | ProviderFailed]:
        async with self._judge.in_flight:
            await self._judge.open.wait()
            self._calls += 1
            attempt = await attempts.open_attempt(
                self._judge.pool,
                self._row,
                self._check_id,
                model,
                self._calls,
                fallback_of,
                (self._most_input_tokens, self._judge.max_output_tokens),
            )
            try:
                reply = await self._judge.providers[model.provider].ask(self._question(attempt))
            except ProviderFailed as failure:
                await self._settle_failure(attempt, failure)
                return attempt, failure
            except Exception:
                # Not one that we know: the call may have been billed, and the others go on.
                # A cancelled call stays open: whoever takes over settles it as unknown.
                log.exception("provider call broke", check=self._check_id, model=str(model))
                broken = ProviderFailed(FailureKind.INTERRUPTED, "the call broke; it was logged")
                await self._settle_failure(attempt, broken)
                return attempt, broken
            # In its place still: what is cut off here is one of the calls in flight.
            return attempt, await self._settle_reply(attempt, reply)

    def _question(self, attempt: Attempt) -> Question:
        return Question(
            model=attempt.model.model,
            system=SYSTEM,
            picture=self._picture,
            text=self._text,
            schema=ANSWER_SCHEMA,
            attempt_id=attempt.attempt_id,
            timeout_s=self._judge.timeout_s,
            max_output_tokens=self._judge.max_output_tokens,
        )

    async def _settle_failure(self, attempt: Attempt, failure: ProviderFailed) -> None:
        log.warning(
            "provider call failed",
            check=self._check_id,
            model=str(attempt.model),
            kind=failure.kind.value,
            why=failure.message,
        )
        settled = Settled(
            outcome=ledger_outcome(failure.kind),
            usage=settled_usage(failure.usage, failure.kind),
            latency_ms=failure.latency_ms,
        )
        await attempts.settle_alone(self._judge.pool, self._row, attempt, settled)

    async def _settle_reply(self, attempt: Attempt, reply: Reply) -> CheckResult | ProviderFailed:
        answer = self._read(reply)
        failure = None
        if isinstance(answer, Unusable):
            failure = reply.failure or FailureKind.UNUSABLE_ANSWER
        settled = Settled(
            outcome=ledger_outcome(failure),
            usage=settled_usage(reply.usage, failure),
            model_served=reply.model_served,
            service_tier=reply.service_tier,
            latency_ms=reply.latency_ms,
            fill_percentage=answer.fill_percentage,
            tool_calls=dict(reply.tool_calls),
        )
        if isinstance(answer, Answer):
            result = self._judged(answer, reply)
            await attempts.settle_with_result(self._judge.pool, self._row, attempt, settled, result)
            return result
        await attempts.settle_alone(self._judge.pool, self._row, attempt, settled)
        return ProviderFailed(failure or FailureKind.UNUSABLE_ANSWER, answer.reason)

    def _read(self, reply: Reply) -> Answer | Unusable:
        if reply.failure or reply.text is None:
            return Unusable(reply.reason or "The model gave no answer.")
        return parse_answer(reply.text)

    def _judged(self, answer: Answer, reply: Reply) -> CheckResult:
        return CheckResult(
            check_id=self._check_id,
            state=answer.state,
            score=answer.score,
            weight=self._check.weight,
            critical=self._check.critical,
            findings=list(answer.findings),
            measurements={"evidence": answer.evidence},
            model_served=label(reply.model_served),
            duration_ms=reply.latency_ms,
        )


def _result(check_id: str, check: Check, **facts: object) -> CheckResult:
    return CheckResult.model_validate(
        {
            "check_id": check_id,
            "weight": check.weight,
            "critical": check.critical,
            **facts,
        }
    )
