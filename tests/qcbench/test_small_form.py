"""The small form of qc-bench: each defect once and each style once, fixed seeds, in any run."""

import pytest

from tests.qcbench.defects import Defect
from tests.qcbench.drawing import SCRIPTS, foreign_text
from tests.qcbench.layout import STYLES, Style
from tests.qcbench.metrics import Outcome
from tests.qcbench.pdfs import PRINT_CHECKS, PRINT_DEFECTS, PrintDefect
from tests.qcbench.planted import DEFECTS
from tests.qcbench.running import EVERY, clean, defective, planted, printed

SEEDS = {style: 2 * number + 1 for number, style in enumerate(STYLES)} | {"chinese": 21}
"""A creative of each style."""


def seed_of(defect: Defect) -> int:
    """Each defect on another creative, odd: not one that thresholds were set with."""
    return 2 * (DEFECTS.index(defect) % len(STYLES)) + 1


@pytest.mark.parametrize("defect", planted(), ids=lambda defect: defect.name)
def test_planted_defect_is_caught_where_it_is(defect: Defect) -> None:
    [outcome] = defective(seed_of(defect), defect)

    assert outcome.state == "failed", outcome
    assert outcome.placed in (None, True), outcome


@pytest.mark.parametrize(("style", "seed"), SEEDS.items())
def test_clean_creative_raises_no_alarm(style: Style, seed: int) -> None:
    if style in SCRIPTS and not foreign_text(style):
        pytest.skip(f"no font of this machine has {style}: install fonts-droid-fallback")

    outcomes = list(clean(seed, EVERY, variants=False))

    assert {outcome.style for outcome in outcomes} == {style}
    assert [alarm for alarm in outcomes if _is_wrong(alarm)] == []


@pytest.mark.parametrize("defect", PRINT_DEFECTS, ids=lambda defect: defect.name)
def test_planted_defect_of_a_pdf_is_caught(defect: PrintDefect) -> None:
    [outcome] = printed(2 * PRINT_DEFECTS.index(defect) + 1, [defect.check], defect)

    assert outcome.state == "failed", outcome


def test_clean_pdf_raises_no_alarm() -> None:
    assert [alarm for alarm in printed(1, PRINT_CHECKS) if _is_wrong(alarm)] == []


def _is_wrong(outcome: Outcome) -> bool:
    return outcome.state in ("failed", "error")
