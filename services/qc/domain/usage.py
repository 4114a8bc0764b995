"""What one provider call used, in the nesting that the ledger expects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeGuard

from pydantic import JsonValue

from libs.contracts.usage import MAX_TOKENS, Outcome
from services.qc.domain.routing import FailureKind

UsageBlock = Mapping[str, JsonValue]
UsageSource = Literal["actual", "estimated", "unknown"]


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Counts nest: cached, cache-write and tool tokens are input, reasoning tokens are output.

    `total_tokens` is what the vendor reported, None when it reported none. `raw` is the
    vendor's block, untouched, so that any count can be derived again.
    """

    input_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    tool_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    total_tokens: int | None = None
    source: UsageSource = "actual"
    raw: UsageBlock = field(default_factory=dict)

    @property
    def adds_up(self) -> bool:
        """False when the vendor's total contradicts the counts: the ledger calls that suspect."""
        return self.total_tokens in (None, self.input_tokens + self.output_tokens)


ESTIMATED_USAGE = TokenUsage(input_tokens=1_000, output_tokens=200, source="estimated")
"""Stands for an answer that came whole and had no usage block."""

UNKNOWN_USAGE = TokenUsage(source="unknown")
"""Stands for a call that may have been billed and whose answer we never saw."""

MOST_PICTURE_TOKENS = 26_000
"""What one picture costs at most: gpt-4o-mini counts 25,501 for 2048 by 2048 at high detail."""

FEWEST_CHARS_OF_TOKEN = 2
"""Fewer characters a token have only scripts whose prompts we do not write."""


def most_input_tokens(chars: int, pictures: int = 1) -> int:
    """A bound on the input of so many pictures and `chars` characters of text and schema."""
    return MOST_PICTURE_TOKENS * pictures + chars // FEWEST_CHARS_OF_TOKEN


NO_USAGE = TokenUsage(total_tokens=0)
"""Stands for a call that the provider turned away, or that never left: nothing to bill."""

_NOT_BILLED = {
    FailureKind.RATE_LIMITED,
    FailureKind.TIER_REFUSED,
    FailureKind.QUOTA_EXHAUSTED,
    FailureKind.UNAUTHORIZED,
    FailureKind.INVALID_REQUEST,
    FailureKind.UNREACHABLE,
}
_PERHAPS_BILLED = {FailureKind.SERVER_ERROR, FailureKind.TIMED_OUT, FailureKind.INTERRUPTED}


def settled_usage(reported: TokenUsage | None, failure: FailureKind | None) -> TokenUsage:
    """What the ledger is told of one call: never silently nothing.

    What the vendor reported always counts. Without it, a call that was turned away used
    nothing, one whose answer was lost is unknown, and a whole answer is estimated.
    """
    if reported is not None:
        return reported
    if failure in _NOT_BILLED:
        return NO_USAGE
    return UNKNOWN_USAGE if failure in _PERHAPS_BILLED else ESTIMATED_USAGE


def ledger_outcome(failure: FailureKind | None) -> Outcome:
    """The ledger's word for how a call ended; `unknown` when its answer was lost on the way."""
    if failure is None:
        return "succeeded"
    if failure is FailureKind.TIMED_OUT:
        return "timed_out"
    return "unknown" if failure is FailureKind.INTERRUPTED else "failed"


def from_openai_chat(block: UsageBlock | None) -> TokenUsage | None:
    """Usage of a Chat Completions answer; None when it has no usage block.

    OpenAI counts cached tokens in the prompt and reasoning in the completion. Some servers
    that speak its dialect leave reasoning outside the completion: the total shows which.
    Source: OpenAI API reference, `CompletionUsage`.
    """
    return _from_openai(block, "prompt_tokens", "completion_tokens")


def from_openai_responses(block: UsageBlock | None) -> TokenUsage | None:
    """Usage of a Responses answer; None when it has no usage block, as while it is in progress.

    Source: OpenAI API reference, `ResponseUsage`.
    """
    return _from_openai(block, "input_tokens", "output_tokens")


