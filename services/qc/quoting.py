"""Calls that are expected, each priced by the ledger, and what that makes of each check."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal

from libs.api.usage import UsageApi
from libs.contracts.estimates import EstimatedCall, EstimatedCheck
from libs.contracts.profiles import Check
from libs.contracts.usage import QuoteRequest
from services.qc.domain.cost_shares import exact_sum, shares
from services.qc.domain.estimate import Expected
from services.qc.providers.tiers import STANDARD

PLACES = Decimal("1e-12")
AT_ONCE = 16


class Quotes:
    """What the ledger would book now. It is asked once for calls that are alike."""

    def __init__(self, usage: UsageApi) -> None:
        self._usage = usage
        self._at = datetime.now(UTC)
        self._places = asyncio.Semaphore(AT_ONCE)
        self._told: dict[QuoteRequest, asyncio.Task[Decimal | None]] = {}

    async def priced(
        self, call: Expected, service_tier: str = STANDARD, when_waiting: str = STANDARD
    ) -> EstimatedCall:
        """The call with its cost in that tier, and in the one `when_waiting`."""
        cost, waiting = [await self._cost(call, tier) for tier in (service_tier, when_waiting)]
        return EstimatedCall(
            provider=call.model.provider,
            model=call.model.model,
            check_ids=list(call.check_ids),
            again=call.again,
            times=float(call.times),
            input_tokens=call.input_tokens,
            cached_input_tokens=call.cached_input_tokens,
            output_tokens=call.output_tokens,
            cost_usd=cost,
            waiting_usd=waiting,
        )

    async def _cost(self, call: Expected, service_tier: str) -> Decimal | None:
        """Of as many as are expected of it."""
        each = await self._quoted(
            QuoteRequest(
                provider=call.model.provider,
                model=call.model.model,
                occurred_at=self._at,
                service_tier=service_tier,
                input_tokens=call.input_tokens,
                cached_input_tokens=min(call.cached_input_tokens, call.input_tokens),
                output_tokens=call.output_tokens,
            )
        )
        return None if each is None else (each * call.times).quantize(PLACES)

    async def _quoted(self, counts: QuoteRequest) -> Decimal | None:
        """Whoever asks second waits for the first one's answer: files are foreseen side by side."""
        if counts not in self._told:
            self._told[counts] = asyncio.create_task(self._ask(counts))
        return await self._told[counts]

    async def _ask(self, counts: QuoteRequest) -> Decimal | None:
        async with self._places:
            return (await self._usage.quote(counts)).cost_usd


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
