"""`aiqc check --repeat`: how far each check agrees with itself on the same files."""

import json as as_text
from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.text import Text

from services.qc.commands import plain
from services.qc.domain.reliability import agreement
from services.qc.many import Checked
from services.qc.review_tables import show_agreement


def tell_repeats(checked: Sequence[Checked], repeat: int, screen: Console, *, json: bool) -> None:
    """`checked` has each file `repeat` times in a row."""
    by_file = [list(runs) for _, runs in groupby(checked, lambda one: one.file)]
    whole = [[one.analysis for one in runs if one.analysis] for runs in by_file]
    found = agreement([runs for runs in whole if len(runs) == repeat])
    if json:
        analyses = [as_text.loads(one.as_json()) for one in checked]
        told = {"agreement": found.model_dump(mode="json"), "analyses": analyses}
        print(as_text.dumps(told, ensure_ascii=False))
        return
    for runs in by_file:
        verdicts = ", ".join(f"{one.verdict} {_score(one)}" for one in runs)
        screen.print(Text(f"{plain(str(runs[0].file))}: {verdicts}"), soft_wrap=True)
        for one in runs:
            if one.analysis is None:
                screen.print(Text(f"  could not run: {plain(one.why)}"), soft_wrap=True)
    show_agreement(found, screen)


def _score(one: Checked) -> str:
    score = one.analysis.score if one.analysis else None
    return "" if score is None else f"{score:g}"
