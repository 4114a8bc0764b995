"""A cheap model first, the strong one on doubt: what is asked of whom, and what is told of it."""

import asyncio
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from deploy.database import Dsns
from deploy.sample import Sample
from libs.api.material import MaterialApi
from libs.contracts.qc import Analysis, CheckResult
from tests.fake_providers import Call, FakeProviders, Scripted
from tests.house import House, open_house
from tests.journeys.following import by_id, entries_of, with_cost
from tests.trust import Trust

CHEAP, STRONG = "gpt-6-luna", "gpt-4o"
Said = Mapping[str, tuple[str, float | None]]
FINE: Said = {}


def answers(fake: FakeProviders, cheap: Said, strong: Said, **of_strong: Any) -> None:
    """What each model says of each check; of others that they pass with 95."""

    def script(call: Call) -> Scripted:
        said = cheap if call.model == CHEAP else strong
        ids = [word.split('"')[0] for word in call.question.split('<check id="')[1:]]
        told: list[dict[str, Any]] = []
        for check_id in ids:
            verdict, score = said.get(check_id, ("pass", 95))
            told.append(
                {
                    "check_id": check_id,
                    "evidence": f"{call.model} looked.",
                    "verdict": verdict,
                    "score": score,
                    "findings": [],
                }
            )
        facts = {} if call.model == CHEAP else of_strong
        return Scripted(text=json.dumps({"answers": told}), **facts)

    fake.script = script


async def add_profile(house: House, api: MaterialApi, *critical: str) -> str:
    checks = {
        f"check_{letter}": {
            "kind": "judged",
            "prompt": f"Is {letter} right?",
            "critical": letter in critical,
        }
        for letter in "abcde"
    }
    jar = api._session.cookie_jar.filter_cookies(house.url("gateway"))
    async with api._session.post(
        house.url("gateway") / "api/profiles",
        json={"name": "Triaged", "checks": checks},
        cookies={name: cookie.value for name, cookie in jar.items()},
    ) as answer:
        assert answer.status == 201
        return str((await answer.json())["profile_id"])


async def check(api: MaterialApi, profile: str, file: Path) -> Analysis:
    return await with_cost(api, await api.analyse(file, "diageo", profile))


def asked(fake: FakeProviders) -> list[tuple[str, list[str]]]:
    return sorted(
        (call.model, [word.split('"')[0] for word in call.question.split('<check id="')[1:]])
        for call in fake.calls
    )


def triage(result: CheckResult) -> tuple[str | None, bool, bool | None]:
    assert result.triage is not None and result.triage.model == f"openai/{CHEAP}"
    return result.triage.reason, result.triage.answered_again, result.triage.agreed


async def test_doubt_is_asked_again_and_the_rest_is_not(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path, fake: FakeProviders, sample: Sample
) -> None:
    cheap = {"check_b": ("unsure", None), "check_c": ("fail", 10), "check_d": ("pass", 75)}
    answers(fake, cheap, {"check_c": ("fail", 20)})
    async with (
        open_house(dsns, trust, tmp_path, fake, triage="unnamed", audit_percent=0) as house,
        house.signed_in() as api,
    ):
        profile = await add_profile(house, api, "e")
        analysis = await check(api, profile, sample.creative)
        entries = await entries_of(house, analysis.analysis_id)
        counts = (await api.triage("diageo")).counts

    assert asked(fake) == [
        (STRONG, ["check_b", "check_c", "check_d"]),
        (STRONG, ["check_e"]),
        (CHEAP, ["check_a", "check_b", "check_c", "check_d"]),
    ]
    results = by_id(analysis)
    assert triage(results["check_a"]) == (None, False, None)
    assert triage(results["check_b"]) == ("unsure", True, None)
    assert triage(results["check_c"]) == ("failed", True, True)
    assert triage(results["check_d"]) == ("near_threshold", True, True)
    assert results["check_e"].triage is None, "it is critical"
    assert [id for id, result in results.items() if result.state != "passed"] == ["check_c"]
    assert results["check_a"].model_served == CHEAP and results["check_c"].score == 20
    assert {str(e.event_id) for e in entries} == {call.attempt_id for call in fake.billed}
    assert sum(e.cost_usd or 0 for e in entries) == analysis.cost_usd
    assert sum(r.cost_usd or Decimal(0) for r in analysis.checks) == analysis.cost_usd
    assert [(one.check_id, one.doubted, one.asked_again) for one in counts] == [
        ("check_a", 0, 0),
        ("check_b", 1, 1),
        ("check_c", 1, 1),
        ("check_d", 1, 1),
    ]


