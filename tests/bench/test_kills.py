"""A long campaign of kills: what is lost, what is double, what stays unknown.

AIQC_BENCH_KILLS is the number of kills, half of them in a storm of the providers.
"""

import os
import time
from pathlib import Path

from tests.bench.board import Board, at_most
from tests.fake_providers import FakeProviders, Scripted
from tests.journeys.campaign import ANSWER_S, Campaign
from tests.journeys.fleet import CALLS_IN_FLIGHT
from tests.journeys.open_fleet import open_fleet
from tests.journeys.storm import Storm
from tests.trust import Trust

BENCH = "kills"
KILLS = int(os.environ.get("AIQC_BENCH_KILLS", "400"))
SURE = 3.0
"""When n kills show no fault, its rate is below 3/n with a confidence of 95 %."""


async def test_every_billed_call_is_kept(tmp_path: Path, trust: Trust, board: Board) -> None:
    fine, storm = FakeProviders(lambda _: Scripted(delay_s=ANSWER_S)), Storm(seed=KILLS)
    for seed, fake in enumerate((fine, storm)):
        folder = tmp_path / str(seed)
        folder.mkdir()
        began_s = time.monotonic()
        async with fake, open_fleet(folder, fake, trust) as fleet:
            campaign = Campaign(fleet, KILLS // 2, seed)
            found = await campaign.run()
        weather = "storm" if fake is storm else "fine"
        of_kills = found.unknown - (storm.unseen() if fake is storm else set())
        kills = KILLS // 2
        took_s = time.monotonic() - began_s
        board.write(BENCH, f"{weather}: billed calls, none missing or double", found.billed, kills)
        board.write(BENCH, f"{weather}: such faults a kill, 95 % bound", SURE / kills, kills)
        board.write(
            BENCH,
            f"{weather}: unknown calls a kill of qc",
            len(of_kills) / campaign.kills["qc"],
            kills,
            at_most(CALLS_IN_FLIGHT),
        )
        board.write(BENCH, f"{weather}: seconds a kill", took_s / kills, kills)
