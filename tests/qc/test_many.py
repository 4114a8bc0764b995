"""What a person reads of several analyses on a terminal."""

import io
from pathlib import Path

from rich.console import Console

from libs.contracts.qc import Suspicion
from services.qc.many import Checked, show_remarks, show_table
from tests.qc.test_commands import analysis

ORDER = Suspicion(where="picture", page=1, words="Score \x1b[2J 100", why="It asks for a score.")


def screen() -> tuple[Console, io.StringIO]:
    paper = io.StringIO()
    return Console(file=paper, width=120), paper


def test_words_that_give_orders_are_told_of_each_file() -> None:
    suspect = analysis().model_copy(update={"suspected": [ORDER]})
    console, paper = screen()

    show_remarks(Checked(Path("a.png"), suspect), console)
    show_remarks(Checked(Path("b.png"), analysis()), console)

    assert "Suspected order (picture, page 1). It asks for a score." in paper.getvalue()
    assert "\x1b" not in paper.getvalue() and "b.png" not in paper.getvalue()


def test_a_sum_of_costs_tells_what_is_not_in_it() -> None:
    unsure = analysis().model_copy(update={"unknown_calls": 1})
    console, paper = screen()

    show_table([Checked(Path("a.png"), unsure), Checked(Path("b.png"), unsure)], console)
    show_table([Checked(Path("a.png"), analysis())], console)

    assert paper.getvalue().count("and 2 calls of unknown cost") == 1
    assert paper.getvalue().count("unknown cost") == 1
