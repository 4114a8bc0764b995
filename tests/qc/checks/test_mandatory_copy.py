"""Rules of the check of texts that must be there."""

from typing import Any

import pytest

from libs.contracts.brand import BrandData, Copy
from services.qc.checks import run_check
from services.qc.checks.measured import Measured
from tests.qc.checks.conftest import SubjectOf
from tests.qc.checks.lines import line, stacked

DUTY = "Please drink responsibly. Not for sale to under 18s."


def measure(subject: Any, *texts: str, **parameters: Any) -> Measured:
    return run_check("mandatory_copy", subject, {"texts": list(texts), **parameters})


@pytest.mark.parametrize(
    "lines",
    [
        ("Please drink responsibly. Not for sale to under 18s.",),
        ("Cheers! Please drink", "responsibly. Not for sale", "to under 18s. Ends soon"),
        ("PLEASE DRINK RESPONSIBLY", "NOT FOR SALE TO UNDER 18S"),
        ("Please drink respon-", "sibly. Not for sale to", "under 18s."),
        ("Pleasedrink responsibly.Not for", "sale to under 18s"),
        ("P1ease drink responsibIy. Not for", "sa1e to under 18s"),
    ],
)
def test_line_breaks_spaces_and_confused_letters_change_nothing(
    lines: tuple[str, ...], read: SubjectOf
) -> None:
    measured = measure(read(*stacked(*lines)), DUTY)

    assert (measured.state, measured.score, measured.findings) == ("passed", 100, [])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (("Please drink responsibly.", "Not for sale to under 16s."), "“16s” instead of “18s”"),
        (("Please drink responsibly.", "For sale to under 18s."), "“Not” is missing"),
        (("Please enjoy responsibly.", "Not for sale to under 18s."), "“enjoy” instead of “drink”"),
        (
            ("Please never drink responsibly.", "Not for sale to under 18s."),
            "“never” is added",
        ),
    ],
)
def test_a_changed_word_is_told_with_its_place(
    lines: tuple[str, str], said: str, read: SubjectOf
) -> None:
    measured = measure(read(*stacked(*lines)), DUTY)

    assert measured.state == "failed"
    assert measured.findings[0].evidence == said
    assert measured.findings[0].region is not None


def test_the_region_is_that_of_the_changed_word(read: SubjectOf) -> None:
    measured = measure(read(line("Not for sale to under 16s", y=400)), "Not for sale to under 18s")

    region = measured.findings[0].region
    assert region is not None
    assert region.x == pytest.approx(0.11, abs=0.001)
    assert region.y == pytest.approx(0.2)
    assert region.w == pytest.approx(0.015, abs=0.001)


def test_a_text_that_is_not_there_is_missing_and_has_no_place(read: SubjectOf) -> None:
    measured = measure(read(*stacked("Made for slow", "summer nights")), DUTY)

    (finding,) = measured.findings
    assert (finding.severity, finding.region) == ("critical", None)
    assert finding.rule == DUTY


def test_a_picture_without_text_misses_it(read: SubjectOf) -> None:
    assert measure(read(), DUTY).findings[0].message == "A text that must be there is missing."


def test_a_variable_stands_for_any_words(read: SubjectOf) -> None:
    text = "Offer ends {date}. Terms apply at {place}."
    right = stacked("Offer ends 12 May 2026. Terms", "apply at www.brand.com/terms.")
    wrong = stacked("Offer starts 12 May 2026. Terms", "apply at www.brand.com/terms.")

    assert measure(read(*right), text).state == "passed"
    assert measure(read(*wrong), text).findings[0].evidence == "“ends” is missing"


def test_columns_are_read_one_by_one(read: SubjectOf) -> None:
    left = stacked("Please drink", "responsibly. Not for", "sale to under 18s.")
    right = stacked("Offer valid while", "stocks last, in all", "shops that take part", x=700)

    assert measure(read(*left, *right), DUTY).state == "passed"


def test_case_counts_when_asked(read: SubjectOf) -> None:
    subject = read(line("ENJOY RESPONSIBLY"))

    assert measure(subject, "Enjoy responsibly").state == "passed"
    assert measure(subject, "Enjoy responsibly", case_sensitive=True).state == "failed"


def test_every_letter_of_a_pdf_counts_and_an_unsure_one_of_ocr_does_not(read: SubjectOf) -> None:
    text = "Enthält Koffein. Für Kinder und schwangere Frauen nicht empfohlen."
    slip = "Enthält Koffein. Für Kinder und schwangere Fraven nicht empfohlen."

    assert measure(read(line(slip, exact=True)), text).state == "failed"
    assert measure(read(line(slip, confidence=0.85)), text).state == "passed"


def test_the_clients_copy_for_the_market_is_taken_when_none_is_given(read: SubjectOf) -> None:
    brand = BrandData(
        mandatory_copy=(
            Copy(text="Enjoy responsibly"),
            Copy(text="À consommer avec modération", markets=("fr",)),
        )
    )
    lines = stacked("Enjoy responsibly")

    assert measure(read(*lines, brand=brand, market="gb")).state == "passed"
    assert measure(read(*lines, brand=brand, market="fr")).state == "failed"
    assert measure(read(*lines, brand=brand)).measurements["texts_of_unknown_market"] == 1


def test_without_any_text_the_check_says_what_to_give(read: SubjectOf) -> None:
    measured = measure(read(line("Hello there")))

    assert measured.state == "missing_input"
    assert "Give `texts`" in (measured.reason or "")
