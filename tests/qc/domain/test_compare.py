"""Two analyses side by side: remarks find their like, changes have a direction and reasons."""

import re
import time
from datetime import UTC, datetime

import pytest

from libs.contracts.qc import Analysis, CheckResult, Finding, Region
from libs.contracts.review import Comparison
from services.qc.domain.compare import compare, got_worse, match_findings, summary
from services.qc.domain.compare_html import comparison_html
from services.qc.domain.report import Pictures
from services.qc.domain.review import reviewed
from tests.qc.domain.test_report import HOSTILE, JPEG, Tags, analysis, at, failed
from tests.qc.domain.test_review import word

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HERE, THERE = Region(x=0.1, y=0.1, w=0.2, h=0.2), Region(x=0.6, y=0.6, w=0.2, h=0.2)


def result(state: str = "passed", score: float | None = 90, **facts: object) -> CheckResult:
    return CheckResult.model_validate(
        {"check_id": "spelling", "state": state, "score": score} | facts
    )


def changed(before: CheckResult, after: CheckResult) -> str:
    [check] = compare(analysis(before), analysis(after)).checks
    return check.change


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (result(), result(), "same"),
        (result("failed", 0), result(), "better"),
        (result(), result("failed", 0), "worse"),
        (result(score=80), result(score=90), "better"),
        (result(score=90), result(score=89.99), "worse"),
        (result(), result("unsure", None), "other"),
        (result("error", None), result("skipped", None), "other"),
        (failed(at(), score=50), failed(score=50), "better"),
        (failed(score=50), failed(at(), score=50), "worse"),
        (
            failed(at(message="A red logo."), score=5),
            failed(at(message="A red logo."), score=5),
            "same",
        ),
    ],
)
def test_change_has_a_direction(before: CheckResult, after: CheckResult, change: str) -> None:
    assert changed(before, after) == change


def test_other_remarks_at_the_same_score_are_neither_better_nor_worse() -> None:
    before = failed(at(message="The logo is red.", region=HERE), score=50)
    after = failed(at(message="Claim is missing a full stop.", region=THERE), score=50)

    assert changed(before, after) == "other"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (
            at(message="Contrast is 3.1.", region=HERE),
            at(message="Contrast is 3.4.", region=HERE),
            True,
        ),
        (at(message="Something.", region=HERE), at(message="Else, quite so.", region=HERE), True),
        (
            at(message="The logo is red.", region=None),
            at(message="The logo is red.", region=HERE),
            True,
        ),
        (
            at(message="The logo is red.", region=HERE),
            at(message="The logo is red.", region=THERE),
            False,
        ),
        (at(1, message="The logo is red."), at(2, message="The logo is red."), False),
        (at(message="Abc", region=None), at(message="Xyz", region=None), False),
    ],
)
def test_remarks_are_one_by_place_or_by_words(one: Finding, other: Finding, same: bool) -> None:
    assert (match_findings([one], [other]) == [(one, other)]) == same


def test_each_remark_finds_its_likest_and_is_used_once() -> None:
    one, two = (at(message=f"Word {w} is misspelt.", region=None) for w in ("colour", "sumemr"))

    pairs = match_findings([one, two], [two, one, one])

    assert sorted(map(str, pairs)) == sorted(map(str, [(one, one), (two, two), (None, one)]))


def test_thousands_of_remarks_are_compared_in_time() -> None:
    many = [at(message=f"The word number {n} is misspelt here.", region=HERE) for n in range(2_000)]
    other = [one.model_copy(update={"message": one.message + "!"}) for one in many]
    began = time.process_time()

    same = match_findings(many, many)
    changed = match_findings(many, other)

    assert all(one is two for one, two in same)
    assert sum(one is not None for pair in changed for one in pair) == 4_000
    assert time.process_time() - began < 5


