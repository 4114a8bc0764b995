"""What a replay asks again, and what comes of it."""

from decimal import Decimal
from uuid import UUID

import pytest

from libs.contracts.profiles import ProfileEdit, StoredCheck
from libs.contracts.qc import CheckResult
from libs.contracts.replays import Replay, ReplayedCreative
from libs.ids import uuid7
from services.qc.domain.replay import (
    carried,
    edited,
    how_of,
    newest_of_each_file,
    totals,
    why_asked,
)
from services.qc.domain.replay_html import replay_html
from services.qc.domain.replay_text import replay_text
from tests.qc.domain.test_report import HOSTILE, Tags
from tests.qc.factories import NOON, profile

CHECK = StoredCheck(kind="judged", title="Mood", prompt="Cheerful?", models=["openai/gpt-4o"])
ANSWER = CheckResult(
    check_id="mood", state="passed", score=80, model_requested="openai/gpt-4o", weight=2
)
MODELS = {"openai/gpt-4o"}


@pytest.mark.parametrize("field", [{"weight": 9.0}, {"critical": True}])
def test_what_no_model_is_told_asks_nobody(field: dict[str, object]) -> None:
    assert why_asked(CHECK.model_copy(update=field), CHECK, ANSWER, MODELS) is None


@pytest.mark.parametrize(
    "field",
    [
        {"title": "Mode"},
        {"prompt": "Dark?"},
        {"parameters": {"tone": "dark"}},
        {"models": ["google/gemini-2.5-pro"]},
    ],
)
def test_what_a_model_is_told_asks_again(field: dict[str, object]) -> None:
    assert why_asked(CHECK.model_copy(update=field), CHECK, ANSWER, MODELS) == "changed"


def test_check_without_an_answer_is_asked() -> None:
    broken = ANSWER.model_copy(update={"state": "error", "score": None})
    exact = StoredCheck(kind="exact")

    assert why_asked(CHECK, None, ANSWER, MODELS) == "new"
    assert why_asked(CHECK, CHECK, None, MODELS) == "new"
    assert why_asked(CHECK, exact, ANSWER, MODELS) == "new", "then it was measured"
    assert why_asked(CHECK, CHECK, broken, MODELS) == "no_answer"
    assert why_asked(CHECK, CHECK, ANSWER, {"openai/gpt-5.1"}) == "other_model"
    assert why_asked(CHECK, CHECK, ANSWER, set()) is None, "nobody can be asked"


def test_stored_answer_counts_as_the_new_check_weighs_it() -> None:
    source, first = uuid7(), UUID(int=1)
    again = carried(CHECK.model_copy(update={"weight": 9.0}), ANSWER, source)
    of_rerun = carried(CHECK, ANSWER.model_copy(update={"carried_from": first}), source)

    assert (again.weight, again.score, again.carried_from) == (9.0, 80, source)
    assert of_rerun.carried_from == first, "it names where it was found"


def test_question_that_nobody_was_asked_does_not_count_as_asked() -> None:
    skipped = ANSWER.model_copy(update={"state": "skipped", "score": None})

    assert how_of(ANSWER, CHECK) == "asked"
    assert how_of(skipped, CHECK) == "skipped"
    assert how_of(carried(CHECK, ANSWER, uuid7()), CHECK) == "carried"
    assert how_of(None, CHECK) == "none"


def test_edit_changes_what_it_names_and_not_who_may_use_it() -> None:
    base = profile(mood=CHECK)
    edit = ProfileEdit(pass_threshold=90, visibility="client_specific", visible_to_clients=["x"])

    found = edited(base, edit)

    assert (found.pass_threshold, found.checks, found.visibility) == (90, base.checks, "all")
    assert (found.profile_id, found.content_hash) == (base.profile_id, "")


def test_newest_analysis_of_each_file_and_name_counts() -> None:
    ids = [uuid7() for _ in range(5)]
    found = list(zip(ids, "aabac", ("x", "x", "x", "y", "x"), strict=True))

    assert list(newest_of_each_file(found, 3)) == [ids[0], ids[2], ids[3]]


def told(name: str, **fields: object) -> ReplayedCreative:
    side = {"verdict": "pass", "score": 80, "coverage": 100, "cost_usd": "0.1"}
    known: dict[str, object] = {
        "source_id": uuid7(),
        "file_name": name,
        "sha256": "ab" * 32,
        "profile_id": "p",
        "profile_version": 1,
        "state": "done",
        "before": side,
        "after": side | {"verdict": "fail", "score": 60, "cost_usd": "0.2"},
        "score_change": -20,
        "flips": True,
        "checks": [CHANGED],
    }
    return ReplayedCreative.model_validate(known | fields)


CHANGED = {
    "check_id": "mood",
    "change": "worse",
    "before_state": "passed",
    "after_state": "failed",
    "how": "asked",
    "findings": [{"fate": "new", "finding": {"severity": "major", "message": HOSTILE}}],
}


def replay(*creatives: ReplayedCreative) -> Replay:
    return Replay.model_validate(
        {
            "replay_id": uuid7(),
            "client_id": "diageo",
            "state": "done",
            "profile": {
                "profile_id": "p",
                "version": 1,
                "name": HOSTILE,
                "source": "edit",
                "content_hash": "",
            },
            "budget_usd": "1",
            "spent_usd": "0.1",
            "bound_usd": "0.1",
            "creatives": len(creatives),
            "ended": len(creatives),
            "created_by": HOSTILE,
            "created_at": NOON,
            "totals": totals(creatives),
            "items": creatives,
        }
    )


def test_totals_are_over_what_was_replayed() -> None:
    left = told("b.png", state="not_replayed", code="budget", after=None, flips=False, checks=[])

    found = totals([told("a.png"), told("c.png", after=None, state="running"), left])

    assert (found.creatives, found.replayed, found.not_replayed) == (3, 1, 1)
    assert found.flips == {"pass → fail": 1}
    assert (found.mean_score_before, found.mean_score_after) == (80, 60)
    assert (found.worse, found.better, found.findings_new, found.asked) == (1, 0, 1, 1)
    assert (found.cost_before_usd, found.cost_after_usd) == (Decimal("0.1"), Decimal("0.2"))
    assert totals([left]).cost_after_usd == 0


def test_page_holds_what_others_wrote_as_text_and_fetches_nothing() -> None:
    why = "not stored"
    page = replay_html(
        replay(told(HOSTILE), told("b", state="not_replayed", after=None, reason=why)), NOON
    )
    tags = Tags(page)

    assert HOSTILE not in page and why in page
    assert not {"script", "img", "iframe", "link", "object"} & {name for name, _ in tags.tags}
    assert "default-src 'none'" in page


def test_table_steers_no_terminal() -> None:
    text = replay_text(replay(told("a\x1b[2Jb.png"), told("c" * 99)))

    assert "\x1b" not in text and "a [2Jb.png" in text
    assert "pass 80" in text and "fail 60 !" in text and "-20" in text
    assert "verdicts that flip: 2 × pass → fail" in text
    assert all(len(line) < 160 for line in text.splitlines())
