"""Rules of the hash of brand data: what means the same is the same, in every release."""

import pytest

from libs.contracts.brand import BrandData
from services.profiles.domain.brand import brand_hash

RED = {"name": "red", "hex": "#ff0000"}
SAVED_BEFORE = "ab0a30151cf110b7733a87f589228eca14c0b4a0e709fe0284193b983e97c611"
"""Of red and one word, by the release in which every colour had its own tolerance of 5."""


def hashed(**said: object) -> str:
    return brand_hash(BrandData.model_validate(said))


@pytest.mark.parametrize("colour", [RED, RED | {"tolerance": 5}, RED | {"tolerance": None}])
def test_what_an_earlier_release_kept_has_the_hash_it_had(colour: dict[str, object]) -> None:
    assert hashed(colours=[colour], words=["Smirnoff"]) == SAVED_BEFORE


def test_a_tolerance_counts_where_it_is_not_that_of_all_colours() -> None:
    own, of_all = [RED | {"tolerance": 5}], [RED]

    assert hashed(colours=own, colour_tolerance=3) != hashed(colours=of_all, colour_tolerance=3)
    assert hashed(colours=[RED | {"tolerance": 4}]) != hashed(colours=of_all)
