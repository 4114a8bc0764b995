"""Files of versions: what goes out comes in again as the same version."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profiles.domain.audience import Audience
from services.profiles.domain.content import Content, content_hash, scoring_hash
from services.profiles.domain.family import Family, Version
from services.profiles.domain.files import Incoming, Origin, file_name, file_of, gap, incoming
from services.profiles.transfer.exporting import text_of
from tests.profiles.contents import DRAFTS, content, unhurried
from tests.profiles.factories import draft

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
MOMENTS = st.none() | st.floats(0, 4e9).map(lambda at: datetime.fromtimestamp(at, UTC))
PEOPLE = st.none() | st.text(
    st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), min_size=1, max_size=9
)
ORIGINS = st.builds(Origin, MOMENTS, PEOPLE, MOMENTS, PEOPLE)
AUDIENCES = st.sampled_from([Audience("all"), Audience("client_specific", ("a", "b"))])


def exported(content: Content, audience: Audience, version: int, origin: Origin | None) -> Any:
    family = Family("pack", audience, 9, 9, 9, NOON, "ada")
    hashes = content_hash(content), scoring_hash(content)
    based_on = version - 1 or None
    row = Version(version, content, *hashes, based_on, NOON, "ben")
    return text_of(file_of(family, row, origin, list(audience.clients)))


@unhurried
@given(DRAFTS, AUDIENCES, st.integers(1, 9), ORIGINS)
def test_what_goes_out_comes_in_as_the_same_version(
    draft: dict[str, Any], audience: Audience, version: int, origin: Origin
) -> None:
    before = content(draft)

    text = exported(before, audience, version, origin)
    back = incoming(file_name("pack", version), json.loads(text))

    assert back == Incoming(
        file_name("pack", version),
        "pack",
        version,
        version - 1 or None,
        before,
        content_hash(before),
        audience,
        origin,
    )
    assert list(back.content.checks) == list(before.checks)
    assert exported(back.content, back.audience, version, back.origin) == text


def test_a_version_made_here_names_its_author_and_time() -> None:
    said = json.loads(exported(content(draft()), Audience("all"), 2, None))

    assert (said["created_by"], said["modified_by"]) == ("ada", "ben")
    assert said["created_at"] == "2026-11-02T12:00:00Z"
    assert said["previous_version"] == "pack"
    assert list(said)[-1] == "checks"


def taken(*versions: int) -> list[Incoming]:
    return [incoming(file_name("pack", n), draft()) for n in versions]


@pytest.mark.parametrize(
    ("versions", "last_version", "told"),
    [
        ((1, 2, 3), 0, None),
        ((2, 3), 1, None),
        ((1, 3), 3, None),
        ((), 3, None),
        ((2,), 0, "pack.json is missing"),
        ((1, 3), 0, "pack_v2.json is missing"),
        ((5,), 3, "pack_v4.json is missing"),
        ((1, 1), 0, "pack.json comes twice"),
    ],
)
def test_versions_continue_what_is_there_without_a_gap(
    versions: tuple[int, ...], last_version: int, told: str | None
) -> None:
    why = gap(taken(*versions), last_version)

    assert why is None if told is None else why and why.startswith(told)
