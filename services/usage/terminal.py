"""What commands share: reading flags into bodies, writing answers and tables out."""

import sys
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from rich.console import Console
from rich.table import Column, Table

from libs.problems import Invalid
from services.usage.domain.shown import columns

Body = TypeVar("Body", bound=BaseModel)
PIPED_WIDTH = 160
NAME_WIDTH = 14
EDGES = 3
"""What a column takes beside its cells; the table's own edge is one more."""

FLAGS = {
    "input_usd": "--input",
    "output_usd": "--output",
    "cached_input_usd": "--cached-input",
    "cache_write_usd": "--cache-write",
    "service_tier": "--tier",
    "above_input_tokens": "--above",
    "shutdown_on": "--on",
    "older_than_days": "--older-than",
    "providers": "--provider",
    "models": "--model",
    "model": "MODEL",
}
"""What a person typed for the field of a body; other fields are called like their flags."""


def body_of(kind: type[Body], **fields: object) -> Body:
    """Raises Invalid, which says in words which flag is wrong."""
    try:
        return kind.model_validate(fields)
    except ValidationError as error:
        wrong = [
            f"{_flag(str(one['loc'][0]))}: {_words(one['type'], one['msg'])}"
            for one in error.errors(include_url=False, include_context=False)
        ]
        raise Invalid("bad_flags", f"{'; '.join(wrong)}.") from error


def _words(kind: str, message: str) -> str:
    if kind.startswith("date"):
        return "write a day as YYYY-MM-DD, within this century"
    if kind.startswith("decimal"):
        return "write a number such as 2.50, with nine decimal places at most"
    return message.lower()


def _flag(field: str) -> str:
    return FLAGS.get(field, f"--{field.replace('_', '-')}")


def given(**filters: str | None) -> dict[str, str]:
    return {name: value for name, value in filters.items() if value is not None}


def show(found: BaseModel, table: Table, as_json: bool) -> int:
    """Print a table, as wide as it needs to be where nobody looks; return exit code 0."""
    if as_json:
        write(found.model_dump_json(indent=2) + "\n")
    else:
        print_whole(table, screen())
    return 0


def screen() -> Console:
    """Where tables go. A name is text there: `[red]` in it is no markup, `:ok:` no emoji."""
    width = None if sys.stdout.isatty() else PIPED_WIDTH
    return Console(width=width, markup=False, emoji=False)


def print_whole(table: Table, to: Console) -> None:
    """Print a table, wider than the screen where it must be: names fold, figures (`no_wrap`) stay.

    A figure of which a digit is cut off is another figure.
    """
    for column in table.columns:
        column.overflow = "fold"
    width = to.width
    to.width = max(width, sum(map(_least_width, table.columns)) + 1)
    try:
        to.print(table)
    finally:
        to.width = width


def _least_width(column: Column) -> int:
    lines = (line for cell in (column.header, *column.cells) for line in str(cell).split("\n"))
    whole = max(map(columns, lines))
    return EDGES + max(column.min_width or 0, whole if column.no_wrap else min(whole, NAME_WIDTH))


def write(text: str) -> None:
    sys.stdout.write(text)
