"""A tiny question that only asks whether a model works. It is billed, so it is in the ledger."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from uuid import UUID

import structlog
from PIL import Image
from pydantic import JsonValue

from libs.contracts.access import Actor
from libs.contracts.models import Probed
from libs.contracts.usage import Outcome, ProviderCall
from libs.ids import uuid7
from libs.postgres import Connection, Pool, insist, transaction
from services.qc import outbox
from services.qc.domain.modality import modality_tokens
from services.qc.domain.rates import UNTOLD
from services.qc.domain.reported import label, storable
from services.qc.domain.routing import FailureKind, ModelRef
from services.qc.domain.usage import (
    TokenUsage,
    ledger_outcome,
    most_input_tokens,
    settled_usage,
)
from services.qc.limits import Closed, Limits, Place
from services.qc.models import Registry
from services.qc.outbox import Outbox
from services.qc.providers.base import Picture, Provider, ProviderFailed, Question, Reply

log = structlog.get_logger()

PLATFORM = "platform"
"""Stands where a client stands for calls that are made for no client."""

AT_ONCE = 4
TIMEOUT_S = 60.0
STRAY_AFTER = timedelta(minutes=10)
STRAYS_EVERY_S = 300.0
MOST_OUTPUT_TOKENS = 2_000

SYSTEM = "You tell colours."
TEXT = "Which colour is this picture?"
COLOUR = "red"
SCHEMA: Mapping[str, JsonValue] = {
    "type": "object",
    "properties": {"colour": {"type": "string", "enum": ["red", "green", "blue", "none"]}},
    "required": ["colour"],
    "additionalProperties": False,
}


def _red_square() -> Picture:
    file = BytesIO()
    Image.new("RGB", (64, 64), COLOUR).save(file, "JPEG")
    return Picture(file.getvalue(), "image/jpeg")


@dataclass(frozen=True, slots=True)
class Prober:
    """Asks models whether they work, and writes down how each fares."""

    pool: Pool
    registry: Registry
    providers: Mapping[str, Provider]
    outbox: Outbox
    limits: Limits

    async def probe(self, refs: Sequence[ModelRef], actor: Actor) -> list[Probed]:
        """Ask each once; those of providers without a key do not work, and are not asked."""
        picture, at_once = _red_square(), asyncio.Semaphore(AT_ONCE)
        await self.registry.models()  # The adapters go by what is known: let it be news.

        async def one(ref: ModelRef) -> Probed:
            if ref.provider not in self.providers:
                return _told(uuid7(), ref, _NO_KEY, None)
            async with at_once:
                return await self._in_its_place(ref, actor, picture)

        try:
            return list(await asyncio.gather(*map(one, refs)))
        finally:
            self.registry.forget()
            self.outbox.wake()

    async def run(self) -> None:
        """Now and then settle what a process that died had asked."""
        while True:
            await insist(self.settle_strays)
            await asyncio.sleep(STRAYS_EVERY_S)

    async def settle_strays(self) -> int:
        """Settle as unknown what was asked long ago and never settled; return how many."""
        async with transaction(self.pool) as db:
            rows = await db.fetch(
                "SELECT intent FROM probe WHERE state = 'open' AND opened_at < $1",
                datetime.now(UTC) - STRAY_AFTER,
            )
            for row in rows:
                await _settle(db, ProviderCall.model_validate(row["intent"]))
        return len(rows)

    async def _in_its_place(self, ref: ModelRef, actor: Actor, picture: Picture) -> Probed:
        """A probe counts among the calls at a time, and what it hears goes for all of them."""
        try:
            async with self.limits.place(ref, PLATFORM) as place:
                return await self._ask(ref, actor, picture, place)
        except Closed as closed:
            return _told(uuid7(), ref, ProviderFailed(FailureKind.RATE_LIMITED, str(closed)), None)

    async def _ask(self, ref: ModelRef, actor: Actor, picture: Picture, place: Place) -> Probed:
        intent = _intent(ref, actor)
        await insist(lambda: self._open(intent))
        question = Question(
            model=ref.model,
            system=SYSTEM,
            pictures=(picture,),
            text=TEXT,
            schema=SCHEMA,
            attempt_id=intent.event_id,
            timeout_s=TIMEOUT_S,
            max_output_tokens=MOST_OUTPUT_TOKENS,
        )
        reply, failure = await _answer(self.providers[ref.provider], question)
        _tell(place, reply, failure)
        # The call is made: whoever asked may leave, its outcome is written down all the same.
        await asyncio.shield(self._written(ref, intent, reply, failure))
        return _told(intent.event_id, ref, failure, reply)

    async def _open(self, intent: ProviderCall) -> None:
        async with transaction(self.pool) as db:
            await db.execute(
                """
                INSERT INTO probe (probe_id, intent, opened_at) VALUES ($1, $2, $3)
                ON CONFLICT DO NOTHING
                """,
                intent.event_id,
                intent.model_dump(mode="json"),
                intent.occurred_at,
            )

    async def _written(
        self,
        ref: ModelRef,
        intent: ProviderCall,
        reply: Reply | None,
        failure: ProviderFailed | None,
    ) -> None:
        event = _event(intent, reply, failure)

        async def settle() -> None:
            async with transaction(self.pool) as db:
                await _settle(db, event)

        await insist(settle)
        await self.registry.heard(ref, failure, intent.occurred_at, decisive=True)


_NO_KEY = ProviderFailed(FailureKind.UNAUTHORIZED, "Its provider has no key here.")


async def _answer(
    provider: Provider, question: Question
) -> tuple[Reply | None, ProviderFailed | None]:
    try:
        reply = await provider.ask(question)
    except ProviderFailed as failure:
        return None, failure
    except Exception:
        log.exception("provider call broke", model=question.model)
        return None, ProviderFailed(FailureKind.INTERRUPTED, "the call broke; it was logged")
    return reply, _fault(reply)


def _tell(place: Place, reply: Reply | None, failure: ProviderFailed | None) -> None:
    if reply or failure is None:
        place.tell(rate=reply.rates.tightest if reply else UNTOLD)
    else:
        place.tell(failure.kind, failure.retry_after_s, failure.rates.tightest)


def _fault(reply: Reply) -> ProviderFailed | None:
    """What is wrong with an answer; a model that does not see the picture does not work."""
    if reply.failure or reply.text is None:
        kind = reply.failure or FailureKind.UNUSABLE_ANSWER
        return ProviderFailed(kind, reply.reason or "The model gave no answer.")
    try:
        said = json.loads(reply.text)
    except ValueError:
        said = None
    colour = said.get("colour") if isinstance(said, dict) else None
    if colour == COLOUR:
        return None
    if colour in ("green", "blue", "none"):
        why = f"It called a {COLOUR} picture {colour}: it does not see pictures."
        return ProviderFailed(FailureKind.UNUSABLE_ANSWER, why)
    why = "It did not answer in the form that was asked for."
    return ProviderFailed(FailureKind.UNUSABLE_ANSWER, why)


def _intent(ref: ModelRef, actor: Actor) -> ProviderCall:
    """The event as it stands when nobody ever hears the answer."""
    now = datetime.now(UTC)
    chars = len(SYSTEM) + len(TEXT) + len(json.dumps(SCHEMA))
    return ProviderCall(
        kind="provider_call",
        event_id=uuid7(now),
        occurred_at=now,
        client_id=PLATFORM,
        user_id=actor.subject,
        user_email=actor.email,
        user_name=actor.name,
        provider=ref.provider,
        model_requested=ref.model,
        outcome="unknown",
        usage_source="unknown",
        input_tokens=most_input_tokens(chars),
        output_tokens=MOST_OUTPUT_TOKENS,
    )


def _event(
    intent: ProviderCall, reply: Reply | None, failure: ProviderFailed | None
) -> ProviderCall:
    kind = failure.kind if failure else None
    reported = reply.usage if reply else failure.usage if failure else None
    outcome: Outcome = ledger_outcome(kind)
    usage = settled_usage(reported, None if reply else kind)
    facts = {} if usage.source == "unknown" else _counts(usage)
    latency_ms = reply.latency_ms if reply else failure.latency_ms if failure else None
    served = (
        {"model_served": label(reply.model_served), "service_tier": _tier(reply)} if reply else {}
    )
    told = {**intent.model_dump(), **facts, **served, "outcome": outcome, "latency_ms": latency_ms}
    return ProviderCall.model_validate(told)


def _tier(reply: Reply) -> str:
    return label(reply.service_tier) or "standard"


def _counts(usage: TokenUsage) -> dict[str, object]:
    return {
        "input_tokens": usage.input_tokens,
        "cached_input_tokens": usage.cached_input_tokens,
        "cache_write_tokens": usage.cache_write_tokens,
        "tool_input_tokens": usage.tool_input_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "total_tokens": usage.total_tokens,
        "usage_source": usage.source,
        "modality_tokens": modality_tokens(usage.raw),
        "raw_usage": storable(usage.raw),
    }


async def _settle(db: Connection, event: ProviderCall) -> None:
    """Once only: the first outcome counts, and its event is sent."""
    settled = await db.fetchval(
        """
        UPDATE probe SET state = $2, settled_at = $3
         WHERE probe_id = $1 AND state = 'open'
        RETURNING probe_id
        """,
        event.event_id,
        "unknown" if event.usage_source == "unknown" else "settled",
        datetime.now(UTC),
    )
    if settled:
        await outbox.enqueue(db, settled, event)


def _told(
    probe_id: UUID, ref: ModelRef, failure: ProviderFailed | None, reply: Reply | None
) -> Probed:
    return Probed(
        probe_id=probe_id,
        model=str(ref),
        works=failure is None,
        kind=failure.kind.value if failure else "",
        message=failure.message if failure else "",
        model_served=label(reply.model_served) if reply else None,
        latency_ms=reply.latency_ms if reply else failure.latency_ms if failure else 0,
    )
