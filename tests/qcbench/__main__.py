"""qc-bench: `python -m tests.qcbench --creatives 40 --json figures.json`."""

import argparse
import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path

from tests.qcbench.metrics import Figures, Outcome, figures, in_columns, table
from tests.qcbench.pdfs import PRINT_CHECKS, PRINT_DEFECTS
from tests.qcbench.running import EVERY, clean, defective, planted, printed


def main() -> None:
    parser = argparse.ArgumentParser(prog="qcbench", description=__doc__)
    parser.add_argument("--creatives", type=int, default=10, help="how many, half of them tuned on")
    parser.add_argument(
        "--unseen",
        type=int,
        metavar="SEED",
        help="odd ones alone, from this seed on: none tuned on",
    )
    parser.add_argument(
        "--clean", type=int, default=0, help="how many more without a defect, none tuned on"
    )
    parser.add_argument("--only", nargs="*", default=[], help="names of checks")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", type=Path, help="where every outcome is written")
    asked = parser.parse_args()
    names = set(asked.only) or set(EVERY)
    seeds = range(asked.creatives)
    if asked.unseen is not None:
        seeds = odd(asked.unseen, asked.creatives)
    outcomes = list(run(seeds, names, asked.processes))
    print(report(outcomes))
    if asked.clean:
        more = list(run_clean(odd(seeds.stop, asked.clean), names, asked.processes))
        print(alarms(more, asked.clean))
        outcomes += more
    if asked.json:
        asked.json.write_text(json.dumps([asdict(outcome) for outcome in outcomes]))


def odd(first: int, count: int) -> range:
    """So many odd seeds from `first` on."""
    return range(first | 1, (first | 1) + 2 * count, 2)


def run(seeds: range, names: set[str], processes: int) -> Iterator[Outcome]:
    with ProcessPoolExecutor(processes) as pool:
        for outcomes in pool.map(partial(_one, sorted(names)), seeds):
            yield from outcomes


def run_clean(seeds: range, names: set[str], processes: int) -> Iterator[Outcome]:
    """Every check on clean creatives: for how rare a false alarm is."""
    with ProcessPoolExecutor(processes) as pool:
        for outcomes in pool.map(partial(_clean, sorted(names)), seeds):
            yield from outcomes


def _clean(names: list[str], seed: int) -> list[Outcome]:
    return list(clean(seed, names, variants=False))


def alarms(outcomes: list[Outcome], creatives: int) -> str:
    """How many of the clean creatives had an alarm, and each alarm by name."""
    found = figures(outcomes)
    alarmed = {(o.seed, o.check) for o in outcomes if o.state == "failed"}
    head = f"{len({seed for seed, _ in alarmed})} of {creatives} clean creatives had an alarm"
    return "\n".join([head, *_named(found)])


def _one(names: list[str], seed: int) -> list[Outcome]:
    found = list(clean(seed, names, variants=True))
    for defect in planted():
        if defect.check in names:
            found += defective(seed, defect)
    of_print = [name for name in PRINT_CHECKS if name in names]
    found += printed(seed, of_print)
    for flaw in PRINT_DEFECTS:
        if flaw.check in names:
            found += printed(seed, [flaw.check], flaw)
    return found


def report(outcomes: list[Outcome]) -> str:
    """Thresholds were set with the even seeds in sight; what counts are the odd ones."""
    parts = []
    for title, parity in (("Set with these in sight (even seeds)", 0), ("Reported (odd seeds)", 1)):
        half = figures(o for o in outcomes if o.seed % 2 == parity)
        parts += [title, in_columns(table(half)), *_named(half), ""]
    return "\n".join(parts)


def _named(by_check: dict[str, Figures]) -> Iterator[str]:
    for name, of in sorted(by_check.items()):
        yield from (f"missed      {name}: {miss}" for miss in of.misses)
        yield from (f"false alarm {name}: {alarm}" for alarm in of.false_alarms)


if __name__ == "__main__":
    main()
