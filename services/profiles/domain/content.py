"""What one version of a profile says, and the two hashes that tell versions apart."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from pydantic import JsonValue

from libs.contracts.profiles import Check, ProfileDraft, ProfileEdit
from services.profiles.domain.canonical import Canonical, canonical, digest

EMPTY: tuple[object, ...] = (None, "", [], {})


@dataclass(frozen=True)
class Content:
    """All that people write in a version. Who may use it belongs to the family, not here."""

    name: str
    description: str
    pass_threshold: float
    checks: Mapping[str, Check]

    @cached_property
    def hash(self) -> str:
        """See `content_hash`."""
        return digest(
            {
                "name": self.name,
                "description": self.description,
                "pass_threshold": self.pass_threshold,
                "checks": {check_id: whole for check_id, (whole, _) in self._texts.items()},
            }
        )

    @cached_property
    def scoring_hash(self) -> str:
        """See `scoring_hash` below."""
        checks = {check_id: scoring for check_id, (_, scoring) in self._texts.items()}
        return digest({"pass_threshold": self.pass_threshold, "checks": checks})

    @cached_property
    def _texts(self) -> dict[str, tuple[Canonical, Canonical]]:
        """Of each check all that it says, and as far as a result can tell."""
        return {check_id: _texts(check_id, check) for check_id, check in self.checks.items()}


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
    return content.hash


def scoring_hash(content: Content) -> str:
    """SHA-256 in hex over what can change a result: equal hashes give comparable scores.

    The title of a judged check counts, because the model reads it; that of an exact check
    does not, and neither do name and description of the profile.
    """
    return content.scoring_hash


def written(check: Check) -> dict[str, JsonValue]:
    """The fields of a check that are not empty.

    A field that a later release adds is empty in old versions, so their hashes stay.
    """
    fields = check.model_dump(mode="json")
    return {name: value for name, value in fields.items() if value not in EMPTY}


def _texts(check_id: str, check: Check) -> tuple[Canonical, Canonical]:
    path, fields = f"checks.{check_id}", written(check)
    whole = Canonical(canonical(fields, path))
    if check.kind == "judged" or "title" not in fields:
        return whole, whole
    del fields["title"]
    return whole, Canonical(canonical(fields, path))


def _hashable(content: Content) -> Content:
    content_hash(content)
    return content
