"""Many kills of qc, the ledger and the database under work, and the audit of what is left."""

import asyncio
import random
import signal
from collections import Counter

from tests.journeys.audit import Audit, audited
from tests.journeys.fleet import CALLS_IN_FLIGHT, PATIENCE_S, Fleet

ANSWER_S = 0.25
MOST_OPEN = 16
LONGEST_LIFE_S = 10.0
TOLD_TO_STOP = 0.1
"""The share of workers that end as in a rolling restart, not by kill -9."""


class Campaign:
    """Kills until the share of each part is used up, and lets the platform live after that."""

    def __init__(self, fleet: Fleet, kills: int, seed: int) -> None:
        self._fleet = fleet
        self.seed = seed
        self._random = random.Random(seed)
        usage, postgres = kills // 5, max(1, kills // 20)
        self.kills = {"qc": kills - usage - postgres, "usage": usage, "Postgres": postgres}
        self._left = Counter(self.kills)

    async def run(self) -> Audit:
        kills = [self._kill_worker(worker) for worker in self._fleet.workers]
        for worker in self._fleet.workers:
            self._fleet.start(worker)
        async with self._fleet.busy(MOST_OPEN):
            async with asyncio.timeout(PATIENCE_S):
                while len(self._fleet.accepted) < MOST_OPEN // 2:
                    await asyncio.sleep(0.1)
            await asyncio.gather(*kills, self._kill_usage(), self._kill_postgres())
        await self._fleet.settled()
        found = await audited(self._fleet)
        print(f"\nkills {self.kills}, seed {self.seed}: {found}")
        return found

    def most_unknown(self) -> int:
        """The calls in flight of each worker that was killed, and of each whose analyses another
        took because nobody could prolong a lease while the database was away.
        """
        workers = self.kills["qc"] + len(self._fleet.workers) * self.kills["Postgres"]
        return workers * CALLS_IN_FLIGHT

    def _takes(self, part: str) -> bool:
        self._left[part] -= 1
        return self._left[part] >= 0

    async def _kill_worker(self, worker: str) -> None:
        """Each life has made a call or more, and dies at any moment after that."""
        while self._takes("qc"):
            await self._fleet.until_calling(worker, self._random.randint(1, 10), LONGEST_LIFE_S)
            await asyncio.sleep(self._random.uniform(0, ANSWER_S))
            is_told = self._random.random() < TOLD_TO_STOP
            await self._fleet.kill(worker, signal.SIGTERM if is_told else signal.SIGKILL)

    async def _kill_usage(self) -> None:
        while self._takes("usage"):
            await asyncio.sleep(self._random.uniform(0.5, 3.0))
            await self._fleet.kill("usage")

    async def _kill_postgres(self) -> None:
        while self._takes("Postgres"):
            await asyncio.sleep(self._random.uniform(3.0, 9.0))
            await self._fleet.kill_postgres()
