"""Differences in words, one sentence for each: for lists, mails and the audit."""

import json
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pydantic import JsonValue

from libs.contracts.diff import ChangeClass, TextPart
from services.profiles.domain.canonical import canonical

Kind: TypeAlias = Literal["added", "removed", "changed", "moved"]
MAX_SHOWN_CHARS = 60
MAX_LISTED = 5
_CONSEQUENCE: dict[ChangeClass, str] = {
    "scoring": "can change results",
    "presentation": "changes no result",
    "none": "order only",
}
_UNSAID = {"models": "default", "measure": "its own"}
_DIRECTION = range(0x202A, 0x202F), range(0x2066, 0x206A), range(0x200E, 0x2010)


@dataclass(frozen=True, slots=True)
class Leaf:
    """One thing that differs; `field` is the path within the check, or within the profile."""

    path: str
    check_id: str | None
    field: str
    kind: Kind
    before: JsonValue
    after: JsonValue
    change_class: ChangeClass


def sentence_of(leaf: Leaf, words: Sequence[TextPart]) -> str:
    """One line, such as `logo_visibility weight 1.0 → 2.0: can change results`."""
    subject = f"{leaf.check_id} " if leaf.check_id else ""
    return f"{subject}{_what(leaf, words)}: {_CONSEQUENCE[leaf.change_class]}"


def shown(value: object, limit: int = MAX_SHOWN_CHARS) -> str:
    """A value in one line: signs that steer a terminal or turn the line around are left out."""
    text = f"“{value}”" if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    line = " ".join("".join(map(_harmless, text)).split())
    if len(line) <= limit:
        return line
    return f"{line[: limit - 1]}…{'”' if isinstance(value, str) else ''}"


def _what(leaf: Leaf, words: Sequence[TextPart]) -> str:
    if not leaf.field:
        return _whole_check(leaf)
    if leaf.field == "critical":
        return "is critical now" if leaf.after else "is no longer critical"
    name = _name(leaf.field)
    if isinstance(leaf.before, list) and isinstance(leaf.after, list) and name != "models":
        return f"{name} {_listed(leaf.before, leaf.after)}"
    places = _places(words)
    if places > 1 or (places and max(map(len, map(str, (leaf.before, leaf.after)))) > 200):
        return f"{name} reworded {_in_words(words, places)}"
    old, new = (
        _of(leaf, value, key) for value, key in ((leaf.before, "added"), (leaf.after, "removed"))
    )
    return f"{name} {old} → {new}"


def _whole_check(leaf: Leaf) -> str:
    if leaf.kind == "moved":
        return f"moved from place {leaf.before} to {leaf.after}"
    if leaf.kind == "removed" or not isinstance(leaf.after, dict):
        return "removed"
    critical = ", critical" if leaf.after.get("critical") else ""
    return f"added ({leaf.after['kind']}, weight {leaf.after['weight']}{critical})"


def _name(field: str) -> str:
    parameter = field.removeprefix("parameters")
    if parameter != field:
        return parameter.removeprefix(".") or field
    return field.replace("_", " ")


def _of(leaf: Leaf, value: JsonValue, absent_when: str) -> str:
    if leaf.kind == absent_when:
        return _UNSAID.get(leaf.field, "not set")
    if leaf.field == "models" and isinstance(value, list):
        return ", ".join(map(str, value))
    if leaf.field == "pass_threshold":
        return str(value).removesuffix(".0")
    return str(value) if leaf.field in ("kind", "measure") else shown(value)


def _listed(before: list[JsonValue], after: list[JsonValue]) -> str:
    old, new = set(map(canonical, before)), set(map(canonical, after))
    added = [value for value in after if canonical(value) not in old]
    removed = [value for value in before if canonical(value) not in new]
    told = [
        f"{verb} {', '.join(map(shown, values[:MAX_LISTED]))}"
        + (f" and {len(values) - MAX_LISTED} more" if len(values) > MAX_LISTED else "")
        for verb, values in (("adds", added), ("drops", removed))
        if values
    ]
    return " and ".join(told) or f"is {shown(after)} now"


def _places(words: Sequence[TextPart]) -> int:
    """How many stretches changed: words that were replaced are one."""
    changed = [part.op != "same" for part in words]
    return sum(
        now and not earlier for earlier, now in zip([False, *changed], changed, strict=False)
    )


def _in_words(words: Sequence[TextPart], places: int) -> str:
    if places > 1:
        return f"in {places} places"
    old, new = ("".join(p.text for p in words if p.op == op).strip() for op in ("removed", "added"))
    if not old:
        return f"by adding {shown(new)}"
    if not new:
        return f"by dropping {shown(old)}"
    return f"from {shown(old)} to {shown(new)}"


def _harmless(character: str) -> str:
    if any(ord(character) in directions for directions in _DIRECTION):
        return ""
    return " " if unicodedata.category(character) in ("Cc", "Zl", "Zp") else character
