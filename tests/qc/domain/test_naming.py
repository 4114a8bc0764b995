"""Names as people give and type them."""

import pytest

from libs.contracts.brand import Placement
from services.qc.domain.naming import (
    did_you_mean,
    find_name,
    kept_name,
    placement_named,
    stem_of,
)

PLAN = [
    Placement(name="Story"),
    Placement(name="Banner 300x250", market="de"),
    Placement(name="Banner 300x250", market="at"),
]


@pytest.mark.parametrize(
    ("offered", "kept"),
    [
        ("  Red \n crest ", "Red crest"),
        ("Cafe\u0301", "Caf\u00e9"),
        ("a\x00b\x1b[31m", "a b [31m"),
        ("\u202e\u200b", ""),
        ("x" * 200, "x" * 120),
    ],
)
def test_name_is_one_clean_line(offered: str, kept: str) -> None:
    assert kept_name(offered) == kept


@pytest.mark.parametrize(
    ("file", "stem"),
    [("Logo red.png", "Logo red"), (".env", ".env"), ("logo", "logo")],
)
def test_extension_goes(file: str, stem: str) -> None:
    assert stem_of(file) == stem


def test_name_is_found_whatever_its_capitals_and_exactly_first() -> None:
    assert find_name("crest", ["Crest", "Bottle"]) == "Crest"
    assert find_name("crest", ["Crest", "crest"]) == "crest"
    assert find_name("CREST", ["Crest", "crest"]) is None
    assert find_name("", ["Crest"]) is None


def test_unknown_name_tells_the_nearest() -> None:
    assert did_you_mean("Stroy", ["Story", "Feed"]) == "Did you mean “Story”?"
    assert did_you_mean("xyz", ["Story", "Feed"]) == "There is “Feed” and “Story”."
    assert did_you_mean("xyz", [f"placement {n}" for n in range(30)]) == "There are 30 others."


def test_placement_of_several_markets_needs_the_market() -> None:
    assert placement_named(PLAN, "story", "fr") == PLAN[0]
    assert placement_named(PLAN, "banner 300x250", "at") == PLAN[2]
    for market, word in ((None, "“at” and “de”"), ("fr", "fr")):
        with pytest.raises(ValueError, match=word):
            placement_named(PLAN, "Banner 300x250", market)
    with pytest.raises(ValueError, match="Did you mean “Story”"):
        placement_named(PLAN, "Storry", None)
