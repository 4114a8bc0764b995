"""An answer is found again exactly when nothing that it follows from has changed."""

import pytest

from libs.contracts.profiles import Check
from libs.contracts.qc import CheckResult, Finding, Region, Triage
from services.qc.domain.answer_key import answer_key, from_kept, to_keep

ASKED = ("openai/gpt-4o", ["picture"], ["system", "facts and question"], {"a": 1}, {"t": 0})


def test_anything_else_makes_another_key() -> None:
    keys = {
        answer_key(*ASKED),
        answer_key("openai/gpt-4o-mini", *ASKED[1:]),
        answer_key(ASKED[0], ["picturf"], *ASKED[2:]),
        answer_key(ASKED[0], ["picture", ""], *ASKED[2:]),
        answer_key(*ASKED[:2], ["system", "facts and questioN"], *ASKED[3:]),
        answer_key(*ASKED[:2], ["systemfacts", " and question"], *ASKED[3:]),
        answer_key(*ASKED[:3], {"a": 2}, ASKED[4]),
        answer_key(*ASKED[:4], {"t": 1}),
    }

    assert len(keys) == 8
    assert answer_key(*ASKED) == answer_key(*ASKED), "and the same is the same"


def test_text_that_is_no_utf8_has_a_key_too() -> None:
    assert answer_key(*ASKED[:2], ["\ud800"], *ASKED[3:]) != answer_key(*ASKED)


def test_kept_answer_comes_back_as_another_checks_own() -> None:
    place = Region(x=0.1, y=0.1, w=0.2, h=0.2)
    answer = CheckResult(
        check_id="a",
        state="failed",
        score=20,
        weight=3,
        critical=True,
        findings=[Finding(severity="major", message="m", region=place, approximate=True)],
        measurements={"evidence": "e"},
        model_served="gpt-4o-2024-11-20",
        duration_ms=800,
        triage=Triage(model="openai/small"),
    )
    kept = to_keep(answer)
    assert kept is not None
    again = from_kept("b", Check(kind="judged", prompt="p", weight=0.5), kept)

    assert (again.check_id, again.weight, again.critical) == ("b", 0.5, False)
    assert (again.state, again.score, again.findings) == ("failed", 20, answer.findings)
    assert (again.model_served, again.measurements) == ("gpt-4o-2024-11-20", {"evidence": "e"})
    assert (again.cached, again.duration_ms, again.triage, again.cost_usd) == (
        True,
        None,
        None,
        None,
    )


@pytest.mark.parametrize("state", ["error", "skipped", "missing_input"])
def test_what_is_no_answer_is_not_kept(state: str) -> None:
    assert to_keep(CheckResult.model_validate({"check_id": "a", "state": state})) is None


def test_kept_answer_is_not_kept_again() -> None:
    assert to_keep(CheckResult(check_id="a", state="passed", score=90, cached=True)) is None
