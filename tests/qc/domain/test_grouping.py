"""Which judged checks share a call, and which call goes ahead."""

from hypothesis import given
from hypothesis import strategies as st

from libs.contracts.profiles import Check
from services.qc.domain.grouping import MOST_CHECKS, Group, groups_of, primes
from services.qc.domain.judged_checks import JUDGED, THEMES
from services.qc.domain.routing import ModelRef

GPT = (ModelRef("openai", "gpt-4o"),)
GEMINI = (ModelRef("google", "gemini-2.5-pro"),)


def judged(*check_ids: str) -> dict[str, Check]:
    return {check_id: Check(kind="judged", prompt="Look.") for check_id in check_ids}


def grouped(*check_ids: str) -> list[tuple[str, ...]]:
    checks = judged(*check_ids)
    return [group.check_ids for group in groups_of(checks, dict.fromkeys(checks, GPT))]


def test_every_declared_check_has_one_theme() -> None:
    assert sorted(id for theme in THEMES.values() for id in theme) == sorted(JUDGED)


def test_checks_of_a_theme_are_asked_together() -> None:
    checks = [*THEMES["layout"], *THEMES["message"]]

    assert grouped(*checks) == [
        ("accessibility", "call_to_action", "imperative_verb", "new_visibility"),
        ("element_alignment", "visual_elements_count", "visual_hierarchy"),
    ]


def test_the_order_of_the_profile_decides_nothing() -> None:
    checks = [*JUDGED, "own_check", "another"]

    assert grouped(*checks) == grouped(*reversed(checks))


@given(st.dictionaries(st.from_regex(r"[a-z]{1,4}", fullmatch=True), st.booleans(), max_size=40))
def test_each_check_is_in_one_group_of_its_models(of_gemini: dict[str, bool]) -> None:
    chains = {id: GEMINI if chosen else GPT for id, chosen in of_gemini.items()}
    groups = groups_of(judged(*chains), chains)

    assert sorted(id for group in groups for id in group.checks) == sorted(chains)
    assert all(chains[id] == group.models for group in groups for id in group.checks)
    assert all(1 <= len(group.checks) <= MOST_CHECKS for group in groups)
    fewest = sum(-(-list(chains.values()).count(chain) // MOST_CHECKS) for chain in (GPT, GEMINI))
    assert len(groups) == fewest


def test_one_call_of_each_model_goes_ahead_of_a_long_prefix() -> None:
    groups = [
        Group(judged(id), chain) for id, chain in zip("abcd", [GPT, GPT, GEMINI, GPT], strict=True)
    ]

    first, later = primes(groups, lambda _: 6_000)

    assert [group.check_ids for group in first] == [("a",), ("c",)]
    assert [group.check_ids for group in later] == [("b",), ("d",)]


def test_a_short_prefix_is_not_worth_the_wait() -> None:
    groups = [Group(judged(id), GPT) for id in "abcd"]

    assert primes(groups, lambda _: 1_500) == (groups, [])
    assert primes(groups[:1], lambda _: 90_000) == (groups[:1], [])
    assert primes([], lambda _: 90_000) == ([], [])


def test_each_model_waits_for_its_own_cache_alone() -> None:
    groups = [
        Group(judged(id), chain)
        for id, chain in zip("abcdef", [GPT, GEMINI, GPT, GEMINI, GPT, GPT], strict=True)
    ]

    first, later = primes(groups, lambda model: 6_000 if model == GPT[0] else 2_000)

    assert [group.check_ids for group in first] == [("a",), ("b",), ("d",)]
    assert [group.check_ids for group in later] == [("c",), ("e",), ("f",)]
