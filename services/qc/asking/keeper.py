"""What becomes of answers in the transaction that settles their call, and which need no call."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial

from pydantic import JsonValue

from libs.contracts.qc import CheckResult
from libs.ids import uuid7
from libs.postgres import Connection
from services.qc import attempts, repository
from services.qc.asking.answers import add_cheap_answers, find_answers, keep_answers
from services.qc.asking.judge import Judge
from services.qc.asking.telling import Told
from services.qc.attempts import Attempt, Settled, Store
from services.qc.domain.answer_key import answer_key
from services.qc.domain.answer_schema import answers_schema
from services.qc.domain.grouping import Group
from services.qc.domain.routing import ModelRef
from services.qc.domain.usage import NO_USAGE
from services.qc.repository import AnalysisRow


def _as_it_is(result: CheckResult) -> CheckResult:
    return result


@dataclass(frozen=True, slots=True)
class Keeper:
    """Of one analysis. `cheap` answers are no outcomes yet; others are stored as `shape` makes
    them.
    """

    judge: Judge
    row: AnalysisRow
    told: Callable[[Group, ModelRef], Told]
    cheap: bool = False
    shape: Callable[[CheckResult], CheckResult] = _as_it_is
    _keys: dict[tuple[str, ModelRef], str] = field(default_factory=dict)

    def stored(self, attempt: Attempt) -> Store:
        """How the answers of a call are stored: as outcomes, and for the next time."""
        return partial(self._store, attempt)

    async def _store(
        self, attempt: Attempt, db: Connection, row: AnalysisRow, results: Sequence[CheckResult]
    ) -> None:
        now = datetime.now(UTC)
        if self.cheap:
            model = str(attempt.model)
            await add_cheap_answers(db, row.client_id, row.analysis_id, model, results, now)
        else:
            await repository.add_results(db, row, [self.shape(result) for result in results])
        keys = {result.check_id: self._key(result.check_id, attempt.model) for result in results}
        await keep_answers(db, row.client_id, results, keys, attempt.attempt_id, now)

    def _key(self, check_id: str, model: ModelRef) -> str:
        """As if the check was asked alone: what else is in the call does not count."""
        if (check_id, model) not in self._keys:
            told = self.told(Group({check_id: self.row.checks[check_id]}, (model,)), model)
            self._keys[check_id, model] = answer_key(
                str(model),
                [shown.sha256 for shown in told.shown],
                [told.system, told.text],
                answers_schema([check_id]),
                {"max_output_tokens": self.judge.max_output_tokens},
            )
        return self._keys[check_id, model]

    async def take_kept(self, group: Group) -> list[CheckResult]:
        """Answers that were paid for before: stored as outcomes, with a ledger row that costs
        nothing. An analysis that is to be fresh takes none.
        """
        if self.row.given and self.row.given.fresh:
            return []
        row, pool = self.row, self.judge.pool
        if (model := await self.judge.first_asked(group.models)) is None:
            return []
        keys = {check_id: self._key(check_id, model) for check_id in group.checks}
        kept = await find_answers(pool, row.client_id, keys.values())
        results, paid_with = [], set()
        for check_id, key in keys.items():
            if key in kept and (result := kept[key].as_result(check_id, group.checks[check_id])):
                results.append(result)
                paid_with.add(str(kept[key].attempt_id))
        if not results:
            return []
        now = datetime.now(UTC)
        answered = tuple(result.check_id for result in results)
        attempt = Attempt(uuid7(now), answered, model, 1, None, now, 0, 0)
        usage = replace(NO_USAGE, raw={"paid_with": list[JsonValue](sorted(paid_with))})
        settled = Settled("cached", usage, model_served=results[0].model_served)
        await attempts.add_settled(pool, row, attempt, settled, results, self.stored(attempt))
        return results
