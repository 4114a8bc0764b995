"""Who runs what before and after a change of a profile: who moves, stays, comes and goes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from libs.contracts.bindings import ClientMove, ClientRun
from services.profiles.domain.family import Family


@dataclass(frozen=True, slots=True)
class Effects:
    """Each client stands in one of the lists at most; one that nothing changes for, in none.

    A pinned client stays whatever becomes active.
    """

    moves: list[ClientMove]
    stays: list[ClientRun]
    gains: list[ClientRun]
    loses: list[ClientRun]


def effects_of(
    before: Family, after: Family, clients: Collection[str], pins: Mapping[str, int]
) -> Effects:
    """What the change from `before` to `after` does to `clients`, sorted by id."""
    effects = Effects([], [], [], [])
    for client_id in sorted(clients):
        pin = pins.get(client_id)
        old, new = (family.id_of(pin or family.active_version) for family in (before, after))
        saw, sees = (family.audience.seen_by((client_id,)) for family in (before, after))
        if saw and not sees:
            effects.loses.append(ClientRun(client_id=client_id, profile_id=old))
        elif sees and not saw:
            effects.gains.append(ClientRun(client_id=client_id, profile_id=new))
        elif sees and pin:
            effects.stays.append(ClientRun(client_id=client_id, profile_id=new))
        elif sees and old != new:
            move = ClientMove(client_id=client_id, previous_profile_id=old, profile_id=new)
            effects.moves.append(move)
    return effects
