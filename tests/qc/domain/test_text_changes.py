"""Rules of the kinds of changes in a text."""

import pytest

from services.qc.domain.text_changes import changes_between, is_about, kind_of


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("£3.99", "£3.49", "number"),
        ("1.5", "15", "number"),
        ("500 ml", "500 cl", "number"),
        ("50 %", "50", "number"),
        ("Fresh", "fresh", "case"),
        ("500 mL", "500 ml", "case"),
        ("Drink up!", "Drink up", "punctuation"),
        ("Café", "Cafe", "spelling"),
        ("summer", "sumemr", "spelling"),
        ("red", "blue", "wording"),
        ("", "now", "insertion"),
        ("not", "", "deletion"),
        ("slow summer", "slowsummer", None),
    ],
)
def test_a_change_has_one_kind(before: str, after: str, kind: str | None) -> None:
    assert kind_of(before, after) == kind


def test_only_the_changed_words_are_told() -> None:
    [change] = changes_between("Now only 3.99 a bottle", "Now only 3.49 a bottle")

    assert (change.kind, change.before, change.after) == ("number", "3.99", "3.49")
    assert "Now only 3.49 a bottle"[change.start : change.end] == "3.49"


def test_inserted_and_removed_words_are_told_apart() -> None:
    [added] = changes_between("Drink slowly", "Drink very slowly")
    [removed] = changes_between("Do not freeze", "Do freeze")

    assert (added.kind, added.after) == ("insertion", "very")
    assert (removed.kind, removed.before) == ("deletion", "not")


def test_a_unit_that_was_taken_away_touches_a_number() -> None:
    [change] = changes_between("Alcohol 4 % vol", "Alcohol 4 vol")

    assert change.touches_a_number


def test_a_letter_between_words_is_no_unit() -> None:
    [change] = changes_between("Plan m for all", "Plan g for all")

    assert not change.touches_a_number


@pytest.mark.parametrize(
    ("topic", "text", "about"),
    [
        ("price", "£3.49", True),
        ("Price", "now 3,49", True),
        ("price", "300 ml", False),
        ("quantity", "300 ml", True),
        ("date", "01.12.2026", True),
        ("percentage", "4 %", True),
        ("headline", "Fresh", False),
    ],
)
def test_a_topic_names_what_a_change_is_about(topic: str, text: str, about: bool) -> None:
    assert is_about(topic, [text]) is about