async def test_budget_ends_and_what_it_does_not_reach_says_so(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path, fake: FakeProviders, sample: Sample
) -> None:
    answers(fake, {f"check_{x}": ("fail", 10) for x in "abcde"}, FINE)
    async with (
        open_house(dsns, trust, tmp_path, fake, triage="unnamed", escalations=2) as house,
        house.signed_in() as api,
    ):
        profile = await add_profile(house, api)
        results = by_id(await check(api, profile, sample.creative))

    again = {id for id, result in results.items() if triage(result)[1]}
    assert again == {"check_a", "check_b"}
    assert [results[f"check_{x}"].state for x in "abcde"] == ["passed"] * 2 + ["failed"] * 3
    assert "escalations of this analysis were used up" in (results["check_c"].reason or "")


async def test_audit_asks_again_what_was_enough_and_counts_agreement(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path, fake: FakeProviders, sample: Sample
) -> None:
    answers(fake, FINE, {"check_b": ("fail", 5)})
    async with (
        open_house(dsns, trust, tmp_path, fake, triage="unnamed", audit_percent=100) as house,
        house.signed_in() as api,
    ):
        profile = await add_profile(house, api)
        results = by_id(await check(api, profile, sample.creative))
        counts = {one.check_id: one for one in (await api.triage("diageo")).counts}

    assert triage(results["check_a"]) == ("audit", True, True)
    assert triage(results["check_b"]) == ("audit", True, False)
    assert results["check_b"].state == "failed", "the strong answer counts"
    assert (counts["check_a"].audited, counts["check_a"].agreed) == (1, 1)
    assert (counts["check_b"].agreed, counts["check_b"].disagreed) == (0, 1)


async def test_cheap_model_that_does_not_answer_costs_no_check_its_answer(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path, fake: FakeProviders, sample: Sample
) -> None:
    answers(fake, FINE, FINE)
    served = fake.script
    assert served

    def without_cheap(call: Call) -> Scripted | None:
        return Scripted(status=404) if call.model == CHEAP else served(call)

    fake.script = without_cheap
    async with (
        open_house(dsns, trust, tmp_path, fake, triage="unnamed", escalations=0) as house,
        house.signed_in() as api,
    ):
        profile = await add_profile(house, api)
        analysis = await check(api, profile, sample.creative)

    assert analysis.verdict == "pass"
    assert all(triage(result) == ("no_answer", True, None) for result in analysis.checks)
    assert all(result.model_served == STRONG for result in analysis.checks)


async def test_strong_model_that_does_not_answer_leaves_the_cheap_answer(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path, fake: FakeProviders, sample: Sample
) -> None:
    answers(fake, {"check_a": ("fail", 10)}, FINE, status=401)
    changes = {"triage": "unnamed", "audit_percent": 0, "default_models": ("openai/gpt-4o",)}
    async with (
        open_house(dsns, trust, tmp_path, fake, **changes) as house,
        house.signed_in() as api,
    ):
        profile = await add_profile(house, api)
        results = by_id(await check(api, profile, sample.creative))

    assert (results["check_a"].state, results["check_a"].score) == ("failed", 10)
    assert "the stronger model gave no answer" in (results["check_a"].reason or "")


async def test_cheap_answer_stands_when_the_time_is_over_before_the_strong_one_comes(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path, fake: FakeProviders, sample: Sample
) -> None:
    answers(fake, {"check_a": ("fail", 10)}, FINE, delay_s=60)
    changes = {
        "triage": "unnamed",
        "audit_percent": 0,
        "run_timeout_s": 15.0,
        "call_timeout_s": 60.0,
    }
    async with (
        open_house(dsns, trust, tmp_path, fake, **changes) as house,
        house.signed_in() as api,
    ):
        profile = await add_profile(house, api)
        analysis = await check(api, profile, sample.creative)

    result = by_id(analysis)["check_a"]
    assert (result.state, result.score) == ("failed", 10)
    assert "the time of the analysis was over" in (result.reason or "")
    assert analysis.unknown_calls == 1


async def test_worker_that_takes_over_asks_no_cheap_question_twice(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path, fake: FakeProviders, sample: Sample
) -> None:
    answers(fake, {"check_b": ("unsure", None)}, FINE, delay_s=60)
    async with (
        open_house(dsns, trust, tmp_path, fake, triage="unnamed", audit_percent=0) as house,
        house.signed_in() as api,
    ):
        profile = await add_profile(house, api)
        analysis_id = await api.analyse(sample.creative, "diageo", profile)
        async for event in api.events(analysis_id):
            if event.kind == "check_finished" and event.check_id == "check_a":
                break
        while not any(call.model == STRONG for call in fake.calls):
            await asyncio.sleep(0.05)
        answers(fake, FINE, FINE)
        await house.stop("qc")
        await house.start("qc")
        analysis = await with_cost(api, analysis_id)

    assert [call.model for call in fake.calls].count(CHEAP) == 2, "two groups, once each"
    assert triage(by_id(analysis)["check_b"]) == ("unsure", True, None)
    assert analysis.unknown_calls == 1, "the strong call that was cut off"
