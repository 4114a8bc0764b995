"""Entity tags."""

import pytest

from services.profiles.domain.etag import etag_of, matches

TAG = etag_of("my_profile", 2, 7)


def test_a_tag_names_version_and_revision() -> None:
    assert TAG == '"my_profile_v2.7"'


@pytest.mark.parametrize("if_match", [TAG, "*", f'"other.1", {TAG}', f"  {TAG} "])
def test_a_fresh_save_is_let_through(if_match: str) -> None:
    assert matches(if_match, TAG)


@pytest.mark.parametrize("if_match", ["", '"my_profile_v2.6"', f"W/{TAG}", "my_profile_v2.7"])
def test_a_stale_or_weak_tag_is_not(if_match: str) -> None:
    assert not matches(if_match, TAG)
