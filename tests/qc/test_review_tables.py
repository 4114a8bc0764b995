"""What a person reads of reviews on a terminal of eighty columns."""

import io

from rich.console import Console

from services.qc.domain.reliability import Reviewed, Reviewers, reliability
from services.qc.review_tables import show_reliability

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
