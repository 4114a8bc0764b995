"""Which reference assets of the client an analysis compares with."""

from collections.abc import Collection, Iterator, Sequence
from typing import get_args
from uuid import UUID

from pydantic import JsonValue

from libs.contracts.assets import ReferenceAsset
from libs.contracts.brand import ReferenceKind
from libs.contracts.catalogue import Need
from libs.contracts.profiles import Profile
from libs.contracts.qc import UsedAsset
from libs.postgres import Connection
from libs.problems import Invalid
from services.qc import assets
from services.qc.checks import CHECKS
from services.qc.domain.naming import did_you_mean, find_name
from services.qc.domain.wants import wants_of

MAX_OF_A_KIND = 20
ALWAYS: frozenset[ReferenceKind] = frozenset({"logo"})
"""Checks of text leave out what the logo says, whether or not the logo itself is checked."""


def named_in(parameters: dict[str, JsonValue], name: str) -> str | None:
    """The parameter that names an asset: its value, or one of its values, is the name."""
    for parameter, value in parameters.items():
        values = value if isinstance(value, list) else [value]
        if any(isinstance(text, str) and find_name(text, {name}) for text in values):
            return parameter
    return None


def kinds_of(profile: Profile) -> set[str]:
    """The kinds of reference assets that the checks of the profile compare with."""
    shown = {
        kind
        for check_id, check in profile.checks.items()
        if check.kind == "judged"
        for kind in wants_of(check_id, check).references
    }
    return {kind for kind in needs_of(profile) | shown if kind in get_args(ReferenceKind)}


def needs_of(profile: Profile) -> set[Need]:
    """What the exact checks of the profile cannot do without."""
    names = (
        check.measure or check_id
        for check_id, check in profile.checks.items()
        if check.kind == "exact"
    )
    return {need for name in names if name in CHECKS for need in CHECKS[name].needs}


async def choose_assets(
    db: Connection,
    client_id: str,
    profile: Profile,
    wanted: str,
    stem: str,
    logos: Sequence[UUID] = (),
) -> tuple[list[UsedAsset], str | None]:
    """The assets to compare with, by kind the one that counts first; and the one that was named.

    At most 20 of a kind: those that a check names go first, then the newest. Of references one
    is approved for this creative: the one that was named, or that is called like its file, or
    the only one that there is. With none of these only those that a check names are left, for
    a wrong one would find everything changed. `logos` are those of the brand data.
    """
    kinds = kinds_of(profile) | ALWAYS | ({"reference"} if wanted else set())
    found = await assets.assets(db, client_id, kinds=kinds)
    names = [one.name for one in found if one.kind == "reference"]
    reference = _reference(names, wanted) if wanted else None
    meant = reference or find_name(stem, names) or (names[0] if len(names) == 1 else None)
    found = [
        one
        for one in found
        if one.kind != "reference" or one.name == meant or is_named(profile, one.name)
    ]
    found = _brand_logos(found, logos, profile)
    found.sort(key=lambda one: (one.name != meant, not is_named(profile, one.name)))
    return list(_first_of_each_kind(found)), reference


def _brand_logos(
    found: list[ReferenceAsset], logos: Sequence[UUID], profile: Profile
) -> list[ReferenceAsset]:
    """Of logos only those that the brand data or a check names, in the brand's order.

    When none of the brand's is in use any more, all logos of the client count.
    """
    place = {asset_id: at for at, asset_id in enumerate(logos)}
    if not any(one.kind == "logo" and one.asset_id in place for one in found):
        return found
    kept = [
        one
        for one in found
        if one.kind != "logo" or one.asset_id in place or is_named(profile, one.name)
    ]
    return sorted(kept, key=lambda one: place.get(one.asset_id, len(place)))


def _first_of_each_kind(found: list[ReferenceAsset]) -> Iterator[UsedAsset]:
    count: dict[str, int] = {}
    for one in found:
        count[one.kind] = count.get(one.kind, 0) + 1
        if count[one.kind] <= MAX_OF_A_KIND:
            yield UsedAsset.model_validate(one.model_dump())


def is_named(profile: Profile, name: str) -> bool:
    """Whether a check of the profile names the asset in a parameter."""
    return any(named_in(check.parameters, name) for check in profile.checks.values())


def _reference(names: Collection[str], wanted: str) -> str:
    name = find_name(wanted, names)
    if name is None and not names:
        raise Invalid(
            "unknown_reference",
            "The client has no reference to compare with: upload one of kind `reference`.",
        )
    if name is None:
        near = did_you_mean(wanted, names)
        raise Invalid("unknown_reference", f"There is no reference “{wanted[:80]}”. {near}")
    return name
