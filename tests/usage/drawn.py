"""Reports to draw: one whose names are hostile, and big ones that add up."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from services.usage.domain.focus import Charge, Priced, TokenKind, Usage, charges
from services.usage.domain.period import Period
from services.usage.domain.report import (
    Analysed,
    Doubts,
    Filled,
    Filling,
    Line,
    Report,
    Spent,
    dearest_first,
    exact_sum,
)

EVIL = (
    '=HYPERLINK("http://evil.example","click")',
    "<script>alert(1)</script>",
    "abc\u202egnp.exe",
    "x\x1b[2J\nTotal cost: $0",
    "李伟 的 品牌",
    "👩‍🎨 studio 🎉",
    "שלום-مرحبا",
    "long_" * 40,
    '#read("/etc/passwd") *bold* $x$',
    "{{ 7 * 7 }} {% raw %}",
    "a;=1+1",
    "＝1+1",
)
DOUBTS = Doubts(3, 2, 1, 4, Decimal("0.009"))
GENERATED_AT = datetime(2026, 9, 1, 6, 30, tzinfo=UTC)


def spent(calls: int, cost_usd: str, **given: int | Decimal) -> Spent:
    known: dict[str, int | Decimal] = {
        "prompt_tokens": calls * 1_245,
        "completion_tokens": calls * 187,
        "total_tokens": calls * 1_432,
        "cached_input_tokens": calls * 300,
        "reasoning_tokens": calls * 60,
    }
    return Spent(calls=calls, cost_usd=Decimal(cost_usd), **(known | given))  # type: ignore[arg-type]


def added(parts: Sequence[Spent], **given: int | Decimal) -> Spent:
    """What the parts come to."""
    counts = ("calls", "prompt_tokens", "completion_tokens", "total_tokens")
    names = (*counts, "cached_input_tokens", "reasoning_tokens")
    sums = {name: sum(getattr(part, name) for part in parts) for name in names}
    return Spent(**sums, cost_usd=exact_sum(p.cost_usd for p in parts), **given)  # type: ignore[arg-type]


def analysed(analyses: int) -> Analysed:
    passed, failed = analyses * 3 // 5, analyses // 4
    scores = Decimal("82.5") * analyses
    rest = analyses - passed - failed
    return Analysed(analyses, analyses * 11, scores, analyses, passed, failed, rest)


def hostile() -> Report:
    """A small report that adds up in every dimension, with names that nobody should choose."""
    parts = [spent(10 + n, f"{12 - n}.00498250000{n:02d}") for n in range(len(EVIL))]
    total = added(
        parts,
        adjustments=2,
        adjustments_usd=Decimal("-0.0100"),
        fallback_calls=3,
        fallback_usd=Decimal("0.42"),
    )
    lines = [
        Line(name, part, analysed(5), users=2, profiles={EVIL[0]: 3, "diageo_key_visual": 2})
        for name, part in zip(EVIL, parts, strict=True)
    ]
    lines[0] = Line(EVIL[0], parts[0], analysed(5), DOUBTS, users=2)
    filled = Filled(12, Decimal("1103.6"))
    return Report(
        generated_at=GENERATED_AT,
        period=Period(date(2026, 8, 1), date(2026, 8, 31)),
        spent=total,
        analysed=analysed(5 * len(EVIL)),
        doubts=DOUBTS,
        by_client=lines,
        by_user=[Line(x.key, x.spent, x.analysed, name=x.key, email=x.key) for x in lines],
        by_profile=[Line(x.key, analysed=x.analysed, clients={EVIL[0]: 3, "z": 1}) for x in lines],
        by_date=_days(parts),
        by_provider=[Line("OpenAI", total, doubts=DOUBTS)],
        by_check=[Line(x.key, x.spent, filled=filled) for x in lines],
        by_model=[Line(x.key, x.spent, doubts=x.doubts, filled=filled) for x in lines],
        by_tool={EVIL[0]: 16, "load_media_plan": 19},
        fillings=[Filling(EVIL[1], name, filled) for name in EVIL[:3]],
        filters=[("client", EVIL[0]), ("user", EVIL[3])],
    )


def _days(parts: Sequence[Spent]) -> list[Line]:
    """Days of a month, not all of them; on one there are doubts."""
    days = (1, 2, 3, 4, 8, 9, 10, 20, 21, 22, 30, 31)
    return [
        Line(f"2026-08-{day:02d}", part, analysed(5), DOUBTS if day == 3 else Doubts())
        for day, part in zip(days, parts, strict=True)
    ]


def empty() -> Report:
    """A period in which nothing happened."""
    return Report(GENERATED_AT, Period(), Spent(), Analysed(), Doubts(), [], [], [], [], [], [], [])


def big(days: int = 365, clients: int = 100, users: int = 2_000) -> Report:
    """A year of an agency: what each form has to bear."""
    first_on = date(2025, 9, 1)
    dates = [
        Line(
            (first_on + timedelta(day)).isoformat(),
            spent(1_000 + day, f"{(day * 37) % 91 + 3}.{day:05d}25"),
            analysed(90),
        )
        for day in range(days)
    ]
    total = added([line.spent for line in dates])
    models, checks = [f"model-{n}" for n in range(12)], [f"check_{n}" for n in range(40)]
    return Report(
        generated_at=GENERATED_AT,
        period=Period(first_on, first_on + timedelta(days - 1)),
        spent=total,
        analysed=analysed(90 * days),
        doubts=Doubts(),
        by_client=_shared(total, [f"client_{n:03d}" for n in range(clients)]),
        by_user=_shared(total, [f"user_{n:05d}" for n in range(users)]),
        by_profile=_shared(total, [f"profile_{n:03d}" for n in range(clients)]),
        by_date=dates,
        by_provider=_shared(total, ["OpenAI", "Gemini"]),
        by_check=_shared(total, checks),
        by_model=_shared(total, models),
        by_tool={"load_media_plan": 16},
        fillings=[Filling(m, c, Filled(9, Decimal(801))) for m in models for c in checks],
    )


def _shared(total: Spent, names: Sequence[str]) -> list[Line]:
    """The total in unequal parts, to the last digit."""
    weights = [len(names) - place for place in range(len(names))]
    nanos = int(total.cost_usd.scaleb(9))
    parts = [nanos * weight // sum(weights) for weight in weights]
    parts[0] += nanos - sum(parts)
    lines = [
        Line(
            name,
            spent(total.calls // len(names), str(Decimal(part).scaleb(-9))),
            analysed(40),
            filled=Filled(9, Decimal(801)),
            name=f"Person {name}",
            email=f"{name}@agency.example",
            clients={"diageo": 3},
            profiles={"key_visual": 5},
        )
        for name, part in zip(names, parts, strict=True)
    ]
    return dearest_first(lines)


def charged() -> list[Charge]:
    """Charges of calls, of a correction and of what another tracker had written down."""
    figures: dict[TokenKind, tuple[int, str]] = {
        "input": (1_000, "2.5"),
        "cached_input": (200, "1.25"),
        "cache_write": (0, "2.5"),
        "output": (300, "10"),
    }
    kinds = {
        kind: Priced(tokens, tokens * Decimal(price) / 10**6, Decimal(price))
        for kind, (tokens, price) in figures.items()
    }
    whole = Priced(1_500, exact_sum(priced.cost_usd for priced in kinds.values()))
    call = Usage(
        date(2026, 12, 31), EVIL[0], "google", "gemini-2.5-pro", "standard", "call", "p-1",
        whole, kinds,
    )  # fmt: skip
    correction = replace(
        call,
        client_id="李伟",
        origin="adjustment",
        whole=Priced(0, Decimal("-0.0025")),
        kinds={"input": Priced(0, Decimal("-0.0025"), Decimal("2.5"))},
    )
    imported = replace(
        call, origin="import", price_id=None, whole=Priced(900, Decimal("0.01")), kinds={}
    )
    return [row for usage in (call, correction, imported) for row in charges(usage)]
