"""Which kinds of content the counted tokens stood for: side facts, by which nothing is priced."""

from collections.abc import Mapping

from libs.contracts.usage import MAX_TOKENS
from services.qc.domain.reported import label
from services.qc.domain.usage import UsageBlock, count

OPENAI_PARTS = {"text_tokens": "text", "image_tokens": "image", "audio_tokens": "audio"}
OPENAI_DETAILS = {
    "prompt_tokens_details": "input",
    "input_tokens_details": "input",
    "completion_tokens_details": "output",
    "output_tokens_details": "output",
}
GEMINI_DETAILS = {
    "promptTokensDetails": "input",
    "toolUsePromptTokensDetails": "tool_input",
    "cacheTokensDetails": "cached_input",
    "candidatesTokensDetails": "output",
}
MAX_KINDS = 20


def modality_tokens(block: UsageBlock) -> Mapping[str, int]:
    """Tokens by direction and kind, as `input_image` or `output_text`; empty when not told.

    Vendors may leave kinds out, and what they give need not add up to their counts.
    Source: OpenAI API reference, `CompletionUsage`; Gemini API reference, `ModalityTokenCount`.
    """
    found: dict[str, int] = {}
    for name, direction in OPENAI_DETAILS.items():
        details = block.get(name)
        if isinstance(details, dict):
            for part, kind in OPENAI_PARTS.items():
                found[f"{direction}_{kind}"] = count(details, part)
    for name, direction in GEMINI_DETAILS.items():
        listed = block.get(name)
        for item in listed if isinstance(listed, list) else ():
            named = item.get("modality") if isinstance(item, dict) else None
            if isinstance(item, dict) and isinstance(named, str):
                kind = f"{direction}_{label(named.lower()) or 'unnamed'}"
                found[kind] = min(found.get(kind, 0) + count(item, "tokenCount"), MAX_TOKENS)
    return dict([(kind, tokens) for kind, tokens in found.items() if tokens][:MAX_KINDS])
