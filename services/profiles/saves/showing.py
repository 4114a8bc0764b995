"""Profiles, their versions and what became of a save, in words."""

import json
from collections.abc import Sequence

from pydantic import JsonValue

from libs.contracts.profiles import ProfileSummary, Updated, VersionSummary
from libs.contracts.saves import Clash, StaleSave

MOST_CHARS = 60
CLASSES = {
    "scoring": "can change results",
    "presentation": "changes no result",
    "none": "no new version",
}


def list_in_words(profiles: Sequence[ProfileSummary]) -> str:
    if not profiles:
        return "No profiles."
    width = max(len(one.profile_id) for one in profiles)
    return "\n".join(
        f"{one.profile_id:{width}}  {one.check_count:3} checks  {_audience(one)}  {one.name}"
        for one in profiles
    )


def history_in_words(versions: Sequence[VersionSummary]) -> str:
    """A version whose scores cannot be compared with those of the one before it says so."""
    width = max(len(one.profile_id) for one in versions)
    lines = []
    for one, before in zip(versions, [*versions[1:], None], strict=True):
        same = before is None or before.scoring_hash == one.scoring_hash
        marks = ", ".join(["active"] * one.active + ["other scores"] * (not same))
        lines.append(
            f"{one.profile_id:{width}}  {one.created_at:%Y-%m-%d %H:%M} UTC  {one.created_by}  "
            f"{one.name}{f' ({marks})' if marks else ''}"
        )
    return "\n".join(lines)


def saved(done: Updated) -> str:
    if not done.changed:
        return done.message
    lines = [f"{done.message} ({CLASSES[done.change_class]})", f"saved as {done.profile_id}"]
    if done.repointed_clients:
        lines.append(f"runs from now on for {', '.join(done.repointed_clients)}")
    lines += [f"{one.client_id} stays at version {one.version}" for one in done.pinned_clients]
    return "\n".join([*lines, *(f"warning: {warning}" for warning in done.warnings)])


def refusal(stale: StaleSave, start: str, wanted_merge: bool) -> str:
    """Why nothing was saved, and what to do."""
    now = stale.current
    lines = [
        f"Nothing was saved: you started from {stale.based_on}, and {now.profile_id} is active "
        f"by now, since {now.at:%Y-%m-%d %H:%M} UTC by {now.by}.",
        f"You changed: {', '.join(stale.yours) or 'nothing'}.",
        f"Since then changed: {', '.join(stale.theirs) or 'nothing'}.",
    ]
    if stale.says_nothing_new:
        return "\n".join([*lines, "Your change is in it already: there is nothing left to save."])
    if stale.merged:
        again = "once more, others are saving too" if wanted_merge else "again with --merge"
        return "\n".join([*lines, f"Both can be had: save {again}."])
    lines += [line for clash in stale.conflicts for line in _clash(clash)]
    return "\n".join([*lines, f"Make your change in `aiqc profiles show {now.profile_id}`."])


def _clash(clash: Clash) -> list[str]:
    return [
        f"  {clash.path}",
        f"    it was  {_short(clash.base)}",
        f"    yours   {_short(clash.yours)}",
        f"    theirs  {_short(clash.theirs)}",
    ]


def _short(value: JsonValue) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_CHARS else f"{text[:MOST_CHARS]}…"


def _audience(one: ProfileSummary) -> str:
    return "all clients" if one.visibility == "all" else ", ".join(one.visible_to_clients)
