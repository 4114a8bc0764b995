"""Which brand clients may use a profile: a property of the family, hence of all its versions."""

from collections.abc import Collection
from dataclasses import dataclass

from libs.contracts.profiles import ProfileDraft, ProfileEdit, Visibility


@dataclass(frozen=True, slots=True)
class Audience:
    """`clients` are sorted and unique, and empty exactly when visibility is `all`."""

    visibility: Visibility
    clients: tuple[str, ...] = ()

    def seen_by(self, clients: Collection[str] | None) -> bool:
        """Whether one of `clients` may use the profile; None stands for every client."""
        return clients is None or bool(
            clients if self.visibility == "all" else set(clients) & set(self.clients)
        )

    def shown_to(self, clients: Collection[str] | None) -> list[str]:
        """Those of the audience that somebody with rights for `clients` may know of."""
        return [c for c in self.clients if clients is None or c in clients]

    def has_others_than(self, clients: Collection[str] | None) -> bool:
        """Whether somebody else uses the profile, of whom one with these rights may not know."""
        if clients is None:
            return False
        return self.visibility == "all" or not set(self.clients) <= set(clients)


EVERYBODY = Audience("all")


def audience_of(draft: ProfileDraft) -> Audience:
    """Raises ValueError when the draft names clients but leaves open whether only they count."""
    given = draft.visibility if "visibility" in draft.model_fields_set else None
    return _audience(given, draft.visibility, draft.visible_to_clients)


def edited_audience(current: Audience, edit: ProfileEdit) -> Audience:
    """The audience after `edit`; what it leaves out stays as it is.

    Raises ValueError when nobody would be left, or when it names clients for a profile that
    every client uses without saying that this is to end.
    """
    named = current.clients if edit.visible_to_clients is None else edit.visible_to_clients
    return _audience(edit.visibility, edit.visibility or current.visibility, named)


def _audience(given: Visibility | None, wanted: Visibility, named: Collection[str]) -> Audience:
    if wanted == "all":
        if named and given is None:
            raise ValueError(
                'visible_to_clients counts with visibility "client_specific" only: send both'
            )
        return EVERYBODY
    if not named:
        raise ValueError("visible_to_clients: client_specific needs at least one client")
    return Audience("client_specific", tuple(sorted(set(named))))
