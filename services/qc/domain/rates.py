"""What a provider says of its own limits: allowed in a window, left of it, full again in."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

LONGEST_WINDOW_S = 86_400.0

_UNIT_S = {"d": 86_400.0, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6}
_DURATION = re.compile(r"(?:\d{1,9}(?:\.\d{1,9})?(?:ms|us|µs|d|h|m|s))+")
_STEP = re.compile(r"([\d.]+)(ms|us|µs|d|h|m|s)")
_NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,9})?")
_OF_REQUESTS = ("x-ratelimit-{}-requests", "x-ratelimit-{}", "ratelimit-{}")
_OF_TOKENS = ("x-ratelimit-{}-tokens",)


@dataclass(frozen=True, slots=True)
class Rate:
    """`limit` is allowed in a window, `remaining` is left of it; None is what was not said.

    `reset_s` are the seconds from the reply until the window is full again.
    """

    limit: int | None = None
    remaining: int | None = None
    reset_s: float | None = None

    @property
    def left_share(self) -> float | None:
        """What is left, from 0 to 1; None when it cannot be told."""
        if self.limit is None or self.remaining is None or self.limit <= 0:
            return None
        return min(self.remaining / self.limit, 1.0)


UNTOLD = Rate()


@dataclass(frozen=True, slots=True)
class Rates:
    """The two windows that providers count: calls, and tokens."""

    requests: Rate = UNTOLD
    tokens: Rate = UNTOLD

    @property
    def tightest(self) -> Rate:
        """The window with the smaller share left: the one that a limiter heeds."""
        told = [rate for rate in (self.requests, self.tokens) if rate.left_share is not None]
        return min(told, key=lambda rate: rate.left_share or 0.0, default=UNTOLD)


NO_RATES = Rates()


def rates_of(headers: Mapping[str, str]) -> Rates:
    """Read `x-ratelimit-*` headers, or the plain `ratelimit-*` ones.

    Source: OpenAI API docs, "Rate limits" (headers); servers of its dialect write alike.
    """
    named = {name.lower(): value for name, value in headers.items()}
    told = {name: value for name, value in named.items() if "ratelimit-" in name}
    return Rates(_rate(told, _OF_REQUESTS), _rate(told, _OF_TOKENS)) if told else NO_RATES


def rates_of_quota(details: Iterable[Mapping[str, JsonValue]], reset_s: float | None) -> Rates:
    """Read a Gemini refusal, the only place where Gemini names its limits.

    `details` are those of `google.rpc.Status`; a `QuotaFailure` in it lists what is spent.
    """
    spent = [item for detail in details for item in _listed(detail.get("violations"))]
    windows: dict[bool, Rate] = {}
    for item in spent:
        named = f"{item.get('quotaMetric', '')} {item.get('quotaId', '')}".lower()
        if not named.strip():
            continue
        windows.setdefault("token" in named, Rate(_whole(item.get("quotaValue")), 0, reset_s))
    return Rates(windows.get(False, UNTOLD), windows.get(True, UNTOLD))


def duration_s(written: str) -> float | None:
    """Seconds of `6m0s`, `120ms` or `2.5`; None for anything else and for more than a day.

    Some servers write an instant there, in seconds or milliseconds of an epoch.
    """
    text = written.strip().lower()
    if _NUMBER.fullmatch(text):
        seconds = float(text)
    elif _DURATION.fullmatch(text):
        seconds = sum(float(step[1]) * _UNIT_S[step[2]] for step in _STEP.finditer(text))
    else:
        return None
    return seconds if seconds <= LONGEST_WINDOW_S else None


def _rate(headers: Mapping[str, str], names: Iterable[str]) -> Rate:
    for name in names:
        rate = Rate(
            limit=_whole(headers.get(name.format("limit"))),
            remaining=_whole(headers.get(name.format("remaining"))),
            reset_s=duration_s(headers.get(name.format("reset")) or ""),
        )
        if rate != UNTOLD:
            return rate
    return UNTOLD


def _whole(value: object) -> int | None:
    text = str(value).strip() if isinstance(value, str | int) else ""
    return int(float(text)) if _NUMBER.fullmatch(text) else None


def _listed(value: JsonValue) -> list[dict[str, JsonValue]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
