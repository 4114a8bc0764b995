"""What eleven checks of one picture cost: asked one by one, cached, grouped, measured, triaged."""

from collections.abc import Mapping, Sequence
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
CLIENT = "general"
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

    async def run(self, file: Path, profile_id: str) -> tuple[Analysis, Ledger]:
        analysis_id = await self._api.analyse(file, CLIENT, profile_id)
        analysis = await with_cost(self._api, analysis_id)
        entries = (await self.usage.entries_of(analysis_id)).entries
        assert sum((e.cost_usd or Decimal(0) for e in entries), Decimal(0)) == analysis.cost_usd
        of_checks = [result.cost_usd or Decimal(0) for result in analysis.checks]
        assert sum(of_checks, Decimal(0)) == analysis.cost_usd, "split to the last digit"
        return analysis, entries

    async def estimated(self, file: Path, profile_id: str) -> Decimal:
        found = (await self._api.estimate(file, CLIENT, profile_id)).cost_usd
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


async def test_cost_of_eleven_checks_and_its_estimate(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path, board: Board
) -> None:
    sample = write_sample(tmp_path / "one")
    other = write_sample(tmp_path / "two", "typo")
    costs: dict[str, Decimal] = {}
    calls: dict[str, int] = {}
    found: dict[str, dict[str, object]] = {}
    async with FakeProviders() as fake, ClientSession() as session:
        judge(fake)
        for triage in ("off", "all"):
            async with (
                open_house(dsns, trust, tmp_path, fake, triage=triage) as house,
                house.signed_in() as api,
            ):
                office = Office(house, api, session)
                ways = (
                    {"triaged": (True, False)}
                    if triage == "all"
                    else {
                        "separate": (False, True),
                        "grouped": (False, False),
                        "exact + grouped": (True, False),
                    }
                )
                for way, (exact, alone) in ways.items():
                    profile_id = await office.add(way, exact=exact, alone=alone)
                    cold = await office.estimated(sample.creative, profile_id)
                    analysis, entries = await office.run(sample.creative, profile_id)
                    warm = await office.estimated(other.creative, profile_id)
                    again, _ = await office.run(other.creative, profile_id)
                    assert analysis.cost_usd and again.cost_usd
                    costs[way], calls[way] = analysis.cost_usd, len(entries)
                    found[way] = said(by_id(analysis))
                    if way == "separate":
                        costs["cached"] = costs[way]
                        costs[way] = await office.without_cache(entries)
                    for state, estimate, cost, hold in (
                        ("nothing known", cold, analysis.cost_usd, None),
                        ("calls known", warm, again.cost_usd, WITHIN),
                    ):
                        what = f"estimate × cost, {way}, {state}"
                        board.write(BENCH, what, float(estimate / cost), 1, hold)
                        if hold:
                            assert hold.is_met_by(float(estimate / cost)), what
    assert calls["separate"] == ONE_CALL_EACH == len(PERCEIVED) + len(MEASURABLE)
    assert found["separate"] == found["grouped"] == found["exact + grouped"] == found["triaged"]
    _write(board, costs, calls)
    assert costs["triaged"] <= Decimal("0.25") * costs["separate"]


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
        "tokens are the fake providers' count, prices the ledger's; the judge is scripted and "
        "consistent, so equal findings prove the way of asking, not the models.",
    )
