"""What the commands on prices share: reading flags into bodies, writing answers out."""

import sys
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from rich.console import Console, RenderableType

from libs.problems import Invalid

Body = TypeVar("Body", bound=BaseModel)
PIPED_WIDTH = 160

FLAGS = {
    "input_usd": "--input",
    "output_usd": "--output",
    "cached_input_usd": "--cached-input",
    "cache_write_usd": "--cache-write",
    "service_tier": "--tier",
    "above_input_tokens": "--above",
    "shutdown_on": "--on",
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


def show(found: BaseModel, table: RenderableType, as_json: bool) -> int:
    """Print a table, as wide as it needs to be where nobody looks; return exit code 0."""
    if as_json:
        write(found.model_dump_json(indent=2) + "\n")
    else:
        Console(width=None if sys.stdout.isatty() else PIPED_WIDTH).print(table)
    return 0


def write(text: str) -> None:
    sys.stdout.write(text)
