"""What a save does: nothing, another audience, or a new version."""

from dataclasses import dataclass, replace

from libs.contracts.profiles import ChangeClass, ProfileEdit
from services.profiles.domain.audience import edited_audience
from services.profiles.domain.content import Content, content_hash, edited, scoring_hash
from services.profiles.domain.family import Family, Version, state_hash


@dataclass(frozen=True, slots=True)
class Saving:
    """The family before and after, the content of the new version if there is one, and words.

    `guarded` saves said from which state they started. One that did not, and did not start
    from the active version, has a stale base.
    """

    before: Family
    after: Family
    base: Version
    active: Version
    content: Content | None
    guarded: bool = True

    @property
    def changes(self) -> bool:
        """Whether there is anything to write."""
        return self.after != self.before

    @property
    def message(self) -> str:
        """For people and old scripts; the one for a new version is a wire format."""
        version = self.after.active_version
        if self.content:
            kept = self.before.id_of(self.base.version)
            return f'Profile updated to version {version}. Original kept as "{kept}"'
        if self.changes:
            return f"Visibility updated; still version {version}"
        return f"No changes; still version {version}"

    @property
    def stale_base(self) -> bool:
        return bool(self.content) and not self.guarded and self.base.version != self.active.version

    @property
    def change_class(self) -> ChangeClass:
        """Whether what runs from now on can score otherwise than what ran until now."""
        if self.content is None:
            return "none"
        same = scoring_hash(self.content) == self.active.scoring_hash
        return "presentation" if same else "scoring"

    @property
    def warnings(self) -> list[str]:
        """What the author should look at; empty when all went as they will expect."""
        if not self.changes or self.guarded:
            return []
        if not self.stale_base:
            return [
                "No If-Match was sent, so nothing would have stopped this save if somebody else "
                "had been faster. Send the ETag of the version that you loaded."
            ]
        return [
            f"{self.before.id_of(self.base.version)} was not the active version: what "
            f"{self.before.id_of(self.active.version)} had changed is not in this one. Send "
            "If-Match to be stopped instead."
        ]

    @property
    def hashes(self) -> tuple[str, str]:
        """`state_hash` before and after."""
        new = content_hash(self.content) if self.content else self.active.content_hash
        return (
            state_hash(self.active.content_hash, self.before.audience),
            state_hash(new, self.after.audience),
        )


def planned(
    family: Family, base: Version, active: Version, edit: ProfileEdit, *, guarded: bool
) -> Saving:
    """The save of `edit` on `base`; what the edit leaves out stays as it is in `base`.

    It makes a version when the outcome differs from the active one, so the same save sent
    twice makes one. An edit that names no field changes nothing, whatever its base. Who may
    use the profile is the family's: changing that alone makes no version. `guarded`
    saves carried an If-Match that fits. Raises ValueError for an edit that cannot be.
    """
    says_nothing = not edit.model_dump(exclude_none=True)
    content = edited(base.content, edit)
    audience = edited_audience(family.audience, edit)
    if says_nothing or content_hash(content) == active.content_hash:
        revision = family.revision + (audience != family.audience)
        after = replace(family, audience=audience, revision=revision)
        return Saving(family, after, base, active, None, guarded)
    after = replace(
        family,
        audience=audience,
        last_version=family.last_version + 1,
        active_version=family.last_version + 1,
        revision=family.revision + 1,
    )
    return Saving(family, after, base, active, content, guarded)
