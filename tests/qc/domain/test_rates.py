"""What providers say of their limits, in every form that they use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from services.qc.domain.rates import (
    NO_RATES,
    UNTOLD,
    Rate,
    Rates,
    duration_s,
    rates_of,
    rates_of_quota,
)

OPENAI = {
    "x-ratelimit-limit-requests": "500",
    "x-ratelimit-remaining-requests": "499",
    "x-ratelimit-reset-requests": "120ms",
    "x-ratelimit-limit-tokens": "30000",
    "x-ratelimit-remaining-tokens": "1500",
    "x-ratelimit-reset-tokens": "6m0s",
}


def test_openai_tells_calls_and_tokens() -> None:
    rates = rates_of(OPENAI)

    assert rates == Rates(Rate(500, 499, 0.12), Rate(30_000, 1_500, 360.0))
    assert rates.tightest == rates.tokens
    assert rates.tokens.left_share == 0.05


def test_other_servers_tell_calls_alone() -> None:
    plain = {"ratelimit-limit": "60", "ratelimit-remaining": "3", "ratelimit-reset": "20"}

    assert rates_of(plain) == Rates(Rate(60, 3, 20.0))
    assert rates_of({"X-RateLimit-Remaining": "0"}).requests == Rate(None, 0, None)


def test_without_the_headers_nothing_is_told() -> None:
    assert rates_of({}) == NO_RATES
    assert NO_RATES.tightest == UNTOLD
    assert UNTOLD.left_share is None


def test_a_share_needs_a_limit_and_is_never_more_than_all() -> None:
    assert Rate(0, 0).left_share is None
    assert Rate(None, 5).left_share is None
    assert Rate(10, 25).left_share == 1.0


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("1s", 1.0),
        ("6m0s", 360.0),
        ("1m26.4s", 86.4),
        ("17ms", 0.017),
        ("1h2m3s", 3_723.0),
        ("1d", 86_400.0),
        ("2.5", 2.5),
        (" 20 ", 20.0),
        ("1741305600000", None),
        ("2d", None),
        ("-5", None),
        ("soon", None),
        ("1e3", None),
        ("nan", None),
        ("", None),
    ],
)
def test_a_reset_is_a_duration(written: str, seconds: float | None) -> None:
    assert duration_s(written) == (None if seconds is None else pytest.approx(seconds))


def violation(metric: str, quota_id: str, value: str) -> JsonValue:
    metric = f"generativelanguage.googleapis.com/{metric}"
    return {"quotaMetric": metric, "quotaId": quota_id, "quotaValue": value}


def test_gemini_names_its_limits_when_they_are_spent() -> None:
    of_calls = violation("generate_requests", "GenerateRequestsPerMinutePerProjectPerModel", "15")
    of_tokens = violation("generate_content_input_token_count", "GenerateContentInput", "250000")
    details: list[dict[str, JsonValue]] = [
        {"@type": "type.googleapis.com/google.rpc.Help", "links": []},
        {"violations": [of_calls, of_tokens]},
    ]

    rates = rates_of_quota(details, 34.5)

    assert rates == Rates(Rate(15, 0, 34.5), Rate(250_000, 0, 34.5))
    assert rates_of_quota([], 34.5) == NO_RATES


@given(
    st.dictionaries(st.sampled_from([*OPENAI, "ratelimit-reset", "x-ratelimit-limit"]), st.text())
)
def test_no_header_breaks_the_reading(headers: dict[str, str]) -> None:
    rates = rates_of(headers)

    for rate in (rates.requests, rates.tokens):
        assert rate.reset_s is None or 0 <= rate.reset_s <= 86_400
        assert rate.remaining is None or rate.remaining >= 0
    assert rates.tightest in (rates.requests, rates.tokens, UNTOLD)
