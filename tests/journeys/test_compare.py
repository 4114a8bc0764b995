"""Comparing two analyses over HTTP: of one client, visible to who asks, finished."""

import pytest

from deploy.sample import Sample
from libs.api.review import ReviewApi
from libs.problems import Forbidden, Invalid, NotFound
from tests.house import House
from tests.journeys.following import ended


async def test_comparison_is_for_those_who_see_both_and_of_one_client(
    house_without_keys: House, sample: Sample
) -> None:
    only = {"only": "image_resolution"}
    async with house_without_keys.signed_in() as api:
        review = ReviewApi(api.caller)
        diageo, again, unilever = [
            (
                await ended(api, await api.analyse(sample.creative, client, profile, only))
            ).analysis_id
            for client, profile in (
                ("diageo", "diageo_key_visual"),
                ("diageo", "general_key_visual"),
                ("unilever", "general_key_visual"),
            )
        ]
        found = await review.compare(diageo, again)
        page = await review.comparison_page(diageo, again)
        with pytest.raises(Invalid, match="of one client"):
            await review.compare(diageo, unilever)
        with pytest.raises(NotFound):
            await review.compare(diageo, diageo.__class__(int=5))
    async with house_without_keys.signed_in("reviewer") as reviewer:
        own = ReviewApi(reviewer.caller)
        assert (await own.compare(unilever, unilever)).checks[0].change == "same"
        for pair in ((diageo, again), (unilever, diageo), (diageo, unilever)):
            with pytest.raises((NotFound, Forbidden)):
                await own.compare(*pair)
        assert (await own.reliability()).checks == []
        with pytest.raises(NotFound):
            await own.reliability(client="diageo")

    assert found.checks[0].change == "same"
    assert len(found.differs) == 1 and "before diageo_key_visual" in found.differs[0]
    assert page.startswith(b"<!DOCTYPE html>") and page.count(b"data:image/jpeg;base64,") == 2
