"""The difference of two versions as one HTML page: no script, nothing fetched."""

import json
from base64 import b64encode
from hashlib import sha256
from itertools import groupby
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from pydantic import JsonValue

from libs.contracts.diff import ChangeClass, Difference, ProfileDiff

MEANING: dict[ChangeClass, str] = {
    "scoring": "can change results",
    "presentation": "changes no result",
    "none": "the same content",
}
LAYOUTS = Path(__file__).parent / "layouts"
STYLE = (LAYOUTS / "diff.css").read_text()


def diff_page(diff: ProfileDiff) -> str:
    """Everything that people wrote is escaped, and stands apart from the words around it."""
    groups = groupby(diff.differences, key=lambda one: one.check_id)
    return TEMPLATE.render(
        diff=diff,
        meaning=MEANING,
        sections=[(check_id, [_shown(one) for one in some]) for check_id, some in groups],
        style=STYLE,
        style_sha256=b64encode(sha256(STYLE.encode()).digest()).decode(),
    )


def _shown(one: Difference) -> dict[str, object]:
    """A difference with its two values as text; None where there is nothing more to show."""
    is_told = bool(one.words) or one.kind == "moved"
    return {
        "sentence": one.sentence,
        "change_class": one.change_class,
        "words": one.words,
        "old": None if is_told or one.kind == "added" else _text(one.before),
        "new": None if is_told or one.kind == "removed" else _text(one.after),
    }


def _text(value: JsonValue) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)


TEMPLATE = Environment(
    autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
).from_string((LAYOUTS / "diff.html.j2").read_text())
