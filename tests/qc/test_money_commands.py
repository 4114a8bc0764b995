"""Tables about money on a terminal of eighty columns."""

import io
from decimal import Decimal

from rich.console import Console
from rich.table import Table

from libs.contracts.estimates import EstimatedCall
from libs.contracts.triage import TriageCounts
from services.qc.money_commands import calls_table, counts_table

MODEL, LONGEST = "gpt-6-luna", "visuals_left_text_right"


def shown(table: Table) -> str:
    paper = io.StringIO()
    Console(file=paper, width=80).print(table)
    return paper.getvalue()


def test_no_name_is_broken_where_it_would_fit() -> None:
    counts = TriageCounts(
        model=f"openai/{MODEL}",
        check_id=LONGEST,
        answers=120,
        doubted=60,
        asked_again=56,
        audited=0,
        agreed=0,
        disagreed=0,
    )
    call = EstimatedCall(
        provider="openai",
        model=MODEL,
        check_ids=["responsible_drinking", LONGEST],
        times=0.0548,
        input_tokens=11_892,
        cached_input_tokens=11_244,
        output_tokens=1_118,
        cost_usd=Decimal("0.000239"),
        waiting_usd=None,
    )

    for text in (shown(counts_table([counts])), shown(calls_table([call]))):
        assert f"openai/{MODEL}" in text and LONGEST in text
        assert max(map(len, text.splitlines())) <= 80
    assert "responsible_drinking" in shown(calls_table([call]))
