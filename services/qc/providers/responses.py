"""OpenAI's Responses: the body of a question, and what an answer says. Nothing is kept there."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from libs.contracts.models import ModelInfo
from services.qc.domain.answer_schema import ANSWER_SCHEMA_NAME
from services.qc.domain.rates import rates_of
from services.qc.domain.usage import TokenUsage, from_openai_responses
from services.qc.providers.base import Question, Reply, ReplyOutcome
from services.qc.providers.bodies import Carried
from services.qc.providers.chat import why
from services.qc.providers.question import cache_key, most_output_tokens, reasons, system_of
from services.qc.providers.tiers import asked_as, served_as
from services.qc.providers.wire import Object, as_list, as_object, as_text

PATH = "/responses"

_OUTCOMES: dict[str, ReplyOutcome] = {
    "max_output_tokens": "truncated",
    "max_tokens": "truncated",
    "content_filter": "blocked",
}
_ENDED = {"completed", "incomplete"}


def request_of(question: Question, info: ModelInfo, tier: str, carried: Carried) -> dict[str, Any]:
    """What all checks share comes first, so that its prefix is cached."""
    pictures = [
        {"type": "input_image", "image_url": url, "detail": "high"} for url in carried.data_urls
    ]
    return {
        "model": question.model,
        "instructions": system_of(question, info),
        "input": [
            {"role": "user", "content": [*pictures, {"type": "input_text", "text": question.text}]}
        ],
        "text": {"format": _format(question, info)},
        "max_output_tokens": most_output_tokens(question, info),
        "store": False,
        **({} if reasons(info) else {"temperature": 0}),
        **asked_as(tier),
        **cache_key(question, info),
    }


def reply_of(body: Object, headers: Mapping[str, str], latency_ms: int) -> Reply | None:
    """None when the body holds no answer, or one that failed or has not ended."""
    if str(body.get("status", "completed")) not in _ENDED or not isinstance(
        body.get("output"), list
    ):
        return None
    items = [as_object(item) for item in as_list(body["output"])]
    parts = [
        as_object(part)
        for item in items
        if item.get("type") == "message"
        for part in as_list(item.get("content"))
    ]
    text = "".join(as_text(part.get("text")) or "" for part in parts)
    refusal = next((said for part in parts if (said := as_text(part.get("refusal")))), None)
    why_cut = as_text(as_object(body.get("incomplete_details")).get("reason"))
    finish = why_cut or str(body.get("status") or "")
    outcome = _outcome(text, refusal, finish)
    return Reply(
        text=text or None,
        outcome=outcome,
        model_served=as_text(body.get("model")),
        usage=usage_of(body),
        finish=finish,
        latency_ms=latency_ms,
        service_tier=served_as(body.get("service_tier")),
        tool_calls=dict(Counter(name for item in items if (name := _tool(item)))),
        rates=rates_of(headers),
        provider_request_id=headers.get("x-request-id") or as_text(body.get("id")),
        reason=why(outcome, finish, refusal),
    )


def usage_of(body: Object) -> TokenUsage | None:
    return from_openai_responses(as_object(body.get("usage")))


def _format(question: Question, info: ModelInfo) -> dict[str, Any]:
    if not info.structured:
        return {"type": "json_object"}
    schema = dict(question.schema)
    return {"type": "json_schema", "name": ANSWER_SCHEMA_NAME, "strict": True, "schema": schema}


def _outcome(text: str, refusal: str | None, finish: str) -> ReplyOutcome:
    if refusal:
        return "refused"
    outcome = _OUTCOMES.get(finish, "truncated" if finish == "incomplete" else "answered")
    return "empty" if outcome == "answered" and not text.strip() else outcome


def _tool(item: Object) -> str | None:
    """The tool that an item of the output is a call of; None for what the model says or thinks.

    Functions have names of their own; the vendor's tools are named by the kind of the item.
    """
    kind = as_text(item.get("type")) or ""
    if not kind.endswith("_call"):
        return None
    return as_text(item.get("name")) or kind.removesuffix("_call")
