"""Models as a user meets them: shown, changed, probed, skipped when broken, succeeded."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar

from deploy.database import Dsns
from deploy.sample import Sample
from libs.actor import Service
from libs.api.call import Caller
from libs.api.gateway import GatewayApi
from libs.api.models import ModelsApi
from libs.api.prices import PricesApi
from libs.contracts.access import Action, Role
from libs.contracts.models import ModelChange
from libs.contracts.qc import CheckResult
from libs.problems import Forbidden, Invalid, NotFound
from services.qc.model_commands import models_app
from tests.factories import service, user
from tests.fake_providers import FakeProviders, Scripted
from tests.house import House, open_house
from tests.journeys.following import analyse
from tests.trust import Trust

GPT = "openai/gpt-4o"
SOL, FLASH = "openai/gpt-6-sol", "google/gemini-3.8-flash"
"""The last two are asked by default in this file: no vendor has said when they end."""

RED = Scripted(text='{"colour": "red"}', times=0)
WORKER = service(Action.READ_ANALYSES, Action.MANAGE_MODELS, Action.READ_USAGE)
VIEWER = user(clients={"diageo": Role.VIEWER})
_LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[.*\n", re.MULTILINE)


def caller(house: House, session: ClientSession, name: Service, actor: Any = WORKER) -> Caller:
    issuer = "local" if actor.kind == "service" else "gateway"
    bearer = house.trust.bearer(name, actor, issuer).removeprefix("Bearer ")
    return Caller(session, house.url(name), lambda: bearer)


@pytest.fixture
async def house(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path, fake: FakeProviders
) -> AsyncIterator[House]:
    async with open_house(dsns, trust, tmp_path, fake, default_models=(SOL, FLASH)) as house:
        yield house


@pytest.fixture
async def models(house: House) -> AsyncIterator[ModelsApi]:
    async with ClientSession() as session:
        yield ModelsApi(caller(house, session, "qc"))


class Aiqc:
    """`aiqc models …` against the house; returns the exit code and what was printed."""

    def __init__(self, house: House, capsys: pytest.CaptureFixture[str]) -> None:
        self._house = house
        self._capsys = capsys

    async def __call__(self, *arguments: str) -> tuple[int, str]:
        self._capsys.readouterr()
        app = models_app(self._connect)
        code = await app.run_async(
            list(arguments), exit_on_error=False, result_action="return_value"
        )
        return code, _LOG_LINE.sub("", self._capsys.readouterr().out)

    @asynccontextmanager
    async def _connect(self) -> AsyncIterator[tuple[ModelsApi, PricesApi]]:
        async with ClientSession() as session:
            qc, usage = (caller(self._house, session, name) for name in ("qc", "usage"))
            yield ModelsApi(qc), PricesApi(usage)


@pytest.fixture
def aiqc(house: House, capsys: pytest.CaptureFixture[str]) -> Aiqc:
    return Aiqc(house, capsys)


async def judged(house: House, sample: Sample) -> list[CheckResult]:
    async with house.signed_in() as api:
        analysis, _ = await analyse(api, sample.creative)
    found = [result for result in analysis.checks if result.model_served]
    assert len(found) >= 3
    return found


async def test_answer_of_the_first_model_needs_no_reason(house: House, sample: Sample) -> None:
    for result in await judged(house, sample):
        assert result.model_requested == SOL
        assert result.attempted_models == [SOL]
        assert result.fallback_reason is None
        assert result.fill_percentage == 100
        assert result.tool_calls == {}


async def test_broken_model_is_skipped_and_the_results_say_why(
    house: House, models: ModelsApi, fake: FakeProviders, sample: Sample
) -> None:
    fake.answer_with(
        Scripted(status=503, provider="openai"), Scripted(text=RED.text, provider="google")
    )
    probes = {one.model: one.works for one in (await models.probe([SOL, FLASH])).probed}
    asked_before = len(fake.calls)

    results = await judged(house, sample)

    assert probes[SOL] is False and probes[FLASH] is True
    assert {call.provider for call in fake.calls[asked_before:]} == {"google"}
    for result in results:
        assert result.attempted_models == [FLASH]
        assert "openai/gpt-6-sol is marked as not working" in str(result.fallback_reason)
        assert "503" in str(result.fallback_reason)


async def test_failing_model_is_attempted_and_the_fallback_tells_of_it(
    house: House, fake: FakeProviders, sample: Sample
) -> None:
    fake.answer_with(Scripted(status=400, provider="openai", times=0))

    for result in await judged(house, sample):
        assert result.model_requested == FLASH
        assert result.attempted_models == [SOL, FLASH]
        assert "openai/gpt-6-sol: OpenAI answered 400" in str(result.fallback_reason)


async def test_successor_answers_after_the_shutdown_without_a_restart(
    house: House, models: ModelsApi, fake: FakeProviders, sample: Sample
) -> None:
    change = {"shutdown_on": "2026-01-01", "successor": "gpt-6.1-sol", "note": "told by mail"}
    row = await models.change(ModelChange.model_validate({"model": SOL, **change}))
    assert (row.changed_by, row.change_note) == ("robot", "told by mail")

    for result in await judged(house, sample):
        assert result.model_requested == result.attempted_models[0] == "openai/gpt-6.1-sol"
        assert "openai/gpt-6-sol was shut down on 2026-01-01" in str(result.fallback_reason)
    assert {call.model for call in fake.calls} == {"gpt-6.1-sol"}

    assert (await models.reset(SOL)).changed_by is None
    with pytest.raises(NotFound):
        await models.reset(SOL)


async def test_model_is_asked_where_an_operator_says_that_it_is_served(
    models: ModelsApi, fake: FakeProviders
) -> None:
    fake.answer_with(RED)

    await models.change(ModelChange(model=SOL, api="responses"))
    await models.probe([SOL])
    await models.reset(SOL)
    await models.probe([SOL])

    assert [call.path for call in fake.calls] == ["/v1/responses", "/v1/chat/completions"]


async def test_every_probe_is_in_the_ledger_with_its_cost(
    house: House, models: ModelsApi, fake: FakeProviders
) -> None:
    fake.answer_with(RED)

    await models.probe([SOL, SOL, FLASH])

    async with ClientSession() as session:
        usage = caller(house, session, "usage")
        for _ in range(200):
            text = await usage.fetch("GET", "/v1/entries", params={"client": "platform"})
            entries = json.loads(text)["entries"]
            if len(entries) == 2:
                break
    assert {entry["event_id"] for entry in entries} == {call.attempt_id for call in fake.billed}
    assert len(fake.billed) == 2, "one that is named twice is asked once"
    assert all(entry["state"] == "posted" and float(entry["cost_usd"]) > 0 for entry in entries)


async def test_only_admins_change_or_probe_but_who_reads_results_may_look(
    house: House, fake: FakeProviders
) -> None:
    async with ClientSession() as session:
        api = ModelsApi(caller(house, session, "qc", VIEWER))
        assert (await api.models()).models
        for forbidden in (
            api.change(ModelChange(model=SOL, vision=False)),
            api.reset(SOL),
            api.probe([SOL]),
        ):
            with pytest.raises(Forbidden):
                await forbidden
    assert fake.calls == []


async def test_gateway_passes_models_on(house: House) -> None:
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        await GatewayApi(session, house.url("gateway")).sign_in("admin")
        url = house.url("gateway") / "api/models"
        async with session.get(url.with_query(all="true")) as response:
            found = await response.json()
    assert {row["model"] for row in found["models"]} >= {"gpt-4o", "gemini-4-argon"}


async def test_contradiction_is_refused_in_words(models: ModelsApi) -> None:
    with pytest.raises(Invalid, match="its own successor"):
        await models.change(
            ModelChange(model=SOL, shutdown_on=date(2199, 1, 1), successor="gpt-6-sol")
        )


async def test_command_shows_state_prices_end_and_successor(aiqc: Aiqc) -> None:
    await aiqc("set", SOL, "--shutdown-on", "2199-01-01", "--successor", "gpt-6.1-sol")
    code, text = await aiqc()

    assert code == 0
    (line,) = [line for line in text.splitlines() if "openai/gpt-6-sol *" in line]
    for shown in ("not asked yet", "922,000", " 2 ", " 10 ", "2199-01-01", "changed by robot"):
        assert shown in line
    assert "openai/gpt-6.1-sol" in text, "what is to be asked one day"
    assert "openai/gpt-4.1" not in text
    assert "openai/gpt-4.1" in (await aiqc("--all"))[1]


async def test_command_probes_and_tells_what_does_not_work(aiqc: Aiqc, fake: FakeProviders) -> None:
    fake.answer_with(Scripted(status=404, provider="google", times=0), RED)

    code, text = await aiqc("--update-non-working", "--json")

    found = json.loads(text)
    assert code == 1
    works = {one["model"]: one["works"] for one in found["probed"]}
    assert works[SOL] is True and works[FLASH] is False
    states = {f"{row['provider']}/{row['model']}": row["state"] for row in found["models"]}
    assert states[SOL] == "works"
    assert states[FLASH] == "not working"
    assert "not working" in (await aiqc())[1]

    fake.reset()
    fake.answer_with(RED)
    assert (await aiqc("--update-non-working"))[0] == 0
    assert "not working" not in (await aiqc())[1]


async def test_command_adds_changes_and_resets_a_model(aiqc: Aiqc) -> None:
    added = await aiqc("set", "studio/qwen/qwen3-vl", "--like", SOL, "--note", "ours")
    assert added == (
        0,
        "Noted: studio/qwen/qwen3-vl is not to be shut down; 922,000 tokens of context.\n",
    )
    assert "changed by robot: ours" in (await aiqc("studio/qwen/qwen3-vl"))[1]
    await aiqc("set", GPT, "--shutdown-on", "never", "--tiers", "standard, flex")
    (row,) = json.loads((await aiqc(GPT, "--json"))[1])["models"]
    assert (row["shutdown_on"], row["successor"]) == (None, None)
    assert (row["tiers"], row["input_usd"]) == (["standard", "flex"], "2.5")
    assert "the price book says 2027-01-14" in (await aiqc(GPT))[1]

    assert await aiqc("reset", GPT) == (0, "openai/gpt-4o is as it was shipped.\n")


async def test_without_a_key_there_is_nothing_to_probe(
    house_without_keys: House, capsys: pytest.CaptureFixture[str]
) -> None:
    aiqc = Aiqc(house_without_keys, capsys)

    with pytest.raises(Invalid, match="OPENAI_API_KEY"):
        await aiqc("--update-non-working")
    with pytest.raises(Invalid, match="nobody has no key here"):
        await aiqc("--update-non-working", "--provider", "nobody")
    assert "no key" in (await aiqc())[1]
