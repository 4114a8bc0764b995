"""Which cheap answers stand: rules that hold for every set of answers, and the reasons given."""

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.contracts.profiles import Check
from libs.contracts.qc import CheckResult, Finding
from services.qc.domain.grouping import groups_of
from services.qc.domain.routing import ModelRef
from services.qc.domain.triage import (
    Policy,
    answered,
    cheaper,
    doubt,
    is_audited,
    planned,
    sort_out,
)
from services.qc.model_file import shipped_models

RUN = UUID("01930000-0000-7000-8000-000000000001")
GPT, PRO = ModelRef("openai", "gpt-4o"), ModelRef("google", "gemini-2.5-pro")
LUNA = ModelRef("openai", "gpt-6-luna")
NO_AUDIT = Policy(margin=10, escalations=2, audit_percent=0)
STATES = ("passed", "failed", "unsure", "not_applicable", "error")


def result(check_id: str = "a", state: str = "passed", **facts: object) -> CheckResult:
    score = {"passed": 95.0, "failed": 10.0}.get(state)
    return CheckResult.model_validate(
        {"check_id": check_id, "state": state, "score": score, **facts}
    )


@st.composite
def some_results(draw: st.DrawFn) -> list[CheckResult]:
    states = draw(st.lists(st.sampled_from(STATES), max_size=12))
    return [
        result(
            f"check_{n}",
            state,
            score=draw(st.floats(0, 100)) if state in ("passed", "failed") else None,
            weight=draw(st.sampled_from([0.5, 1.0, 3.0])),
        )
        for n, state in enumerate(states)
    ]


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (result(), None),
        (result(state="not_applicable"), None),
        (result(state="unsure"), "unsure"),
        (result(state="failed"), "failed"),
        (result(score=79.9), "near_threshold"),
        (result(state="failed", score=60.1), "near_threshold"),
        (result(score=80.1), None),
        (result(score=30), "contradicts"),
        (result(findings=[Finding(severity="major", message="m")]), "contradicts"),
        (result(findings=[Finding(severity="minor", message="m")]), None),
        (result(state="error"), "no_answer"),
        (result(state="skipped"), "no_answer"),
    ],
)
def test_doubt_has_a_reason(one: CheckResult, why: str | None) -> None:
    assert doubt(one, threshold=70, margin=10) == why


def cheap_of_gpt(strong: ModelRef) -> ModelRef | None:
    return LUNA if strong == GPT else None


def test_what_fails_an_analysis_or_names_its_models_is_asked_of_the_strong_one() -> None:
    checks = {
        "plain": Check(kind="judged", prompt="p"),
        "critical": Check(kind="judged", prompt="p", critical=True),
        "named": Check(kind="judged", prompt="p", models=["openai/gpt-4o"]),
        "local": Check(kind="judged", prompt="p"),
    }
    chains = {
        **dict.fromkeys(("plain", "critical"), (GPT, PRO)),
        "named": (GPT,),
        "local": (ModelRef("here", "own"),),
    }
    cheap = cheap_of_gpt
    plan = planned(groups_of(checks, chains), cheap, named=False)
    every = planned(groups_of(checks, chains), cheap, named=True)

    assert [(g.check_ids, g.models) for g in plan.cheap] == [(("plain",), (LUNA,))]
    assert {id for g in plan.strong for id in g.checks} == {"critical", "named", "local"}
    assert plan.again(["plain"]) == groups_of({"plain": checks["plain"]}, {"plain": (GPT, PRO)})
    assert [g.check_ids for g in every.cheap] == [("named", "plain")]
    assert planned(groups_of(checks, chains), lambda _: None, named=True).cheap == []


def test_what_is_asked_again_of_several_cheap_calls_shares_one() -> None:
    checks = {f"check_{n}": Check(kind="judged", prompt="p") for n in range(8)}
    plan = planned(groups_of(checks, dict.fromkeys(checks, (GPT,))), lambda _: LUNA, named=False)

    assert len(plan.cheap) == 2
    assert [g.check_ids for g in plan.again(["check_7", "check_0"])] == [("check_0", "check_7")]


def test_cheap_model_is_one_that_could_answer() -> None:
    models = shipped_models()
    strong, cheap = ModelRef("openai", "gpt-4o"), ModelRef("openai", "gpt-6-luna")
    blind = models.find(cheap.provider, cheap.model).model_copy(update={"vision": False})

    assert cheaper(strong, models) == cheap
    assert cheaper(ModelRef("openai", "gpt-4o-2024-11-20"), models) == cheap, "as its family"
    assert cheaper(cheap, models) is None
    assert cheaper(ModelRef("elsewhere", "own-model"), models) is None
    assert cheaper(strong, models.replaced([blind])) is None


