"""Tables on a terminal: whole figures on any screen, names that are text."""

import io

from rich.console import Console
from rich.table import Table

from services.usage.terminal import print_whole


def _printed(*rows: tuple[str, str], width: int) -> str:
    table = Table()
    table.add_column("Name")
    table.add_column("Cost", justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    text = io.StringIO()
    print_whole(table, Console(file=text, width=width, markup=False, emoji=False))
    return text.getvalue()


def test_figure_is_whole_where_the_screen_is_too_narrow_for_it() -> None:
    text = _printed(("OpenAI", "$1,234,567.0049825000000322"), width=20)

    assert "│ OpenAI │ $1,234,567.0049825000000322 │" in text


def test_long_name_folds_and_loses_no_letter() -> None:
    text = _printed(("x" * 50, "$1.0000"), ("李伟" * 20, "$2.0000"), width=40)

    assert (text.count("x"), text.count("李")) == (50, 20)
    assert max(map(len, text.splitlines())) <= 40
