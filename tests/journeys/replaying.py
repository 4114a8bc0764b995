"""What the journeys of replays do again and again."""

import asyncio
from pathlib import Path
from uuid import UUID

from libs.api.gateway import GatewayApi
from libs.api.replays import ReplaysApi
from libs.contracts.profiles import Created, ProfileDraft, ProfileEdit
from libs.contracts.qc import Analysis
from libs.contracts.replays import Replay, ReplayEvent, ReplayOrder
from tests.journeys.campaigning import png_file
from tests.journeys.following import with_cost

CLIENT = "diageo"
CHECKS: dict[str, object] = {
    "image_resolution": {
        "kind": "exact",
        "parameters": {"min_short_side_px": 100, "min_long_side_px": 100},
    },
    "mood": {"kind": "judged", "title": "Mood", "prompt": "Does the picture look cheerful?"},
    "people": {"kind": "judged", "title": "People", "prompt": "Are there people in it?"},
}


async def made(api: GatewayApi, **fields: object) -> str:
    """A profile with one exact and two judged checks; its id."""
    known = {"name": "Tried", "visibility": "client_specific", "visible_to_clients": [CLIENT]}
    draft = ProfileDraft.model_validate(known | {"checks": CHECKS} | fields)
    return (await api.caller.call("POST", "/api/profiles", Created, draft)).profile_id


async def analysed(
    api: GatewayApi, folder: Path, profile: str, *colours: str, client: str = CLIENT
) -> list[Analysis]:
    """One creative of each colour, checked one after the other."""
    found = []
    for colour in colours:
        file = png_file(folder / f"{colour}.png", colour)
        found.append(await with_cost(api, await api.analyse(file, client, profile)))
    return found


def edit(**changes: object) -> ProfileEdit:
    """Of the checks by their id; None takes one out."""
    checks = {id: check for id, check in (CHECKS | changes).items() if check}
    return ProfileEdit.model_validate({"checks": checks})


def order(profile: str, budget: str = "5", **fields: object) -> ReplayOrder:
    known = {"client": CLIENT, "profile": profile, "budget_usd": budget}
    return ReplayOrder.model_validate(known | fields)


async def to_the_end(api: ReplaysApi, replay_id: UUID) -> tuple[Replay, list[ReplayEvent]]:
    """Follow it, and wait until the ledger has told the cost."""
    async with asyncio.timeout(120):
        events = [event async for event in api.replay_events(replay_id)]
        while True:
            replay = await api.replay(replay_id)
            if replay.totals.cost_after_usd is not None and replay.spent_usd == replay.bound_usd:
                return replay, events
            await asyncio.sleep(0.1)


async def replayed(api: ReplaysApi, wanted: ReplayOrder) -> Replay:
    started = await api.start_replay(wanted)
    return (await to_the_end(api, started.replay_id))[0]
