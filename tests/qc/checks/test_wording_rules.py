"""Rules of the checks of word count, letter case, calls to action and imperatives."""

from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from libs.contracts.brand import BrandData
from services.qc.checks import run_check
from services.qc.checks.subject import Subject
from tests.qc.checks.conftest import SubjectOf
from tests.qc.checks.lines import line, stacked


@pytest.fixture
def headline(read: SubjectOf) -> SubjectOf:
    """A page with a large line over small ones, drawn so that their sizes can be measured."""

    def subject(large: str, *small: str, **brief: Any) -> Subject:
        lines = [line(large, y=100, x=50, height=80)]
        lines += [line(text, y=400 + 60 * row, x=50, height=24) for row, text in enumerate(small)]
        page = read(*lines, **brief)
        picture = Image.fromarray(page.rgb(page.pages[0]))
        for one in lines:
            left, top = one.quad[0]
            size = (one.quad[2][1] - top) * 0.75
            font = ImageFont.load_default(size)
            ImageDraw.Draw(picture).text((left, top), one.text, fill="black", font=font)
        import numpy as np

        page.creative._kept[1] = np.asarray(picture)
        return page

    return subject


def test_words_are_counted_in_all_and_in_the_largest_text(headline: SubjectOf) -> None:
    subject = headline("Made for 2 nights", "Elderflower and lime – sparkling", "0.5 l")

    measured = run_check("word_count", subject, {"max_words": 20})

    assert measured.state == "passed"
    assert measured.measurements["words"] == 10
    assert measured.measurements["headline_words"] == 4


@pytest.mark.parametrize(
    ("parameters", "rule"),
    [
        ({"max_words": 6}, "at most 6 words"),
        ({"min_words": 8}, "at least 8 words"),
        ({"max_headline_words": 2}, "at most 2 words in the largest text"),
    ],
)
def test_a_limit_that_is_missed_is_told(
    parameters: dict[str, Any], rule: str, headline: SubjectOf
) -> None:
    measured = run_check("word_count", headline("Made for nights", "elderflower and lime soda"), {})
    assert measured.state == "missing_input"

    measured = run_check(
        "word_count", headline("Made for nights", "elderflower and lime soda"), parameters
    )

    assert (measured.state, measured.findings[0].rule) == ("failed", rule)
    assert measured.findings[0].region is not None


@pytest.mark.parametrize(
    ("rule", "text", "breaches"),
    [
        ("lowercase", "made for slow nights", []),
        ("lowercase", "Made for slow Nights", ["Made", "Nights"]),
        ("no_all_caps", "Made for SLOW nights in the EU", []),
        ("no_all_caps", "Made for SUMMER nights", ["SUMMER"]),
        ("sentence_case", "Made for slow nights. Try it", []),
        ("sentence_case", "Made For Slow nights", ["For", "Slow"]),
        ("sentence_case", "made at home in Leeds", ["Leeds"]),
    ],
)
def test_letters_keep_the_rule(
    rule: str, text: str, breaches: list[str], headline: SubjectOf
) -> None:
    subject = headline(text, "OTHER COPY THAT IS SMALL")

    measured = run_check("lowercase_text", subject, {"rule": rule})

    assert [finding.measured for finding in measured.findings] == breaches


def test_small_copy_is_judged_when_asked_and_names_are_allowed(headline: SubjectOf) -> None:
    subject = headline("made for nights", "by NORTHWIND", brand=BrandData(words=("Northwind",)))
    other = headline("made for nights", "by NORTHWIND")

    assert run_check("lowercase_text", subject, {"scope": "all"}).state == "passed"
    assert run_check("lowercase_text", other, {"scope": "all"}).state == "failed"
    assert run_check("lowercase_text", other, {}).state == "passed"


def test_text_without_a_word_to_judge_is_told_apart_from_no_text(headline: SubjectOf) -> None:
    subject = headline("NORTHWIND 2018", "", brand=BrandData(words=("Northwind",)))

    measured = run_check("lowercase_text", subject, {})

    assert (measured.state, measured.reason) == (
        "not_applicable",
        "There are only numbers and allowed words.",
    )


def test_a_sentence_goes_on_in_the_next_line(read: SubjectOf) -> None:
    from services.qc.checks.lowercase_text import _tokens

    tokens = _tokens(stacked("Made for slow", "summer nights.", "Try it"))

    assert [token.text for token, begins in tokens if begins] == ["Made", "Try"]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (("SHOP NOW >",), True),
        (("Fresh. Shop now!",), True),
        (("Order", "online today"), True),
        (("The shop now opens",), False),
        (("Workshop nowhere",), False),
    ],
)
def test_a_call_begins_a_line_or_a_sentence(
    lines: tuple[str, ...], found: bool, read: SubjectOf
) -> None:
    given = {"phrases": ["Shop now", "Order online"]}

    measured = run_check("call_to_action", read(*stacked(*lines)), given)  # type: ignore[arg-type]

    assert measured.state == ("passed" if found else "failed")


def test_usual_calls_can_pass_a_creative_and_never_fail_it(read: SubjectOf) -> None:
    german = BrandData(languages=("de",))

    assert run_check("call_to_action", read(line("Jetzt kaufen")), {}).state == "passed"
    assert run_check("call_to_action", read(line("Jetzt kaufen"), brand=german), {}).score == 100
    assert run_check("call_to_action", read(line("Shop now"), brand=german), {}).score is None
    assert run_check("call_to_action", read(line("A drink")), {}).state == "missing_input"


def test_a_usual_verb_passes_and_a_headline_without_one_is_unsure(headline: SubjectOf) -> None:
    passed = run_check("imperative_verb", headline("Discover summer"), {})
    unsure = run_check("imperative_verb", headline("Summer is here", "Discover it"), {})

    assert (passed.state, passed.measurements["verb"]) == ("passed", "Discover")
    assert (unsure.state, unsure.score) == ("unsure", None)


def test_only_the_clients_verbs_can_fail_a_headline(headline: SubjectOf) -> None:
    measured = run_check("imperative_verb", headline("Taste summer"), {"verbs": ["Discover"]})

    assert measured.state == "failed"
    assert measured.findings[0].region is not None
