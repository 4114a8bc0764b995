"""What a save does, decided without a database."""

from datetime import UTC, datetime
from typing import Any

import pytest

from libs.contracts.profiles import ProfileDraft, ProfileEdit
from services.profiles.domain.audience import EVERYBODY, Audience
from services.profiles.domain.content import content_hash, content_of, scoring_hash
from services.profiles.domain.family import Family, Version
from services.profiles.domain.saving import Saving, planned
from tests.profiles.factories import draft

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


def family(last_version: int, audience: Audience = EVERYBODY) -> Family:
    return Family("pack", audience, last_version, last_version, 9, NOON, "ada")


def version(number: int, **fields: Any) -> Version:
    content = content_of(ProfileDraft.model_validate(draft(**fields)))
    hashes = content_hash(content), scoring_hash(content)
    return Version(number, content, *hashes, number - 1 or None, NOON, "ada")


def save(base: Version, active: Version, *, guarded: bool = False, **fields: Any) -> Saving:
    edit = ProfileEdit.model_validate(fields)
    return planned(family(active.version), base, active, edit, guarded=guarded)


def test_an_edit_of_the_active_version_is_the_next_version() -> None:
    first = version(1)

    saving = save(first, first, guarded=True, name="Renamed")

    assert (saving.after.active_version, saving.after.last_version) == (2, 2)
    assert saving.after.revision == 10
    assert saving.message == 'Profile updated to version 2. Original kept as "pack"'
    assert saving.warnings == []


@pytest.mark.parametrize("fields", [{}, {"name": None}])
def test_an_edit_that_names_nothing_changes_nothing_even_on_an_old_version(
    fields: dict[str, Any],
) -> None:
    saving = save(version(1, pass_threshold=10), version(3), **fields)

    assert not saving.changes
    assert saving.message == "No changes; still version 3"


def test_an_outcome_like_the_active_version_changes_nothing_whatever_its_base() -> None:
    saving = save(version(1), version(2, pass_threshold=90), pass_threshold=90.0)

    assert not saving.changes
    assert saving.warnings == []


def test_a_number_is_never_used_again_after_the_pointer_went_back() -> None:
    first = version(1)
    back = Family("pack", EVERYBODY, 3, 1, 9, NOON, "ada")

    saving = planned(back, first, first, ProfileEdit(name="Renamed"), guarded=True)

    assert saving.after.id_of(saving.after.active_version) == "pack_v4"


def test_a_stale_base_warns_unless_the_author_has_seen_the_active_version() -> None:
    old, active = version(1), version(2, pass_threshold=90)

    assert "pack_v2 had changed" in save(old, active, name="Renamed").warnings[0]
    assert save(old, active, guarded=True, name="Renamed").warnings == []


def test_a_change_of_audience_alone_is_a_change_without_a_version() -> None:
    first = version(1)

    saving = save(first, first, visibility="client_specific", visible_to_clients=["diageo"])

    assert saving.changes
    assert saving.content is None
    assert (saving.after.active_version, saving.after.revision) == (1, 10)
    before, after = saving.hashes
    assert before != after
