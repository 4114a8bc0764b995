"""Gemini's `generateContent`: the body of a question, and what an answer says."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from libs.contracts.models import ModelInfo
from services.qc.domain.rates import rates_of
from services.qc.domain.usage import from_gemini
from services.qc.providers.base import Question, Reply, ReplyOutcome
from services.qc.providers.bodies import Carried
from services.qc.providers.failures import quoted
from services.qc.providers.question import most_output_tokens, system_of
from services.qc.providers.tiers import STANDARD, served_as
from services.qc.providers.wire import Object, as_list, as_object, as_text

_PLAIN_MODEL = re.compile(r"gemini-[12]\b")
_MODEL_ID = re.compile(r"[\w@-][\w.@-]*(?:/[\w@-][\w.@-]*)*", re.ASCII)
_OUTCOMES: dict[str, ReplyOutcome] = {"STOP": "answered", "MAX_TOKENS": "truncated"}
_BLOCKING = {
    "SAFETY",
    "RECITATION",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "IMAGE_SAFETY",
}


def path_of(model: str) -> str:
    """Raises ValueError for what is no model's id: it is part of the path."""
    if not _MODEL_ID.fullmatch(model) or ".." in model:
        raise ValueError(f"{model!r} is no model")
    prefix = "" if model.startswith(("models/", "tunedModels/")) else "models/"
    return f"{prefix}{model}:generateContent"


def request_of(question: Question, info: ModelInfo, tier: str, carried: Carried) -> dict[str, Any]:
    """What all checks share comes first, so that its prefix is cached."""
    form = {"responseJsonSchema": dict(question.schema)} if info.structured else {}
    plain = {"temperature": 0} if _PLAIN_MODEL.search(question.model) else {}
    pictures = [
        {"inlineData": {"mimeType": mime, "data": stand_in}} for stand_in, mime in carried.stand_ins
    ]
    not_standard = {} if tier == STANDARD else {"serviceTier": tier}
    return {
        "systemInstruction": {"role": "user", "parts": [{"text": system_of(question, info)}]},
        "contents": [{"role": "user", "parts": [*pictures, {"text": question.text}]}],
        "generationConfig": {
            "maxOutputTokens": most_output_tokens(question, info),
            "responseMimeType": "application/json",
            **form,
            **plain,
        },
        **not_standard,
    }


def reply_of(body: Object, headers: Mapping[str, str], latency_ms: int) -> Reply:
    candidate = as_object(next(iter(as_list(body.get("candidates"))), None))
    parts = [as_object(part) for part in as_list(as_object(candidate.get("content")).get("parts"))]
    text = "".join(
        str(part["text"]) for part in parts if "text" in part and not part.get("thought")
    )
    finish = str(candidate.get("finishReason") or "")
    block = as_object(body.get("promptFeedback")).get("blockReason")
    usage = as_object(body.get("usageMetadata"))
    outcome = _outcome(text, finish, bool(block))
    return Reply(
        text=text or None,
        outcome=outcome,
        model_served=as_text(body.get("modelVersion")),
        usage=from_gemini(usage),
        finish=finish or str(block or ""),
        latency_ms=latency_ms,
        service_tier=_service_tier(headers, usage),
        tool_calls=_tool_calls(parts, candidate),
        rates=rates_of(headers),
        provider_request_id=as_text(body.get("responseId")),
        reason=_reason(outcome, quoted(finish or block)),
    )


def _outcome(text: str, finish: str, prompt_blocked: bool) -> ReplyOutcome:
    if prompt_blocked or finish in _BLOCKING:
        return "blocked"
    outcome = _OUTCOMES.get(finish, "answered")
    return "empty" if outcome == "answered" and not text.strip() else outcome


def _reason(outcome: ReplyOutcome, finish: str) -> str | None:
    return {
        "answered": None,
        "refused": None,
        "blocked": f"Gemini's safety filter stopped it ({finish}).",
        "truncated": "The answer was cut off at the limit of output tokens.",
        "empty": f"The model gave no text (it ended with {finish or 'nothing'}).",
    }[outcome]


def _service_tier(headers: Mapping[str, str], usage: Object) -> str:
    """The tier that was really used: the header tells when priority fell back to standard."""
    lower = {name.lower(): value for name, value in headers.items()}
    said = (
        lower.get("x-gemini-service-tier") or usage.get("serviceTier") or usage.get("trafficType")
    )
    return served_as(said)


def _tool_calls(parts: list[Object], candidate: Object) -> dict[str, int]:
    names = [
        str(as_object(part["functionCall"]).get("name")) for part in parts if "functionCall" in part
    ]
    names += ["code_execution" for part in parts if "executableCode" in part]
    searches = as_list(as_object(candidate.get("groundingMetadata")).get("webSearchQueries"))
    return dict(Counter(names + ["google_search"] * len(searches)))
