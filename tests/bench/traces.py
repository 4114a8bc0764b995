"""Provider calls in the shape of recorded traffic: token counts as production saw them."""

import csv
import gzip
import random
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from libs.contracts.usage import ProviderCall
from libs.ids import uuid7

TRACE = (
    Path(__file__).parents[2]
    / ".."
    / "shared"
    / "data"
    / "usage-traces"
    / "servegen-mm-image.csv.gz"
)
CLIENTS = ("diageo", "general", "loreal", "unilever")
CHECKS = ("brand_fit", "claims", "composition", "legal_line", "logo_use", "readability", "tone")
SEED = 7


class Shape(NamedTuple):
    """One request of the trace; `input_tokens` holds text and pictures."""

    caller: int
    input_tokens: int
    output_tokens: int


def shapes() -> Iterator[Shape]:
    """The recorded requests, or drawn ones of about their size where the recording is not."""
    if TRACE.is_file():
        with gzip.open(TRACE, "rt") as file:
            for row in csv.DictReader(file):
                yield Shape(
                    int(row["client_no"]) // 2,  # the recording has even numbers only
                    int(row["text_tokens"]) + int(row["image_tokens"]),
                    int(row["output_tokens"]),
                )
    draw = random.Random(SEED)
    while True:
        yield Shape(
            draw.randrange(100),
            int(min(draw.lognormvariate(7, 1), 100_000)),
            int(min(draw.lognormvariate(4, 1), 8_000)),
        )


def calls(count: int, at: datetime, skip: int = 0) -> list[ProviderCall]:
    """`count` calls of that instant with new ids; every second one of each provider."""
    rows = islice(shapes(), skip, skip + count)
    return [_call(number, shape, at) for number, shape in enumerate(rows)]


def _call(number: int, shape: Shape, at: datetime) -> ProviderCall:
    provider, model = ("openai", "gpt-4o") if number % 2 == 0 else ("google", "gemini-2.5-pro")
    user = f"user-{shape.caller % 40}"
    return ProviderCall(
        kind="provider_call",
        event_id=uuid7(at),
        occurred_at=at,
        client_id=CLIENTS[shape.caller % len(CLIENTS)],
        user_id=user,
        user_email=f"{user}@agency.example",
        user_name=user.title(),
        analysis_id=uuid7(at),
        profile_id=f"{CLIENTS[shape.caller % len(CLIENTS)]}_key_visual",
        profile_version=1,
        check_ids=[CHECKS[number % len(CHECKS)]],
        provider=provider,
        model_requested=model,
        model_served=model,
        outcome="succeeded",
        input_tokens=shape.input_tokens,
        output_tokens=shape.output_tokens,
        total_tokens=shape.input_tokens + shape.output_tokens,
        latency_ms=2_000 + shape.output_tokens,
        fill_percentage=100,
        raw_usage={"prompt": shape.input_tokens, "completion": shape.output_tokens},
    )


def cost_usd(call: ProviderCall) -> Decimal:
    """By hand, from the published prices: none of these calls is cached."""
    input_usd, output_usd = Decimal("2.50"), Decimal(10)
    if call.provider == "google":
        above = call.input_tokens > 200_000
        input_usd, output_usd = (
            (Decimal("2.50"), Decimal(15)) if above else (Decimal("1.25"), Decimal(10))
        )
    return (call.input_tokens * input_usd + call.output_tokens * output_usd) / 1_000_000
