"""What differs between two versions: by check, by field, and by word where texts changed.

A difference is of class `scoring` exactly where the scoring hash looks, so two contents have
one of that class when, and only when, their scoring hashes differ.
"""

import json
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import JsonValue

from libs.contracts.diff import ChangeClass, Difference, DiffSide, ProfileDiff, TextPart
from libs.contracts.profiles import Check, Profile
from services.profiles.domain.canonical import canonical
from services.profiles.domain.content import EMPTY, Content, written
from services.profiles.domain.telling import Kind, Leaf, sentence_of
from services.profiles.domain.words import word_diff

MAX_COMPARED_CHARS = 80_000
"""Texts are compared by word up to this much in one diff, and as a whole beyond it."""

_OWN_FIELDS: Mapping[str, ChangeClass] = {
    "name": "presentation",
    "description": "presentation",
    "pass_threshold": "scoring",
}
_HAVE_WORDS = {"name", "description", "title", "prompt"}
_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def differences(before: Content, after: Content) -> list[Difference]:
    """All that differs, in the order of the newer version; what was removed comes last.

    Raises ValueError, with the path, for a value that canonical JSON cannot hold.
    """
    left = MAX_COMPARED_CHARS
    told: list[Difference] = []
    for leaf in _leaves(before, after):
        words, left = _words(leaf, left)
        told.append(
            Difference(
                path=leaf.path,
                check_id=leaf.check_id,
                kind=leaf.kind,
                before=leaf.before,
                after=leaf.after,
                change_class=leaf.change_class,
                sentence=sentence_of(leaf, words),
                words=words,
            )
        )
    return told


def change_class_of(found: Iterable[Difference]) -> ChangeClass:
    """The gravest class among them. A new order of checks is no change of the content."""
    classes = {one.change_class for one in found}
    if "scoring" in classes:
        return "scoring"
    return "presentation" if "presentation" in classes else "none"


def summary_of(found: Sequence[Difference]) -> str:
    """One line on all of them, for people."""
    if not found:
        return "No difference"
    count = f"{len(found)} difference{'s' if len(found) > 1 else ''}"
    grave = sum(one.change_class == "scoring" for one in found)
    if not grave:
        return f"{count}, none can change results"
    return f"{count}, {grave} can change results"


def profile_diff(before: Profile, after: Profile) -> ProfileDiff:
    """All that differs from the one version to the other; they may be of two profiles."""
    found = differences(*(_content_of(profile) for profile in (before, after)))
    return ProfileDiff(
        before=_side(before),
        after=_side(after),
        change_class=change_class_of(found),
        summary=summary_of(found),
        differences=found,
    )


def _side(profile: Profile) -> DiffSide:
    return DiffSide.model_validate(profile.model_dump(include=set(DiffSide.model_fields)))


def _content_of(profile: Profile) -> Content:
    return Content(profile.name, profile.description, profile.pass_threshold, profile.checks)


def _leaves(before: Content, after: Content) -> Iterator[Leaf]:
    for field, graded in _OWN_FIELDS.items():
        old, new = getattr(before, field), getattr(after, field)
        if _differ(old, new):
            yield Leaf(field, None, field, "changed", old, new, graded)
    moved = _moves(list(before.checks), list(after.checks))
    for check_id, check in after.checks.items():
        old_check = before.checks.get(check_id)
        if old_check is None:
            yield _whole(check_id, "added", None, written(check))
            continue
        if check_id in moved:
            yield _whole(check_id, "moved", *moved[check_id], "none")
        yield from _check_leaves(check_id, old_check, check)
    for check_id, check in before.checks.items():
        if check_id not in after.checks:
            yield _whole(check_id, "removed", written(check), None)


def _whole(
    check_id: str, kind: Kind, old: JsonValue, new: JsonValue, graded: ChangeClass = "scoring"
) -> Leaf:
    return Leaf(f"checks.{check_id}", check_id, "", kind, old, new, graded)


def _check_leaves(check_id: str, before: Check, after: Check) -> Iterator[Leaf]:
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    both_exact = before.kind == after.kind == "exact"
    for field in new:
        graded: ChangeClass = "presentation" if both_exact and field == "title" else "scoring"
        for path, kind, one, other in _paths(field, _said(old[field]), _said(new[field])):
            yield Leaf(f"checks.{check_id}.{path}", check_id, path, kind, one, other, graded)


def _paths(
    path: str, old: JsonValue, new: JsonValue
) -> Iterator[tuple[str, Kind, JsonValue, JsonValue]]:
    """The places below `path` where the two differ; a list is one value."""
    if not (isinstance(old, dict) and isinstance(new, dict)):
        if _differ(old, new):
            yield (
                path,
                "added" if old is None else "removed" if new is None else "changed",
                old,
                new,
            )
        return
    for key in [*new, *(key for key in old if key not in new)]:
        below = f"{path}.{key}" if _PLAIN_KEY.fullmatch(key) else f"{path}[{_quoted(key)}]"
        if key in old and key in new:
            yield from _paths(below, old[key], new[key])
        else:
            yield below, "added" if key in new else "removed", old.get(key), new.get(key)


def _moves(before: list[str], after: list[str]) -> dict[str, tuple[int, int]]:
    """The fewest checks whose move explains the new order, with old and new place, from 1.

    Places count the checks that both have, so that one added in front moves none.
    """
    old = {check_id: at for at, check_id in enumerate(c for c in before if c in set(after))}
    new = {check_id: at for at, check_id in enumerate(c for c in after if c in old)}
    stayed = _longest_rise([old[check_id] for check_id in new])
    return {
        check_id: (old[check_id] + 1, new[check_id] + 1)
        for check_id in new
        if old[check_id] not in stayed
    }


def _longest_rise(numbers: Sequence[int]) -> set[int]:
    """A longest subsequence of different `numbers` that rises (patience sorting)."""
    ends: list[int] = []
    before: dict[int, int | None] = {}
    for number in numbers:
        at = bisect_left(ends, number)
        before[number] = ends[at - 1] if at else None
        ends[at : at + 1] = [number]
    kept: set[int] = set()
    last = ends[-1] if ends else None
    while last is not None:
        kept.add(last)
        last = before[last]
    return kept


def _words(leaf: Leaf, left: int) -> tuple[list[TextPart], int]:
    """The parts of two texts, and how many characters may still be compared."""
    old, new = leaf.before, leaf.after
    is_text = leaf.field in _HAVE_WORDS or leaf.field.startswith("parameters")
    if not (is_text and isinstance(old, str) and isinstance(new, str)):
        return [], left
    length = len(old) + len(new)
    if length > left:
        parts = (TextPart(op="removed", text=old), TextPart(op="added", text=new))
        return [part for part in parts if part.text], left
    return word_diff(old, new), left - length


def _said(value: JsonValue) -> JsonValue:
    """None for what hashes like an absent field; parameters are told key by key."""
    return None if value in EMPTY and not isinstance(value, dict) else value


def _differ(old: object, new: object) -> bool:
    return canonical(old) != canonical(new)


def _quoted(key: str) -> str:
    return json.dumps(key, ensure_ascii=False)
