"""Who may see and who may change a profile. The database holds the same rules a second time."""

from libs.actor import may, require, visible_clients
from libs.contracts.access import Action, Actor
from libs.problems import Conflict, Forbidden, NotFound
from services.profiles.domain.audience import Audience
from services.profiles.domain.family import Family


def unknown_profile(profile_id: str) -> NotFound:
    """One answer for what does not exist and for what this actor may not see."""
    return NotFound("unknown_profile", f"There is no profile {profile_id!r}.")


def unknown_client(client_id: str) -> NotFound:
    return NotFound("unknown_client", f"There is no brand client {client_id!r}.")


def archived_client(client_id: str) -> Conflict:
    return Conflict(
        "client_archived",
        f"The brand client {client_id!r} is archived: its data can be read, but nothing new is "
        "done for it. An admin can restore it.",
    )


def readable(actor: Actor) -> tuple[str, ...] | None:
    """The clients whose profiles `actor` may see; None: of every client."""
    return visible_clients(actor, Action.READ_PROFILES)


def writable(actor: Actor) -> tuple[str, ...] | None:
    """The clients whose profiles `actor` may change; None: of every client."""
    return visible_clients(actor, Action.WRITE_PROFILES)


def require_author(actor: Actor, audience: Audience) -> None:
    """Raise unless `actor` may make a profile for that audience.

    Forbidden when every client would use it, which takes an admin, or when a role is too
    small; NotFound when a client is named that the actor may not even see.
    """
    if writable(actor) is None:
        return
    if audience.visibility == "all":
        raise Forbidden(
            "admin_needed",
            "Only an admin may write a profile that every brand client uses: make it "
            "client_specific, or ask an admin.",
        )
    for client_id in audience.clients:
        require(actor, Action.WRITE_PROFILES, client_id)


def may_change(actor: Actor, audience: Audience) -> bool:
    """Whether `actor` may change a profile with that audience: all of it must be theirs."""
    if writable(actor) is None:
        return True
    return audience.visibility == "client_specific" and all(
        may(actor, Action.WRITE_PROFILES, client_id) for client_id in audience.clients
    )


def not_an_editor(profile_id: str) -> Forbidden:
    """Names no client: the actor may not know who else uses the profile."""
    return Forbidden(
        "not_allowed",
        f"You may use {profile_id!r} but not change it: that takes an editor of every brand "
        "client that uses it, and an admin when all do.",
    )


def require_in_use(family: Family) -> None:
    """Raise Conflict for an archived profile: nothing of it is changed, activated or run."""
    if family.archived_at is not None:
        raise Conflict(
            "profile_archived",
            f"{family.slug} is archived since {family.archived_at:%Y-%m-%d}: use another profile, "
            f"or have it restored (`aiqc profiles restore {family.slug}`).",
        )
