"""qc-bench in its large form: how many planted defects the exact checks catch.

AIQC_BENCH_CREATIVES is the number of drawn creatives, half of them reported: each takes about two
minutes of a processor. `python -m tests.qcbench --json FILE` writes every outcome.
"""

import os

from tests.bench.board import Board, at_least, at_most
from tests.qcbench.__main__ import report, run
from tests.qcbench.metrics import figures
from tests.qcbench.pdfs import PRINT_CHECKS
from tests.qcbench.running import EVERY

BENCH = "accuracy"
CREATIVES = int(os.environ.get("AIQC_BENCH_CREATIVES", "4"))


def test_planted_defects_are_caught_and_clean_creatives_are_left_alone(board: Board) -> None:
    outcomes = list(run(range(CREATIVES), {*EVERY, *PRINT_CHECKS}, os.cpu_count() or 1))
    print(report(outcomes))

    reported = figures(outcome for outcome in outcomes if outcome.seed % 2)
    caught = sum(of.caught for of in reported.values())
    planted = sum(of.planted for of in reported.values())
    alarms = sum(of.alarms for of in reported.values())
    placed = sum(of.placed for of in reported.values())
    overlaps = sum(len(of.overlaps) for of in reported.values())
    stable = sum(of.stable for of in reported.values())
    varied = sum(of.varied for of in reported.values())
    clean = CREATIVES // 2
    assert planted and varied
    board.write(BENCH, "% of planted defects caught", 100 * caught / planted, planted, at_least(99))
    board.write(BENCH, "% of findings at the right place", 100 * placed / overlaps, overlaps)
    board.write(BENCH, "false alarms a clean creative", alarms / clean, clean, at_most(0.01))
    board.write(BENCH, "% of verdicts that stay (JPEG, shift, name)", 100 * stable / varied, varied)
