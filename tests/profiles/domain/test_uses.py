"""Where a version uses a check, a model or an asset."""

from typing import Any

import pytest

from libs.contracts.profiles import Check
from services.profiles.domain.uses import Sought, path_of, uses_in


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"logo": "Crest"}, "logo"),
        ({"logo": " cREST "}, "logo"),
        ({"a": 1, "b": [None, {"c": "Crest"}]}, "b[1].c"),
        ({"logo": "Crests"}, None),
        ({"Crest": "name of a parameter"}, None),
        ({"logo": ["x", "Crest", "Crest"]}, "logo[1]"),
    ],
)
def test_a_text_is_found_where_it_stands_alone(value: Any, path: str | None) -> None:
    assert path_of(value, "Crest") == path


def test_several_wishes_hold_for_one_check() -> None:
    checks = {
        "a": Check(kind="judged", prompt="p", models=["x/1"]),
        "b": Check(kind="judged", prompt="p", models=["x/2"]),
    }

    assert [use.check_id for use in uses_in(checks, Sought(check="a", model="x/1"))] == ["a"]
    assert list(uses_in(checks, Sought(check="a", model="x/2"))) == []
