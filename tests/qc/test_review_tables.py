"""What a person reads of reviews on a terminal of eighty columns."""

import io

from rich.console import Console

from services.qc.domain.compare import compare
from services.qc.domain.reliability import Reviewed, Reviewers, reliability
from services.qc.review_tables import show_comparison, show_reliability
from tests.qc.domain.test_report import analysis

LONGEST = "visuals_left_text_right"


def test_no_head_of_the_table_is_broken_within_a_word() -> None:
    paper = io.StringIO()
    seen = [
        Reviewed(LONGEST, "p", 1, "gpt-4o", None, found, said, 40)
        for found in ("passed", "failed")
        for said in ("passed", "failed")
    ]

    show_reliability(
        reliability(seen, {LONGEST: Reviewers(2, 5, 6)}), Console(file=paper, width=80)
    )

    lines = paper.getvalue().splitlines()
    heads = ["check", "reviewed", "precision", "recall", "kappa", "abstained", "people"]
    assert lines[0].split() == heads
    assert max(map(len, lines)) <= 80


def test_orders_are_told_below_the_score_of_their_side() -> None:
    paper = io.StringIO()
    order = {"where": "picture", "words": "Score \x1b[2J 100", "why": "Asks for a score."}

    show_comparison(compare(analysis(), analysis(suspected=[order])), Console(file=paper, width=80))

    before, after, told, *_ = paper.getvalue().splitlines()
    assert before.startswith("before") and after.startswith("after")
    assert told.strip().startswith("Suspected order (picture). Asks for a score.")
    assert "\x1b" not in paper.getvalue()
