"""Contract of importing the logs of older trackers into the ledger."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, JsonValue, PlainSerializer

from libs.contracts.common import Reply, Request

LogKind = Literal["jsonl", "usage_json"]
MAX_SHOWN = 100
Sum = Annotated[
    Decimal, PlainSerializer(lambda usd: format(usd, "f"), return_type=str, when_used="json")
]


class ImportQuery(Request):
    """`file` is what the answer calls the log; its content is the body of the request.

    The two old trackers wrote down the same calls, so days that one of them has brought are
    refused of the other unless `allow_overlap` says that they are different calls.
    """

    file: str = Field(min_length=1, max_length=1_000)
    kind: LogKind = "jsonl"
    dry_run: bool = False
    allow_overlap: bool = False


class SkippedLine(Reply):
    """`place` is the number of the line, or `daily_usage[3]`; `text` its first 80 characters."""

    file: str
    place: str
    reason: str
    detail: str
    text: str


class Imported(Reply):
    """What became of each line: `lines = blank + imported + duplicates + skipped`.

    `kinds`, `entries`, `events`, tokens, cost and days are of what was imported just now, or
    would have been. `skipped_lines` names the first 100, `reasons` counts all of them.
    `left_out` is what a usage.json says without a day: it cannot stand in a ledger.
    """

    dry_run: bool = False
    lines: int = 0
    blank: int = 0
    imported: int = 0
    duplicates: int = 0
    skipped: int = 0
    reasons: dict[str, int] = {}
    skipped_lines: list[SkippedLine] = []
    left_out: dict[str, JsonValue] = {}
    kinds: dict[str, int] = {}
    entries: int = 0
    events: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cost_usd: Sum = Decimal(0)
    first_on: date | None = None
    last_on: date | None = None
