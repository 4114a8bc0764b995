"""What a row of the audit says, as a sentence for people."""

from collections.abc import Collection, Mapping

from services.profiles.domain.slug import profile_id_of

Details = Mapping[str, object]

CLIENT_LISTS = ("visible_to_clients", "clients", "pinned_clients", "repointed_clients")
WORDS: Mapping[str, str] = {
    "profile.create": "created the profile {id}",
    "profile.save": "saved version {version} of {id}{based}",
    "profile.activate": "made version {version} of {id} the active one{instead}",
    "profile.schedule": "had version {version} of {id} made active on schedule{instead}",
    "profile.approve": "made an approved draft version {version} of {id}",
    "profile.bulk": "saved version {version} of {id} in a bulk edit",
    "profile.undo": "undid a bulk edit of {id}: version {version} is active{instead}",
    "profile.import": "imported version {version} of {id}",
    "profile.visibility": "changed who may use {id}",
    "profile.archive": "archived the profile {id}",
    "profile.restore": "took the profile {id} out of the archive",
    "client.create": "added the brand client {id}",
    "client.save": "changed the brand client {id}",
    "client.pin": "pinned the brand client {id} to version {version} of {slug}{instead}",
    "client.float": "let the brand client {id} float on {slug}{instead}",
    "client.archive": "archived the brand client {id}",
    "client.restore": "took the brand client {id} out of the archive",
    "brand.save": "saved version {version} of the brand data of {id}",
    "draft.create": "drafted a change of {profile}",
    "draft.edit": "edited a draft of {profile}",
    "draft.comment": "commented on a draft of {profile}",
    "draft.approve": "approved a draft of {profile}",
    "draft.reject": "rejected a draft of {profile}",
    "draft.withdraw": "withdrew a draft of {profile}",
    "draft.apply": "applied a draft of {profile}: version {version}",
    "schedule.create": "scheduled version {version} of {profile} for {activate_at}",
    "schedule.done": "saw version {version} of {profile} made active, as scheduled",
    "schedule.conflict": "saw the schedule of version {version} of {profile} fail",
    "schedule.cancelled": "cancelled the schedule of version {version} of {profile}",
}


def sentence(actor: str, action: str, object_kind: str, object_id: str, details: Details) -> str:
    """One line, without a full stop; an action that has no words of its own is named as it is."""
    words = WORDS.get(action)
    said = f"did {action} to the {object_kind} {object_id}"
    if words:
        said = words.format_map(_Known(details, object_id))
    return f"{actor} {said}{_audience(details)}{_remarks(details)}"


class _Known(dict[str, object]):
    """What the words may ask for; what a row does not tell is a question mark."""

    def __init__(self, details: Details, object_id: str) -> None:
        super().__init__(details)
        self["id"] = object_id
        self["based"] = _based(object_id, details)
        self["instead"] = _instead(details)

    def __missing__(self, name: str) -> str:
        return "?"


def shown_details(details: Details, clients: Collection[str] | None) -> dict[str, object]:
    """The details without clients that somebody may not know of; None: who may know of all."""
    if clients is None:
        return dict(details)
    shown: dict[str, object] = {}
    for name, value in details.items():
        if name in CLIENT_LISTS and isinstance(value, list):
            shown[name] = [one for one in value if _client_of(one) in clients]
        elif isinstance(value, Mapping):
            shown[name] = shown_details(value, clients)
        else:
            shown[name] = value
    return shown


def _client_of(entry: object) -> object:
    return entry.get("client_id", entry.get("client")) if isinstance(entry, Mapping) else entry


def _based(slug: str, details: Details) -> str:
    base, version = details.get("based_on"), details.get("version")
    if not isinstance(base, int) or not isinstance(version, int) or base == version - 1:
        return ""
    return f", based on {profile_id_of(slug, base)}"


def _instead(details: Details) -> str:
    before = details.get("before")
    version = before.get("version") if isinstance(before, Mapping) else None
    return f" instead of version {version}" if isinstance(version, int) else ""


def _audience(details: Details) -> str:
    """For whom it is now, and was before, when the row tells."""
    if "visibility" not in details:
        return ""
    before = details.get("before")
    was = f", before for {_whom(before)}" if _tells(before) else ""
    return f", for {_whom(details)}{was}"


def _tells(before: object) -> bool:
    return isinstance(before, Mapping) and "visibility" in before


def _whom(audience: object) -> str:
    if not isinstance(audience, Mapping) or audience.get("visibility") == "all":
        return "every client"
    named = audience.get("visible_to_clients")
    return ", ".join(map(str, named)) if isinstance(named, list) and named else "some clients"


def _remarks(details: Details) -> str:
    remarks = [
        words
        for key, words in (
            ("stale_base", "from a base that was not the active version"),
            ("starter", "as a starter"),
        )
        if details.get(key)
    ]
    if "approval_required" in details:
        live = "take an approval" if details["approval_required"] else "are live at once"
        remarks.append(f"new versions {live}")
    for key in ("name", "title", "note", "reason"):
        if said := details.get(key):
            remarks.append(f'named "{said}"' if key == "name" else f'"{said}"')
    return f" ({'; '.join(remarks)})" if remarks else ""