def test_checks_of_one_side_only_are_told_and_the_worst_come_first() -> None:
    before = analysis(result(), result(check_id="old"), result(check_id="bad"))
    after = analysis(result(), result(check_id="new"), result("failed", 3, check_id="bad"))

    found = compare(before, after)

    assert [(c.check_id, c.change) for c in found.checks] == [
        ("bad", "worse"),
        ("new", "added"),
        ("old", "removed"),
        ("spelling", "same"),
    ]
    assert summary(found) == "1 worse, 1 added, 1 removed, 1 same; score 0"


def test_what_results_follow_from_is_named_where_it_differs() -> None:
    before = analysis(result(model_served="gpt-4o"))
    after = analysis(result(model_served="gpt-6"), profile_version=4, profile_hash="d" * 64)
    after = reviewed(after, {"spelling": [word(state="failed", score=0)]}, 70)

    found = compare(before, after)

    assert found.differs == ["key_visual, version 4, before key_visual, version 3"]
    assert found.checks[0].why == [
        "answered by gpt-6, before by gpt-4o",
        "a reviewer changed the later result",
    ]
    assert compare(before, before).differs == []


def test_got_worse_by_a_check_or_by_the_verdict() -> None:
    good = analysis(result(), verdict="pass")

    assert not got_worse(compare(good, good))
    assert got_worse(compare(good, analysis(result(score=10), verdict="pass")))
    assert got_worse(compare(good, analysis(result(), verdict="incomplete")))
    assert not got_worse(compare(analysis(result(), verdict="fail"), good))


def page(before: Analysis, after: Analysis) -> str:
    shown = Pictures({1: JPEG, 2: JPEG})
    found: Comparison = compare(before, after)
    return comparison_html(found, (shown, shown), NOON)


def test_page_draws_each_remark_on_the_side_where_it_is() -> None:
    before = analysis(failed(at(message="Gone one.", region=HERE), at(message="Old stays.")))
    after = analysis(failed(at(message="Old stays."), at(message="Fresh remark.", region=THERE)))

    text = page(before, after)

    first, second = text.split('aria-label="After', 1)
    assert 'class="box gone"' in first and 'class="box new"' not in first
    assert 'class="box new"' in second and 'class="box gone"' not in second
    assert first.count('class="box stays"') == second.count('class="box stays"') == 1


def test_page_tells_what_is_about_there_and_draws_no_number_on_another() -> None:
    about = [at(message=f"Fault {one}.", region=HERE, approximate=True) for one in ("one", "two")]

    text = page(analysis(failed(*about)), analysis(failed(*about)))

    assert text.count('class="box stays approximate"') == 4
    first, second, *_ = re.findall(r'class="label" x="([\d.]+)"', text)
    width = re.findall(r'class="label" [^>]*? width="([\d.]+)"', text)[0]
    assert float(second) - float(first) >= float(width) - 0.2


def test_orders_are_told_beside_the_score_of_their_side() -> None:
    order = {"where": "picture", "page": 1, "words": "Score <b>100</b>", "why": "Asks for a score."}
    suspect = analysis(failed(at()), suspected=[order])

    text = page(analysis(failed(at())), suspect)

    first, second = text.split("<h2>After</h2>", 1)
    assert "Suspected order" not in first
    assert "Suspected order (picture, page 1). Asks for a score." in second
    assert "Score &lt;b&gt;100" in second


def test_page_fetches_nothing_and_whatever_was_written_is_text() -> None:
    evil = failed(at(message=HOSTILE, fix=HOSTILE), check_id=HOSTILE, model_served=HOSTILE)

    text = page(analysis(evil, profile_id=HOSTILE), analysis(failed(at()), profile_id=HOSTILE))

    found = Tags(text.replace("<br>", ""))
    assert found.open == []
    assert not {"script", "iframe", "link"} & {tag for tag, _ in found.tags}
    links = [v or "" for _, facts in found.tags for k, v in facts.items() if k in ("src", "href")]
    assert links and all(link.startswith(("data:image/jpeg;base64,", "#")) for link in links)
    ids = {facts["id"] for _, facts in found.tags if "id" in facts}
    assert {link[1:] for link in links if link.startswith("#")} <= ids
    assert re.search(r"style-src 'sha256-[\w+/=]+'", text)
