"""What an analysis would cost: the calls that are expected, each priced by the ledger."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from pydantic import JsonValue

from libs.api.usage import UsageApi
from libs.contracts.estimates import EstimatedCall, EstimatedCheck
from libs.contracts.profiles import Check
from libs.contracts.qc import Creative
from libs.contracts.usage import QuoteRequest
from services.qc.domain.answer_schema import answers_schema
from services.qc.domain.chain import succeeded
from services.qc.domain.cost_shares import exact_sum, shares
from services.qc.domain.estimate import Asked, Expected, Habits, expected_again, expected_call
from services.qc.domain.grouping import MOST_CHECKS, Group
from services.qc.domain.models import Models, picture_tokens
from services.qc.domain.prompt import SYSTEM, question_text
from services.qc.domain.triage import Plan, Policy

PLACES = Decimal("1e-12")
SIDE_PX = 2_048


class Expecting:
    """The calls of one analysis that has not begun: what would be asked of whom."""

    def __init__(
        self,
        plan: Plan,
        policy: Policy,
        models: Models,
        client_id: str,
        creative: Creative,
        checks: Mapping[str, Check],
        measured: Mapping[str, Mapping[str, JsonValue]],
        habits: Habits,
    ) -> None:
        self._plan = plan
        self._policy = policy
        self._models = models
        self._at = datetime.now(UTC)
        self._client_id = client_id
        self._creative = creative
        self._measured = measured
        self._habits = habits
        self._schema_chars = len(json.dumps(answers_schema(list(checks))))

    def calls(self) -> list[Expected]:
        """Those that are made for certain, then those that may follow."""
        certain = [self._asked(group) for group in (*self._plan.strong, *self._plan.cheap)]
        policy, triaged = self._policy, self._plan.chains
        again = [
            expected_again(
                self._asked(group),
                self._habits,
                budget=policy.escalations * len(group.checks) / len(triaged),
                audit_percent=policy.audit_percent,
                most_checks=MOST_CHECKS,
            )
            for group in self._by_strong_model()
        ]
        return [
            *(expected_call(asked, self._habits) for asked in certain),
            *(call for call in again if call),
        ]

    def _by_strong_model(self) -> list[Group]:
        """All checks that a cheap model is asked first, by the models that may follow."""
        checks = {id: check for group in self._plan.cheap for id, check in group.checks.items()}
        chains = dict.fromkeys(self._plan.chains.values())
        return [
            Group({id: checks[id] for id in checks if self._plan.chains[id] == chain}, chain)
            for chain in chains
        ]

    def _asked(self, group: Group) -> Asked:
        chain = succeeded(group.models, self._models, self._at)
        model = (*chain.models, *group.models)[0]
        info = self._models.find(model.provider, model.model)
        shared = len(self._text({}))
        return Asked(
            model,
            {id: len(self._text({id: check})) - shared for id, check in group.checks.items()},
            shared_chars=len(SYSTEM) + shared + self._schema_chars,
            picture_tokens=picture_tokens(info, *self._size_px()),
            reasons=info.reasoning,
        )

    def _text(self, checks: Mapping[str, Check]) -> str:
        return question_text(
            checks,
            client_id=self._client_id,
            creative=self._creative,
            measurements=self._measured,
        )

    def _size_px(self) -> tuple[int, int]:
        """As it is drawn for models."""
        width, height = self._creative.width_px, self._creative.height_px
        scale = min(1.0, SIDE_PX / max(width, height))
        return max(1, round(width * scale)), max(1, round(height * scale))


async def priced(
    usage: UsageApi, calls: Sequence[Expected], service_tier: str = "standard"
) -> list[EstimatedCall]:
    """Each call with the cost that the ledger would book for it now."""
    now = datetime.now(UTC)
    return list(await asyncio.gather(*(_priced(usage, call, now, service_tier) for call in calls)))


async def _priced(
    usage: UsageApi, call: Expected, at: datetime, service_tier: str
) -> EstimatedCall:
    quote = await usage.quote(
        QuoteRequest(
            provider=call.model.provider,
            model=call.model.model,
            occurred_at=at,
            service_tier=service_tier,
            input_tokens=call.input_tokens,
            cached_input_tokens=min(call.cached_input_tokens, call.input_tokens),
            output_tokens=call.output_tokens,
        )
    )
    cost = quote.cost_usd
    return EstimatedCall(
        provider=call.model.provider,
        model=call.model.model,
        check_ids=list(call.check_ids),
        again=call.again,
        times=float(call.times),
        input_tokens=call.input_tokens,
        cached_input_tokens=call.cached_input_tokens,
        output_tokens=call.output_tokens,
        cost_usd=None if cost is None else (cost * call.times).quantize(PLACES),
    )


def of_checks(
    checks: Mapping[str, Check], calls: Sequence[EstimatedCall], reasons: Mapping[str, str]
) -> list[EstimatedCheck]:
    """What each check takes of the calls, in the order of the profile."""
    parts: dict[str, list[Decimal | None]] = defaultdict(list)
    for call in calls:
        split = shares(call.cost_usd, call.check_ids) if call.cost_usd is not None else {}
        for check_id in call.check_ids:
            parts[check_id].append(split.get(check_id))
    return [
        EstimatedCheck(
            check_id=check_id,
            kind=check.kind,
            cost_usd=exact_sum(parts[check_id]),
            reason=reasons.get(check_id),
        )
        for check_id, check in checks.items()
    ]


def unpriced(calls: Sequence[EstimatedCall]) -> list[str]:
    """Models that no price is known for, as `provider/model`."""
    return sorted({f"{c.provider}/{c.model}" for c in calls if c.cost_usd is None})