def from_gemini(block: UsageBlock | None) -> TokenUsage | None:
    """Usage of a Gemini `usageMetadata` block (camelCase keys); None when there is none.

    Thoughts are billed as output and are not in the candidates' count, unless the total
    proves that they are inside. Tool results are input beside the prompt; cached tokens
    are inside the prompt. Source: Gemini API reference, `UsageMetadata`.
    """
    if not _reports(block, "promptTokenCount"):
        return None
    tool = count(block, "toolUsePromptTokenCount")
    given = count(block, "promptTokenCount") + tool
    candidates = count(block, "candidatesTokenCount")
    thoughts = count(block, "thoughtsTokenCount")
    total = _total(block, "totalTokenCount")
    return _nested(
        TokenUsage(
            input_tokens=given,
            cached_input_tokens=count(block, "cachedContentTokenCount"),
            tool_input_tokens=tool,
            output_tokens=candidates if given + candidates == total else candidates + thoughts,
            reasoning_tokens=thoughts,
            total_tokens=total,
            raw=block,
        )
    )


def _from_openai(block: UsageBlock | None, given_key: str, made_key: str) -> TokenUsage | None:
    if not _reports(block, given_key, made_key):
        return None
    of_input, of_output = _part(block, f"{given_key}_details"), _part(block, f"{made_key}_details")
    reasoning, total = count(of_output, "reasoning_tokens"), _total(block, "total_tokens")
    given, made, source = _both(block, given_key, made_key)
    outside = reasoning > 0 and given + made + reasoning == total
    return _nested(
        TokenUsage(
            input_tokens=given,
            cached_input_tokens=count(of_input, "cached_tokens"),
            cache_write_tokens=count(of_input, "cache_write_tokens"),
            output_tokens=made + reasoning if outside else made,
            reasoning_tokens=reasoning,
            total_tokens=total,
            source=source,
            raw=block,
        )
    )


def _both(block: UsageBlock, given_key: str, made_key: str) -> tuple[int, int, UsageSource]:
    """Input and output. One that is no count is what the total leaves, or else estimated."""
    given, made = count(block, given_key), count(block, made_key)
    no_given, no_made = (not _is_count(block.get(key)) for key in (given_key, made_key))
    if not no_given and not no_made:
        return given, made, "actual"
    total = block.get("total_tokens")
    if _is_count(total):
        rest = max(0, int(min(total, MAX_TOKENS)) - given - made)
        return rest if no_given else given, rest if no_made else made, "actual"
    usual = ESTIMATED_USAGE
    return (
        usual.input_tokens if no_given else given,
        usual.output_tokens if no_made else made,
        "estimated",
    )


def _nested(usage: TokenUsage) -> TokenUsage:
    """The same counts with each part cut to its whole.

    The ledger refuses parts above their whole, and a refused event would be lost money;
    the raw block keeps what the vendor said.
    """
    given = min(usage.input_tokens, MAX_TOKENS)
    made = min(usage.output_tokens, MAX_TOKENS)
    cached = min(usage.cached_input_tokens, given)
    return TokenUsage(
        input_tokens=given,
        cached_input_tokens=cached,
        cache_write_tokens=min(usage.cache_write_tokens, given - cached),
        tool_input_tokens=min(usage.tool_input_tokens, given),
        output_tokens=made,
        reasoning_tokens=min(usage.reasoning_tokens, made),
        total_tokens=usage.total_tokens,
        source=usage.source,
        raw=usage.raw,
    )


def _reports(block: UsageBlock | None, *keys: str) -> TypeGuard[UsageBlock]:
    """Whether one of the counts is there to be read: what is null or words is no report of zero."""
    return any(_is_count((block or {}).get(key)) for key in keys)


def _is_count(value: JsonValue) -> TypeGuard[int | float]:
    """A whole or broken number, however large; NaN is none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _part(block: UsageBlock, key: str) -> UsageBlock:
    part = block.get(key)
    return part if isinstance(part, dict) else {}


def count(block: UsageBlock, key: str) -> int:
    """A count as a vendor wrote it; 0 for what is none, never more than the ledger takes."""
    value = block.get(key)
    return int(min(value, MAX_TOKENS)) if _is_count(value) else 0


def _total(block: UsageBlock, key: str) -> int | None:
    return count(block, key) if block.get(key) is not None else None
