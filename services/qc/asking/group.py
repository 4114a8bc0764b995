"""One group of judged checks: ask a model, and the next one when it does not answer."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import structlog

from libs.contracts.qc import CheckResult, CheckState
from services.qc import attempts, repository
from services.qc.asking.finishing import to_its_end
from services.qc.asking.judge import Judge, patience
from services.qc.asking.purse import NoRoomNow, Spent
from services.qc.asking.telling import Told
from services.qc.attempts import Attempt, Settled
from services.qc.domain.answer import Answer, Answers, Unusable, parse_answers
from services.qc.domain.course import Course
from services.qc.domain.grouping import Group
from services.qc.domain.outcome import result_of
from services.qc.domain.reported import label, tool_counts
from services.qc.domain.routing import FailureKind, Fallback, GiveUp, ModelRef, Retry, decide
from services.qc.domain.usage import ledger_outcome, most_input_tokens, settled_usage
from services.qc.limits import Closed
from services.qc.providers.base import ProviderFailed, Question, Reply
from services.qc.repository import AnalysisRow

log = structlog.get_logger()


class Asking:
    """The calls that one group takes. `told` makes the question for what is left of it, `stored`
    tells how the answers of a call are stored.
    """

    def __init__(
        self,
        judge: Judge,
        row: AnalysisRow,
        group: Group,
        told: Callable[[Group, ModelRef], Told],
        stored: Callable[[Attempt], attempts.Store] = lambda _: repository.add_results,
    ) -> None:
        self._judge = judge
        self._row = row
        self._left = group
        self._tell = told
        self._course = Course(group.models)
        self._stored = stored
        self._calls = 0
        self._results: list[CheckResult] = []

    async def until_answered(self) -> list[CheckResult]:
        """Ask until each check has a usable answer or no model is left.

        The results of answers are stored already. Raises LeaseLost.
        """
        chain = self._course.chain = await self._judge.registry.chain(self._left.models)
        if not chain.models:
            return self._without_answer("skipped")
        model, left = chain.models[0], chain.models[1:]
        fallback_of: UUID | None = None
        attempt_no = 1
        while True:
            try:
                attempt_id, failed = await self._call_if_open(model, fallback_of)
            except Spent as spent:
                return self._results + self._without_answer("skipped", str(spent))
            if failed is None:
                return self._results
            step = decide(
                failed.kind,
                model,
                attempt_no,
                left,
                retry_after_s=failed.retry_after_s,
                jitter=random.random(),
            )
            self._course.fails(model, failed.message, called=attempt_id is not None)
            if isinstance(step, GiveUp):
                return self._results + self._without_answer("error")
            if isinstance(step, Retry):
                attempt_no += 1
                await asyncio.sleep(step.after_s)
            if isinstance(step, Fallback):
                checks = self._left.check_ids
                log.warning("asking another model", checks=checks, model=str(step.model))
                model, left, attempt_no = step.model, step.left, 1
                fallback_of = attempt_id or fallback_of

    def _without_answer(self, state: CheckState, reason: str = "") -> list[CheckResult]:
        why = {
            "state": state,
            "reason": reason or self._course.why_none,
            "attempted_models": self._course.attempted(),
        }
        return [result_of(id, check, why) for id, check in self._left.checks.items()]

    async def _call_if_open(
        self, model: ModelRef, fallback_of: UUID | None
    ) -> tuple[UUID | None, ProviderFailed | None]:
        """As `_one_call`; a model that wants no call for long has failed without one."""
        answered = len(self._results)
        try:
            attempt, failed = await self._one_call(model, fallback_of)
        except Closed as closed:
            kind = FailureKind.RATE_LIMITED
            return None, ProviderFailed(kind, str(closed), retry_after_s=closed.for_s)
        fault = failed if len(self._results) == answered else None
        await self._judge.registry.heard(model, fault, attempt.opened_at)
        return attempt.attempt_id, failed

    async def _one_call(
        self, model: ModelRef, fallback_of: UUID | None
    ) -> tuple[Attempt, ProviderFailed | None]:
        """Why checks are left without an answer, or None when none is.

        Raises Spent when the call may not be made.
        """
        while True:
            guard = await self._guard(model)
            with suppress(NoRoomNow):
                return await self._guarded_call(model, fallback_of, guard)

    async def _guard(self, model: ModelRef) -> attempts.Guard | None:
        """Keeps the budget, where there is one: outside of the place, for it may have to wait."""
        purse = self._judge.purse
        if purse is None or self._row.replay_id is None:
            return None
        most = self._most_tokens(model, self._tell(self._left, model))
        most_usd = await purse.most_usd(self._row, model, most)
        await purse.wait_for_room(self._row, most_usd)
        return purse.guard(self._row, most_usd)

    def _most_tokens(self, model: ModelRef, told: Told) -> tuple[int, int]:
        most_input = most_input_tokens(told.chars, len(told.pictures))
        return most_input, self._most_output_tokens(model)

    async def _guarded_call(
        self, model: ModelRef, fallback_of: UUID | None, guard: attempts.Guard | None
    ) -> tuple[Attempt, ProviderFailed | None]:
        async with self._judge.limits.place(model, self._row.client_id) as place:
            await self._judge.open.wait()
            self._calls += 1
            told = self._tell(self._left, model)
            attempt = await attempts.open_attempt(
                self._judge.pool,
                self._row,
                self._left.check_ids,
                model,
                self._calls,
                fallback_of,
                self._most_tokens(model, told),
                guard,
            )
            question = self._question(attempt, told)
            try:
                reply = await self._judge.providers[model.provider].ask(question)
            except ProviderFailed as failure:
                place.tell(failure.kind, failure.retry_after_s, failure.rates.tightest)
                await to_its_end(self._settle_failure(attempt, failure))
                return attempt, failure
            except Exception:
                # Not one that we know: the call may have been billed, and the others go on.
                # A cancelled call stays open: whoever takes over settles it as unknown.
                log.exception("provider call broke", checks=attempt.check_ids, model=str(model))
                broken = ProviderFailed(FailureKind.INTERRUPTED, "the call broke; it was logged")
                place.tell(broken.kind)
                await to_its_end(self._settle_failure(attempt, broken))
                return attempt, broken
            place.tell(rate=reply.rates.tightest)
            # In its place still: what is cut off here is one of the calls in flight.
            return attempt, await to_its_end(self._settle_reply(attempt, reply, told))

    def _question(self, attempt: Attempt, told: Told) -> Question:
        return Question(
            model=attempt.model.model,
            system=told.system,
            pictures=told.pictures,
            text=told.text,
            schema=told.schema,
            attempt_id=attempt.attempt_id,
            timeout_s=self._judge.timeout_s * patience(self._row.given),
            max_output_tokens=attempt.most_output_tokens,
            service_tier="flex" if self._row.given and self._row.given.can_wait else "standard",
        )

    def _most_output_tokens(self, model: ModelRef) -> int:
        """No more than the model can write: it would refuse the question."""
        return min(self._judge.max_output_tokens, self._judge.info(model).most_output_tokens)

    async def _settle_failure(self, attempt: Attempt, failure: ProviderFailed) -> None:
        log.warning(
            "provider call failed",
            checks=attempt.check_ids,
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

    async def _settle_reply(
        self, attempt: Attempt, reply: Reply, told: Told
    ) -> ProviderFailed | None:
        """Store what can be used, and keep the rest of the group as what is left of it."""
        answers = self._read(reply)
        failure = None
        if not answers.usable:
            failure = reply.failure or FailureKind.UNUSABLE_ANSWER
        settled = Settled(
            outcome=ledger_outcome(failure),
            usage=settled_usage(reply.usage, failure),
            model_served=reply.model_served,
            service_tier=reply.service_tier,
            latency_ms=reply.latency_ms,
            fill_percentage=answers.fill_percentage,
            tool_calls=dict(reply.tool_calls),
        )
        pool, row = self._judge.pool, self._row
        results = [
            self._judged(id, answer, reply, attempt, told) for id, answer in answers.usable.items()
        ]
        if results:
            store = self._stored(attempt)
            await attempts.settle_with_results(pool, row, attempt, settled, results, store)
        else:
            await attempts.settle_alone(pool, row, attempt, settled)
        self._results += results
        self._left = self._left.without(answers.usable)
        if not self._left.checks:
            return None
        return ProviderFailed(failure or FailureKind.UNUSABLE_ANSWER, answers.reason)

    def _read(self, reply: Reply) -> Answers:
        asked = self._left.check_ids
        if reply.failure or reply.text is None:
            nothing = Unusable(reply.reason or "The model gave no answer.")
            return Answers(dict.fromkeys(asked, nothing))
        return parse_answers(reply.text, asked)

    def _judged(
        self, check_id: str, answer: Answer, reply: Reply, attempt: Attempt, told: Told
    ) -> CheckResult:
        measured = {
            "state": answer.state,
            "score": answer.score,
            "findings": told.placed(answer.findings),
            "measurements": {"evidence": answer.evidence},
            **self._course.facts(attempt.model),
            "model_served": label(reply.model_served),
            "fill_percentage": answer.fill_percentage,
            "tool_calls": tool_counts(reply.tool_calls),
            "duration_ms": reply.latency_ms,
            **told.hashes(self._left.checks[check_id]),
            "reason": told.left_out,
        }
        return result_of(check_id, self._left.checks[check_id], measured)
