"""Entity tags."""

import pytest

from services.profiles.domain.etag import Seen, etag_of, guards, matches, seen

TAG = etag_of("my_profile", 2, 7)


def test_a_tag_names_version_and_revision() -> None:
    assert TAG == '"my_profile_v2.7"'


@pytest.mark.parametrize("if_match", [TAG, "*", f'"other.1", {TAG}', f"  {TAG} "])
def test_a_fresh_save_is_let_through(if_match: str) -> None:
    assert matches(if_match, TAG)


@pytest.mark.parametrize("if_match", ["", '"my_profile_v2.6"', f"W/{TAG}", "my_profile_v2.7"])
def test_a_stale_or_weak_tag_is_not(if_match: str) -> None:
    assert not matches(if_match, TAG)


@pytest.mark.parametrize(
    ("if_match", "guarded"), [(TAG, True), ("", True), ("*", False), (None, False)]
)
def test_only_a_tag_guards_a_save(if_match: str | None, guarded: bool) -> None:
    assert guards(if_match) is guarded


@pytest.mark.parametrize(
    "if_match", [TAG, f'"other.1", {TAG}', f"W/{TAG}", '"my_profile_v2.7.0fe3"']
)
def test_a_tag_tells_which_state_its_sender_saw(if_match: str) -> None:
    assert seen(if_match, "my_profile") == Seen("my_profile", 2, 7)


@pytest.mark.parametrize("if_match", ["*", "", '"my_profile_v2"', '"other.1"', '"my_profile_v1.1"'])
def test_other_tags_tell_nothing(if_match: str) -> None:
    assert seen(if_match, "my_profile") is None
