"""Who may see and change a campaign, and what may be in its order."""

from pathlib import Path

import pytest

from libs.contracts.campaigns import CampaignOrder
from libs.problems import Forbidden, Invalid, NotFound
from tests.house import House
from tests.journeys.campaigning import (
    PROFILE,
    filled,
    png,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
FORMULA = "=cmd|' C calc'!A0.png"


async def test_campaign_of_others_looks_absent_and_a_viewer_may_only_look(
    house_without_keys: House, tmp_path: Path
) -> None:
    async with house_without_keys.signed_in("admin") as admin:
        own = await filled(
            admin, tmp_path, {"a.png": png()}, client="loreal", profiles=["loreal_key_visual"]
        )
        order = CampaignOrder(client="loreal", profiles=["loreal_key_visual"])
    async with house_without_keys.signed_in("viewer") as viewer:
        assert (await viewer.campaign(own.campaign_id)).files == 1
        for denied in (
            viewer.make_campaign(order),
            viewer.start_campaign(own.campaign_id),
            viewer.cancel_campaign(own.campaign_id),
            viewer.add_campaign_file(own.campaign_id, tmp_path / "files.zip", "b.png"),
        ):
            with pytest.raises(Forbidden):
                await denied
    async with house_without_keys.signed_in("reviewer") as stranger:
        for absent in (
            stranger.campaign(own.campaign_id),
            stranger.campaign_matrix(own.campaign_id),
            stranger.start_campaign(own.campaign_id),
            stranger.make_campaign(order),
            stranger.campaigns("loreal"),
        ):
            with pytest.raises(NotFound):
                await absent
        assert await stranger.campaigns() == []


WRONG: list[tuple[dict[str, object], type[Exception], str]] = [
    ({"profiles": ["no_such"]}, NotFound, "no_such"),
    ({"profiles": ["../x"]}, NotFound, "no profile"),
    ({"profiles": [PROFILE, PROFILE]}, Invalid, "named twice"),
    ({"client": "nobody"}, NotFound, "nobody"),
    ({"placement": "Story"}, Invalid, "no active media plan"),
    ({"market": "elsewhere"}, Invalid, "country code"),
    ({"webhook": "https://evil.example/"}, Invalid, "may not go to evil.example"),
    ({"webhook": "http://169.254.169.254/latest"}, Invalid, "may not go"),
]


async def test_what_is_wrong_is_told_when_it_is_made(house_without_keys: House) -> None:
    async with house_without_keys.signed_in() as api:
        for order, problem, words in WRONG:
            wanted = CampaignOrder.model_validate(
                {"client": "diageo", "profiles": [PROFILE]} | order
            )
            with pytest.raises(problem, match=words):
                await api.make_campaign(wanted)
        assert await api.campaigns() == []
