"""What eleven checks of one picture cost: asked one by one, cached, grouped, measured, triaged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from aiohttp import ClientSession

from deploy.database import Dsns
from deploy.sample import write_sample
from libs.api.material import MaterialApi
from libs.api.usage import UsageApi
from libs.contracts.qc import Analysis, CheckResult
from libs.contracts.usage import LedgerEntry, QuoteRequest
from tests.bench.board import Board, Hold, at_most
from tests.bench.costing import MEASURABLE, PERCEIVED, judge, profile
from tests.fake_providers import FakeProviders
from tests.house import House, open_house
from tests.journeys.following import by_id, with_cost
from tests.trust import Trust

BENCH = "cost"
CLIENTS = {
    "separate": "diageo",
    "grouped": "loreal",
    "exact + grouped": "unilever",
    "triaged": "general",
}
"""Each way is another client's: what is kept of one would answer the next for nothing."""

WAYS = {"off": ("separate", "grouped", "exact + grouped"), "all": ("triaged",)}
DRAWN = ("typo", "low_contrast", "barcode_missing", "logo_small")
"""Alike in how much print there is: small print that was not read yet cannot be foreseen."""

ONE_CALL_EACH = 11
WITHIN = Hold("±15 %", lambda figure: abs(figure - 1) <= 0.15)

Ledger = Sequence[LedgerEntry]


class Office:
    """Runs a profile over a picture, and reads in the ledger what that cost."""

    def __init__(self, house: House, api: MaterialApi, session: ClientSession) -> None:
        self._gateway = house.url("gateway")
        self._api = api
        self.usage: UsageApi = house.usage_api(session)
        self._session = session

    async def add(self, name: str, *, exact: bool, alone: bool) -> str:
        body = profile(name, exact=exact, alone=alone)
        jar = self._api._session.cookie_jar.filter_cookies(self._gateway)
        async with self._session.post(
            self._gateway / "api/profiles", json=body, cookies={n: c.value for n, c in jar.items()}
        ) as answer:
            assert answer.status == 201, await answer.text()
            return str((await answer.json())["profile_id"])

    async def run(self, file: Path, client: str, profile_id: str) -> tuple[Analysis, Ledger]:
        analysis_id = await self._api.analyse(file, client, profile_id)
        analysis = await with_cost(self._api, analysis_id)
        entries = (await self.usage.entries_of(analysis_id)).entries
        assert sum((e.cost_usd or Decimal(0) for e in entries), Decimal(0)) == analysis.cost_usd
        of_checks = [result.cost_usd or Decimal(0) for result in analysis.checks]
        assert sum(of_checks, Decimal(0)) == analysis.cost_usd, "split to the last digit"
        return analysis, entries

    async def estimated(self, file: Path, client: str, profile_id: str) -> Decimal:
        found = (await self._api.estimate(file, client, profile_id)).cost_usd
        assert found is not None
        return found

    async def without_cache(self, entries: Ledger) -> Decimal:
        """What the same tokens cost where the provider caches none of them."""
        quotes = [
            await self.usage.quote(
                QuoteRequest(
                    provider=entry.provider,
                    model=entry.model_served or entry.model_requested,
                    occurred_at=entry.occurred_at,
                    input_tokens=entry.input_tokens,
                    output_tokens=entry.output_tokens,
                    reasoning_tokens=entry.reasoning_tokens,
                )
            )
            for entry in entries
        ]
        return sum((quote.cost_usd or Decimal(0) for quote in quotes), Decimal(0))


def said(results: Mapping[str, CheckResult]) -> dict[str, object]:
    """State, score and findings of what models were asked in every way."""
    return {
        check_id: (results[check_id].state, results[check_id].score, results[check_id].findings)
        for check_id in PERCEIVED
    }


@dataclass
class Spent:
    """By way of asking: what one analysis cost, how many calls it took, what models said."""

    usd: dict[str, Decimal] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    said: dict[str, dict[str, object]] = field(default_factory=dict)


async def ask(
    office: Office, way: str, pictures: Sequence[Path], spent: Spent, board: Board
) -> None:
    """Estimate and run; after some pictures the estimate of the last has calls to learn from."""
    client = CLIENTS[way]
    measured = way in ("exact + grouped", "triaged")
    profile_id = await office.add(way, exact=measured, alone=way == "separate")
    estimates, costs = [], []
    for picture in pictures:
        estimates.append(await office.estimated(picture, client, profile_id))
        analysis, entries = await office.run(picture, client, profile_id)
        costs.append(analysis.cost_usd or Decimal(0))
    spent.usd[way], spent.calls[way] = costs[-1], len(entries)
    spent.said[way] = said(by_id(analysis))
    if way == "separate":
        spent.usd["cached"] = costs[-1]
        spent.usd[way] = await office.without_cache(entries)
    cold, warm = estimates[0] / costs[0], estimates[-1] / costs[-1]
    board.write(BENCH, f"estimate × cost, {way}, the first", float(cold), 1)
    board.write(BENCH, f"estimate × cost, {way}, after {len(pictures) - 1}", float(warm), 1, WITHIN)
    assert WITHIN.is_met_by(float(warm)), way


async def test_cost_of_eleven_checks_and_its_estimate(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path, board: Board
) -> None:
    pictures = [write_sample(tmp_path / name, name).creative for name in DRAWN]
    spent = Spent()
    async with FakeProviders() as fake, ClientSession() as session:
        judge(fake)
        for triage, ways in WAYS.items():
            async with (
                open_house(dsns, trust, tmp_path, fake, triage=triage, audit_percent=0) as house,
                house.signed_in() as api,
            ):
                for way in ways:
                    await ask(Office(house, api, session), way, pictures, spent, board)
    _write(board, spent.usd, spent.calls)
    assert spent.calls["separate"] == ONE_CALL_EACH == len(PERCEIVED) + len(MEASURABLE)
    assert all(found == spent.said["separate"] for found in spent.said.values())
    assert spent.usd["triaged"] <= Decimal("0.25") * spent.usd["separate"]


def _write(board: Board, costs: Mapping[str, Decimal], calls: Mapping[str, int]) -> None:
    for way in ("separate", "cached", "grouped", "exact + grouped", "triaged"):
        share = float(costs[way] / costs["separate"])
        hold = at_most(0.25) if way == "triaged" else None
        board.write(BENCH, f"USD × one call a check, {way}", share, 1, hold)
        board.write(BENCH, f"US cents of one analysis, {way}", float(costs[way] * 100), 1)
        if way in calls:
            board.write(BENCH, f"calls of one analysis, {way}", calls[way], 1)
    board.note(
        BENCH,
        "audits are off, they are drawn at random and cost 5 % of what is cleared once more; "
        "tokens are the fake providers' count, prices the ledger's; the judge is scripted and "
        "consistent, so equal findings prove the way of asking, not the models.",
    )