@given(results=some_results(), budget=st.integers(0, 5), percent=st.floats(0, 100))
def test_budget_is_never_passed_and_nothing_in_doubt_is_forgotten(
    results: list[CheckResult], budget: int, percent: float
) -> None:
    found = sort_out(results, RUN, 70, Policy(10, budget, percent))

    of_budget = [why for why in found.again.values() if why not in ("audit", "no_answer")]
    doubted = {r.check_id for r in results if doubt(r, 70, 10)}
    assert len(of_budget) <= budget
    assert doubted == (
        {id for id, why in found.again.items() if why != "audit"} | found.beyond_budget.keys()
    )
    assert not found.again.keys() & found.beyond_budget.keys()
    assert len(of_budget) == budget or not found.beyond_budget
    assert found == sort_out(list(reversed(results)), RUN, 70, Policy(10, budget, percent))


def test_heavy_checks_come_first_then_the_graver_doubt() -> None:
    results = [
        result("a_failed", "failed"),
        result("b_unsure", "unsure"),
        result("c_heavy", "failed", weight=2),
        result("d_unanswered", "error"),
    ]
    found = sort_out(results, RUN, 70, NO_AUDIT)

    assert list(found.again) == ["d_unanswered", "c_heavy", "b_unsure"]
    assert found.beyond_budget == {"a_failed": "failed"}


def test_share_of_what_was_cleared_is_audited_beyond_the_budget() -> None:
    results = [result(f"check_{n}") for n in range(40)]
    all_of_them = sort_out(results, RUN, 70, Policy(10, 0, 100)).again
    none = sort_out(results, RUN, 70, Policy(10, 0, 0)).again
    drawn = sum(is_audited(uuid4(), "check", 5) for _ in range(10_000))

    assert set(all_of_them.values()) == {"audit"} and len(all_of_them) == 40
    assert none == {}
    assert 390 < drawn < 610, "five of a hundred, within five standard deviations"


def test_strong_answer_is_the_result_and_the_cheap_one_is_kept_beside_it() -> None:
    cheap, strong = result(state="failed"), result(score=88)
    final = answered("openai/small", cheap, "failed", strong)

    assert (final.state, final.score, final.reason) == ("passed", 88, None)
    assert final.triage is not None
    assert (final.triage.model, final.triage.state, final.triage.score) == (
        "openai/small",
        "failed",
        10,
    )
    assert (final.triage.answered_again, final.triage.agreed) == (True, False)


def test_audit_that_agrees_is_told() -> None:
    final = answered("openai/small", result(), "audit", result(score=85))

    assert final.triage is not None
    assert (final.triage.reason, final.triage.agreed) == ("audit", True)


def test_unsure_on_one_side_is_neither_agreement_nor_disagreement() -> None:
    for cheap, strong in ((result(state="unsure"), result()), (result(), result(state="unsure"))):
        final = answered("openai/small", cheap, "audit", strong)
        assert final.state == strong.state
        assert final.triage is not None and final.triage.agreed is None


def test_cheap_answer_that_stands_in_doubt_says_why() -> None:
    cheap = result(state="failed", score=65)
    over = answered("openai/small", cheap, "near_threshold", None)
    lost = answered("openai/small", cheap, "near_threshold", result(state="error", reason="down"))

    assert (over.state, lost.state) == ("failed", "failed")
    assert over.reason == (
        "This is the answer of openai/small alone: its score is close to the threshold, "
        "but the escalations of this analysis were used up."
    )
    assert lost.reason and lost.reason.endswith("the stronger model gave no answer (down).")
    assert lost.triage is not None and not lost.triage.answered_again


def test_answer_that_was_enough_needs_no_note() -> None:
    final = answered("openai/small", result(), None, None)

    assert final.reason is None
    assert final.triage is not None and final.triage.reason is None


def test_check_that_neither_answered_is_the_strong_models_error() -> None:
    final = answered("openai/small", None, "no_answer", result(state="error", reason="down"))

    assert (final.state, final.reason) == ("error", "down")
    assert final.triage is not None and final.triage.state is None
    with pytest.raises(ValueError, match="without any answer"):
        answered("openai/small", None, "no_answer", None)
