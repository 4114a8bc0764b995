"""Which brand clients may use a profile."""

from typing import Any

import pytest

from libs.contracts.profiles import ProfileDraft, ProfileEdit
from services.profiles.domain.audience import EVERYBODY, Audience, audience_of, edited_audience
from tests.profiles.factories import draft

DIAGEO = Audience("client_specific", ("diageo",))


def edit(**fields: Any) -> ProfileEdit:
    return ProfileEdit.model_validate(fields)


def test_only_its_clients_see_a_client_specific_profile() -> None:
    assert DIAGEO.seen_by(["diageo", "loreal"])
    assert DIAGEO.seen_by(None)
    assert not DIAGEO.seen_by(["loreal"])


def test_every_client_sees_a_profile_for_all_and_nobody_is_no_client() -> None:
    assert EVERYBODY.seen_by(["loreal"])
    assert EVERYBODY.seen_by(None)
    assert not EVERYBODY.seen_by([])


def test_other_clients_of_a_profile_are_not_named() -> None:
    shared = Audience("client_specific", ("diageo", "loreal"))

    assert shared.shown_to(("loreal", "unilever")) == ["loreal"]
    assert shared.shown_to(None) == ["diageo", "loreal"]


def test_clients_are_sorted_and_named_once() -> None:
    body = draft(visibility="client_specific", visible_to_clients=["loreal", "diageo", "loreal"])

    assert audience_of(ProfileDraft.model_validate(body)).clients == ("diageo", "loreal")


def test_clients_named_for_a_profile_that_says_all_are_dropped() -> None:
    body = draft(visibility="all", visible_to_clients=["diageo"])

    assert audience_of(ProfileDraft.model_validate(body)) == EVERYBODY


def test_naming_clients_without_a_visibility_never_shows_it_to_all() -> None:
    body = draft(visible_to_clients=["diageo"])
    del body["visibility"]

    with pytest.raises(ValueError, match="client_specific"):
        audience_of(ProfileDraft.model_validate(body))
    with pytest.raises(ValueError, match="client_specific"):
        edited_audience(EVERYBODY, edit(visible_to_clients=["diageo"]))


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ({}, DIAGEO),
        ({"name": "x"}, DIAGEO),
        ({"visible_to_clients": ["loreal"]}, Audience("client_specific", ("loreal",))),
        ({"visibility": "client_specific"}, DIAGEO),
        ({"visibility": "all"}, EVERYBODY),
    ],
)
def test_an_edit_keeps_what_it_leaves_out(change: dict[str, Any], after: Audience) -> None:
    assert edited_audience(DIAGEO, edit(**change)) == after


def test_a_profile_for_nobody_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one client"):
        edited_audience(DIAGEO, edit(visible_to_clients=[]))
    with pytest.raises(ValueError, match="at least one client"):
        edited_audience(EVERYBODY, edit(visibility="client_specific"))
