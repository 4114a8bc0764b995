"""What people are told of a body, a query or flags that are no request."""

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from libs.problems import Invalid

REFUSES_CONTROLS, NEEDS_LETTERS = r"^[^\x00", r"\s]"
"""How the patterns of contracts begin that refuse control characters, and those of names go on."""


def invalid(error: ValidationError, code: str) -> Invalid:
    """The problem that names each bad field of a body, a query or a path."""
    fields = (
        f"{'.'.join(map(str, e['loc'])) or 'body'}: {_in_words(e)}"
        for e in error.errors(include_url=False, include_input=False)[:20]
    )
    return Invalid(code, "; ".join(fields))


def _in_words(error: ErrorDetails) -> str:
    """Of a pattern that refuses control characters people need to know no more than that."""
    pattern = str(error.get("ctx", {}).get("pattern", ""))
    if not pattern.startswith(REFUSES_CONTROLS):
        return error["msg"]
    beside = " and write more than blanks" if NEEDS_LETTERS in pattern else ""
    return f"leave out control characters{beside}"
