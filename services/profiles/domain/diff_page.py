"""The difference of two versions as one HTML page: no script, nothing fetched."""

import json
from base64 import b64encode
from hashlib import sha256
from itertools import groupby
from pathlib import Path

from pydantic import JsonValue

from libs.contracts.diff import Difference, ProfileDiff
from libs.layouts import layouts_in
from services.profiles.domain.telling import MAX_SHOWN_CHARS

LAYOUTS = Path(__file__).parent / "layouts"
STYLE = (LAYOUTS / "diff.css").read_text()
ENVIRONMENT = layouts_in(LAYOUTS)


def diff_page(diff: ProfileDiff) -> str:
    """Everything that people wrote is escaped, and stands apart from the words around it."""
    groups = groupby(diff.differences, key=lambda one: one.check_id)
    return ENVIRONMENT.get_template("diff.html.j2").render(
        diff=diff,
        sections=[(check_id, [_shown(one) for one in some]) for check_id, some in groups],
        style=STYLE,
        style_sha256=b64encode(sha256(STYLE.encode()).digest()).decode(),
    )


def _shown(one: Difference) -> dict[str, object]:
    """A difference with its two values as text; None where the sentence says it all."""
    told = bool(one.words) or one.kind == "moved"
    old, new = (None if told else _spread(value) for value in (one.before, one.after))
    return {
        "sentence": one.sentence,
        "change_class": one.change_class,
        "words": one.words,
        "old": old,
        "new": new,
    }


def _spread(value: JsonValue) -> str | None:
    """A value that needs more room than its sentence has."""
    if isinstance(value, str):
        return value if len(value) > MAX_SHOWN_CHARS else None
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, indent=2)
    return None
