"""Three-way merge of two edits that started from one state of a profile.

Places are leaves: a field of the profile, a field of a check, a parameter of a check. Checks
are the same when their ids are; lists and the values of parameters are taken as a whole,
because nobody but the check knows what half of one means.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue, ValidationError

from libs.contracts.profiles import MAX_CHECKS, Check, ProfileEdit
from libs.contracts.saves import Clash
from services.profiles.domain.audience import Audience
from services.profiles.domain.canonical import canonical
from services.profiles.domain.content import Content

Leaves = Mapping[str, JsonValue]
CHECKS, WHOLE = "checks", ""


@dataclass(frozen=True, slots=True)
class State:
    """What an editor has before them: the content of a version, and who may use the profile."""

    content: Content
    audience: Audience


@dataclass(frozen=True, slots=True)
class Merge:
    """`yours` and `theirs` are the places that each changed; `merged` is None with conflicts."""

    yours: list[str]
    theirs: list[str]
    conflicts: list[Clash]
    merged: ProfileEdit | None


def merge(base: State, yours: State, theirs: State) -> Merge:
    """What `yours` and `theirs` both change of `base`, and the state that has both changes.

    A change that only one of them made is taken, and so is one that both made alike. A check
    that one removed or turned into another kind, and the other changed, is a conflict as a
    whole, as is one that would break a rule of checks when merged.
    """
    picked = _Picking()
    fields = picked.leaves("", _fields(base), _fields(yours), _fields(theirs))
    sides = (base.content.checks, yours.content.checks, theirs.content.checks)
    checks = {
        check_id: check
        for check_id in _order(*sides)
        if (check := picked.check(check_id, *(side.get(check_id) for side in sides)))
    }
    if not picked.conflicts and not 1 <= len(checks) <= MAX_CHECKS:
        ids: list[list[JsonValue]] = [list(side) for side in sides]
        picked.conflicts.append(Clash(path=CHECKS, base=ids[0], yours=ids[1], theirs=ids[2]))
    return Merge(
        changed_places(base, yours),
        changed_places(base, theirs),
        picked.conflicts,
        None if picked.conflicts else ProfileEdit.model_validate({**fields, CHECKS: checks}),
    )


def changed_places(base: State, side: State) -> list[str]:
    """Every leaf that differs; a check that came or went is one place."""
    places = list(_differing("", _fields(base), _fields(side)))
    before, after = base.content.checks, side.content.checks
    for check_id in _order(before, before, after):
        was, now = before.get(check_id), after.get(check_id)
        if was and now:
            places += _differing(f"{CHECKS}.{check_id}.", _leaves(was), _leaves(now))
        else:
            places.append(f"{CHECKS}.{check_id}")
    return places


class _Picking:
    """Takes the side that changed, place by place, and keeps the places where both did."""

    def __init__(self) -> None:
        self.conflicts: list[Clash] = []

    def leaves(
        self, prefix: str, base: Leaves, yours: Leaves, theirs: Leaves
    ) -> dict[str, JsonValue]:
        merged: dict[str, JsonValue] = {}
        for name in _order(base, yours, theirs):
            side = _changed_side(base, yours, theirs, name)
            if side is None:
                values = (side.get(name) for side in (base, yours, theirs))
                self._clash(prefix + name, *values)
            elif name in side:
                merged[name] = side[name]
        return merged

    def check(
        self, check_id: str, base: Check | None, yours: Check | None, theirs: Check | None
    ) -> Check | None:
        """The merged check; None where it is gone, and where there is a conflict."""
        was, mine, other = (_whole(check) for check in (base, yours, theirs))
        side = _changed_side(was, mine, other, WHOLE)
        if side is not None:
            return yours if side is mine else theirs
        path = f"{CHECKS}.{check_id}"
        if base and yours and theirs and base.kind == yours.kind == theirs.kind:
            before = len(self.conflicts)
            merged = self.leaves(f"{path}.", _leaves(base), _leaves(yours), _leaves(theirs))
            if len(self.conflicts) > before:
                return None
            try:
                return _check(merged)
            except ValidationError:
                pass
        self._clash(path, was.get(WHOLE), mine.get(WHOLE), other.get(WHOLE))
        return None

    def _clash(self, path: str, base: JsonValue, yours: JsonValue, theirs: JsonValue) -> None:
        self.conflicts.append(Clash(path=path, base=base, yours=yours, theirs=theirs))


def _changed_side(base: Leaves, yours: Leaves, theirs: Leaves, name: str) -> Leaves | None:
    """The side whose value counts, `theirs` or `yours`; None when both changed it differently."""
    if _same(yours, theirs, name) or _same(base, yours, name):
        return theirs
    return yours if _same(base, theirs, name) else None


def _same(one: Leaves, other: Leaves, name: str) -> bool:
    """Equal as canonical JSON is: 85 and 85.0 are, true and 1 are not."""
    if name not in one or name not in other:
        return name not in one and name not in other
    return canonical(one[name]) == canonical(other[name])


def _differing(prefix: str, before: Leaves, after: Leaves) -> Iterator[str]:
    for name in _order(before, before, after):
        if not _same(before, after, name):
            yield prefix + name


def _fields(state: State) -> dict[str, JsonValue]:
    content, audience = state.content, state.audience
    return {
        "name": content.name,
        "description": content.description,
        "pass_threshold": content.pass_threshold,
        "visibility": audience.visibility,
        "visible_to_clients": list(audience.clients),
    }


def _leaves(check: Check) -> dict[str, JsonValue]:
    fields = _dumped(check)
    del fields["parameters"]
    parameters = {f"parameters.{name}": value for name, value in check.parameters.items()}
    return fields | parameters


def _check(leaves: Leaves) -> Check:
    fields: dict[str, JsonValue] = {}
    parameters: dict[str, JsonValue] = {}
    for name, value in leaves.items():
        whole, dot, key = name.partition(".")
        (parameters if dot else fields)[key if dot else whole] = value
    return Check.model_validate({**fields, "parameters": parameters})


def _whole(check: Check | None) -> Leaves:
    return {WHOLE: _dumped(check)} if check else {}


def _dumped(check: Check) -> dict[str, JsonValue]:
    dumped: dict[str, JsonValue] = check.model_dump(mode="json")
    return dumped


def _order(
    base: Mapping[str, object], yours: Mapping[str, object], theirs: Mapping[str, object]
) -> list[str]:
    """Every key once, in the order of the side that changed it; what only one has comes last."""
    first, second = (yours, theirs) if list(theirs) == list(base) else (theirs, yours)
    return list(dict.fromkeys((*first, *second, *base)))
