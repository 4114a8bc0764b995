"""Ids of profiles."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from libs.contracts.profiles import Name
from services.profiles.domain.slug import numbered, parse_profile_id, profile_id_of, slug_of

names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=120).filter(
    lambda name: bool(name.strip())
)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("My Profile", "my_profile"),
        ("  Key--visual (2026)! ", "key_visual_2026"),
        ("L'Oréal Paris", "loreal_paris"),
        ("L\u2019Oréal Paris", "loreal_paris"),
        ("Größe & Straße", "grosse_strasse"),
        ("Smørrebrød Łódź", "smorrebrod_lodz"),
        ("\uff21\uff22\uff23 \uff11\uff12\uff13", "abc_123"),
        ("My Profile v2", "my_profile_v2_p"),
        ("my_profile_v12", "my_profile_v12_p"),
        ("v2", "v2"),
        ("Pack v", "pack_v"),
    ],
)
def test_a_name_makes_the_slug_that_a_person_expects(name: str, slug: str) -> None:
    assert slug_of(name) == slug


def test_names_in_other_scripts_stay_apart() -> None:
    names = ["Лето 2026", "Зима 2026", "キービジュアル", "主视觉", "🎉", "🔥", "واجهة"]

    assert len({slug_of(name) for name in names}) == len(names)


@given(names)
def test_every_name_makes_a_slug_that_can_be_an_id(name: str) -> None:
    TypeAdapter(Name).validate_python(name)
    slug = slug_of(name)

    assert re.fullmatch(r"[a-z0-9]([a-z0-9_]*[a-z0-9])?", slug)
    assert len(slug) <= 56
    assert not re.search(r"_v[0-9]+$", slug)
    assert slug_of(slug) == slug


@given(names, st.integers(1, 999_999_999))
def test_an_id_names_one_version_of_one_profile(name: str, version: int) -> None:
    slug = slug_of(name)

    assert parse_profile_id(profile_id_of(slug, version)) == (slug, version)


@given(names, st.integers(2, 100))
def test_the_slug_of_a_namesake_is_no_version(name: str, number: int) -> None:
    slug = numbered(slug_of(name), number)

    assert parse_profile_id(slug) == (slug, 1)


@pytest.mark.parametrize(
    "text",
    [
        *("", "A", "a b", "a\n", "a\x00", "../a", "_v2", "a" * 64),
        *("my_profile_v0", "my_profile_v1", "my_profile_v02", "a_v2_v3", "a_v9999999999"),
    ],
)
def test_a_text_that_is_no_id_is_none(text: str) -> None:
    assert parse_profile_id(text) is None
