"""What one version of a profile says, and the two hashes that tell versions apart."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from libs.contracts.profiles import Check, ProfileDraft, ProfileEdit
from services.profiles.domain.canonical import digest

EMPTY: tuple[object, ...] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class Content:
    """All that people write in a version. Who may use it belongs to the family, not here."""

    name: str
    description: str
    pass_threshold: float
    checks: Mapping[str, Check]


def content_of(draft: ProfileDraft) -> Content:
    """Raises ValueError, with the path, for a value that canonical JSON cannot hold."""
    return _hashable(
        Content(draft.name, draft.description, draft.pass_threshold, dict(draft.checks))
    )


def edited(base: Content, edit: ProfileEdit) -> Content:
    """`base` with the fields that `edit` names; `checks` are replaced whole.

    Raises ValueError, with the path, for a value that canonical JSON cannot hold.
    """
    return _hashable(
        Content(
            base.name if edit.name is None else edit.name,
            base.description if edit.description is None else edit.description,
            base.pass_threshold if edit.pass_threshold is None else edit.pass_threshold,
            base.checks if edit.checks is None else dict(edit.checks),
        )
    )


def content_hash(content: Content) -> str:
    """SHA-256 in hex over everything in the version; the order of the checks does not count."""
    return digest(
        {
            "name": content.name,
            "description": content.description,
            "pass_threshold": content.pass_threshold,
            "checks": {check_id: written(check) for check_id, check in content.checks.items()},
        }
    )


def scoring_hash(content: Content) -> str:
    """SHA-256 in hex over what can change a result: equal hashes give comparable scores.

    The title of a judged check counts, because the model reads it; that of an exact check
    does not, and neither do name and description of the profile.
    """
    return digest(
        {
            "pass_threshold": content.pass_threshold,
            "checks": {check_id: _scoring(check) for check_id, check in content.checks.items()},
        }
    )


def written(check: Check) -> dict[str, JsonValue]:
    """The fields of a check that are not empty.

    A field that a later release adds is empty in old versions, so their hashes stay.
    """
    fields = check.model_dump(mode="json")
    return {name: value for name, value in fields.items() if value not in EMPTY}


def _scoring(check: Check) -> dict[str, JsonValue]:
    ignored = {"title"} if check.kind == "exact" else set()
    return {name: value for name, value in written(check).items() if name not in ignored}


def _hashable(content: Content) -> Content:
    content_hash(content)
    return content
