"""What the fake providers say when nobody scripted them: plausible, and the same every time."""

import json
import math
import re
import zlib
from typing import Any

OPENAI_PICTURE_TOKENS = 765
GEMINI_PICTURE_TOKENS = 1_032
LEAST_CACHED_TOKENS = 1_024
_CHECK = re.compile(r'<check id="(\w+)">\n(.*?)\n</check>', re.DOTALL)

Body = dict[str, Any]


def check_answers(question: str) -> str:
    """Answers to the checks of `question`, each score drawn from the words of that check alone."""
    asked = checks_of(question)
    return json.dumps({"answers": [{"check_id": id, **_answer(asked[id])} for id in asked]})


def for_each_check(question: str, text: str) -> str:
    """One answer, given to each check of `question`; any other text stays as it is."""
    try:
        answer = json.loads(text)
    except ValueError:
        return text
    if not isinstance(answer, dict) or "verdict" not in answer:
        return text
    return json.dumps({"answers": [{"check_id": id, **answer} for id in checks_of(question)]})


def checks_of(question: str) -> dict[str, str]:
    """The words of each check that is asked, by its id."""
    return dict(_CHECK.findall(question.rsplit("</facts>", 1)[-1]))


def _answer(words: str) -> Body:
    score = 55 + zlib.crc32(words.encode()) % 46
    finding = {
        "severity": "major",
        "message": "The headline stands too close to the edge.",
        "evidence": "Headline at the top left",
        "fix": "Move it inside the safe area.",
        "box": {"top": 40, "left": 30, "bottom": 180, "right": 520},
    }
    return {
        "evidence": "The picture shows one product, a headline and a logo.",
        "verdict": "pass" if score >= 70 else "fail",
        "score": score,
        "findings": [] if score >= 70 else [finding],
    }


def tokens(text: str) -> int:
    """Four bytes to the token, rounded up."""
    return math.ceil(len(text.encode()) / 4)


def question_of(body: Body) -> tuple[str, str]:
    """System text and the text beside the picture of a request in any of the three dialects."""
    if "contents" in body:
        system = body.get("systemInstruction") or {}
        return _texts(system.get("parts")), _texts(body["contents"][-1].get("parts"))
    if "input" in body:
        given = body["input"]
        last = given if isinstance(given, str) else _texts(given[-1].get("content"))
        return str(body.get("instructions") or ""), last
    messages = body.get("messages") or [{}]
    system = " ".join(_texts(said.get("content")) for said in messages[:-1])
    return system, _texts(messages[-1].get("content"))


def pictures_in(body: Body) -> int:
    """How many pictures go with the last message of a request in any of the three dialects."""
    said = body.get("contents") or body.get("input") or body.get("messages") or [{}]
    last = {} if isinstance(said, str) else said[-1]
    parts = last.get("parts") or last.get("content") or []
    kinds = {"image_url", "inlineData", "inline_data"}
    return sum(bool(kinds & part.keys()) for part in parts if isinstance(part, dict))


def openai_chat(body: Body, answer: str) -> Body:
    """A chat completion; the prefix counts as cached when it is long enough for that."""
    usage = _openai_counts(body, answer)
    return {
        "id": f"chatcmpl-{zlib.crc32(answer.encode()):08x}",
        "object": "chat.completion",
        "created": 1_790_000_000,
        "model": body["model"],
        "service_tier": body.get("service_tier") or "default",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": answer, "refusal": None},
            }
        ],
        "usage": {
            "prompt_tokens": usage["input"],
            "completion_tokens": usage["output"],
            "total_tokens": usage["input"] + usage["output"],
            "prompt_tokens_details": {"cached_tokens": usage["cached"], "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
    }


def openai_response(body: Body, answer: str) -> Body:
    usage = _openai_counts(body, answer)
    text = {"type": "output_text", "text": answer, "annotations": []}
    return {
        "id": f"resp_{zlib.crc32(answer.encode()):08x}",
        "object": "response",
        "created_at": 1_790_000_000,
        "model": body["model"],
        "status": "completed",
        "service_tier": body.get("service_tier") or "default",
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "output": [
            {
                "type": "message",
                "id": "msg_1",
                "role": "assistant",
                "status": "completed",
                "content": [text],
            }
        ],
        "usage": {
            "input_tokens": usage["input"],
            "input_tokens_details": {"cached_tokens": usage["cached"], "cache_write_tokens": 0},
            "output_tokens": usage["output"],
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": usage["input"] + usage["output"],
        },
    }


def gemini(body: Body, model: str, answer: str) -> Body:
    """A Gemini answer; its thoughts stand beside the candidates' count, as in the real one."""
    system, question = question_of(body)
    prompt = GEMINI_PICTURE_TOKENS * pictures_in(body) + tokens(system) + tokens(question)
    candidates, thoughts = tokens(answer), 64 + zlib.crc32(question.encode()) % 200
    return {
        "candidates": [
            {
                "index": 0,
                "finishReason": "STOP",
                "content": {"role": "model", "parts": [{"text": answer}]},
            }
        ],
        "modelVersion": model,
        "responseId": f"g-{zlib.crc32(answer.encode()):08x}",
        "usageMetadata": {
            "promptTokenCount": prompt,
            "candidatesTokenCount": candidates,
            "thoughtsTokenCount": thoughts,
            "totalTokenCount": prompt + candidates + thoughts,
            "serviceTier": body.get("serviceTier") or "standard",
        },
    }


def _openai_counts(body: Body, answer: str) -> dict[str, int]:
    system, question = question_of(body)
    prefix = OPENAI_PICTURE_TOKENS * pictures_in(body) + tokens(system)
    return {
        "input": prefix + tokens(question),
        "cached": prefix // 128 * 128 if prefix >= LEAST_CACHED_TOKENS else 0,
        "output": tokens(answer),
    }


def _texts(parts: object) -> str:
    if isinstance(parts, str):
        return parts
    listed = parts if isinstance(parts, list) else []
    return " ".join(str(part["text"]) for part in listed if "text" in part)
