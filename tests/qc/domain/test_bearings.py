"""Rules of what letters stand off the edge that they are set on."""

from hypothesis import given
from hypothesis import strategies as st

from services.qc.domain.bearings import DASHES, bearings


def test_a_stem_stands_further_off_than_a_bow_and_a_bow_than_a_slant() -> None:
    stem, bow, slant = (bearings(text, 100).left_px for text in ("bright", "glad", "Tall"))

    assert stem > bow > slant > 0


def test_the_right_edge_goes_by_the_last_letter() -> None:
    assert bearings("At home", 100).right_px < bearings("At hom", 100).right_px


def test_the_same_ink_is_a_larger_size_without_tails_and_ascenders() -> None:
    low, tailed, both = (bearings(text, 100).left_slack_px for text in ("rum", "rump", "drump"))

    assert low > tailed > both


def test_each_edge_is_as_sure_as_its_own_letter() -> None:
    leaning, upright = bearings("Very mild", 100), bearings("Mild", 100)

    assert leaning.left_slack_px > 2 * leaning.right_slack_px
    assert upright.left_slack_px == upright.right_slack_px


def test_a_letter_may_hang_over_the_edge() -> None:
    assert bearings("Join", 100).left_px < 0
    assert bearings("half", 100).right_px < 0


def test_a_dash_that_divides_a_word_may_hang_over_the_edge_or_be_lost() -> None:
    divided, whole = bearings("an even col-", 100), bearings("an even column", 100)

    assert divided.right_slack_px > 5 * whole.right_slack_px
    assert divided.left_slack_px > 0


def test_of_letters_of_other_scripts_nothing_is_known_but_that_they_may_be_off() -> None:
    for text in ("Ромашка", "夏の夜", "¡Hola!", ""):
        found = bearings(text, 100)

        assert (found.left_px, found.left_slack_px, found.right_slack_px) == (0, 9, 9)


@given(st.text(max_size=20), st.floats(1, 4_000))
def test_no_text_is_moved_by_more_than_a_letter_could_be(text: str, ink_px: float) -> None:
    found = bearings(text, ink_px)

    for bearing_px in (found.left_px, found.right_px):
        assert -0.12 * ink_px <= bearing_px <= 0.11 * ink_px
    assert 0 < found.left_slack_px <= 0.24 * ink_px
    most_right = 0.7 if text.rstrip()[-1:] in {*DASHES} else 0.24
    assert 0 < found.right_slack_px <= most_right * ink_px
