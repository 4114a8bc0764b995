"""What a check would cost, told before it: near the truth, to the last digit, and for nothing."""

import io
import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from rich.console import Console

from deploy.sample import Sample, write_sample
from libs.contracts.estimates import Estimate
from libs.problems import Forbidden, Invalid, NotFound, Unsupported
from services.qc.money_commands import MoneyCommands
from tests.fake_providers import FakeProviders
from tests.house import House
from tests.journeys.following import analyse

CLIENT, PROFILE = "general", "general_key_visual"


def total(estimate: Estimate) -> Decimal:
    return sum((check.cost_usd or Decimal(0) for check in estimate.checks), Decimal(0))


def copied(file: Path, folder: Path) -> Path:
    return Path(shutil.copy(file, folder / f"another_{file.name}"))


async def test_estimate_runs_nothing_and_learns_from_what_was_run(
    house: House, fake: FakeProviders, sample: Sample, tmp_path: Path
) -> None:
    other = write_sample(tmp_path, "typo").creative
    async with house.signed_in() as api:
        before = await api.estimate(sample.creative, CLIENT, PROFILE)
        assert fake.calls == []
        first, _ = await analyse(api, sample.creative, CLIENT, PROFILE)
        after = await api.estimate(other, CLIENT, PROFILE)
        calls = len(fake.calls)
        again = await api.estimate(sample.creative, CLIENT, PROFILE)
        fresh = await api.estimate(sample.creative, CLIENT, PROFILE, {"fresh": "true"})
        renamed = await api.estimate(copied(sample.creative, tmp_path), CLIENT, PROFILE)
        repeated, _ = await analyse(api, sample.creative, CLIENT, PROFILE)
        assert len(fake.calls) == calls
        once_more = await api.estimate(sample.creative, CLIENT, PROFILE)
        second, _ = await analyse(api, other, CLIENT, PROFILE)
        part = await api.estimate(other, CLIENT, PROFILE, {"only": "aspect_ratio"})

    assert (before.learned_from, before.earlier) == (0, None)
    assert (after.learned_from, after.earlier) == (calls, None)
    assert again.earlier == fresh.earlier == first.analysis_id
    assert again.cost_usd == repeated.cost_usd == 0 and again.calls == []
    assert once_more.earlier == repeated.analysis_id and once_more.cost_usd == 0
    assert all(check.answered == (check.kind == "judged") for check in again.checks)
    assert fresh.cost_usd and not any(check.answered for check in fresh.checks)
    assert renamed.cost_usd and renamed.earlier is None, "its name is part of the question"
    for estimate in (before, after):
        assert total(estimate) == estimate.cost_usd, "split to the last digit"
        assert {check.check_id for check in estimate.checks} == {c.check_id for c in first.checks}
        assert all(c.cost_usd == 0 for c in estimate.checks if c.kind == "exact")
    assert before.cost_usd and after.cost_usd and first.cost_usd and second.cost_usd
    assert before.cost_usd > first.cost_usd / 2
    assert abs(after.cost_usd / second.cost_usd - 1) < Decimal("0.15")
    assert part.cost_usd == 0 and part.calls == []


async def test_without_a_key_nothing_is_asked_and_the_estimate_says_why(
    house_without_keys: House, sample: Sample
) -> None:
    async with house_without_keys.signed_in() as api:
        estimate = await api.estimate(sample.creative, CLIENT, PROFILE)

    assert estimate.cost_usd == 0 and estimate.calls == []
    judged = [check for check in estimate.checks if check.kind == "judged"]
    assert judged and all("no provider" in (check.reason or "") for check in judged)


async def test_estimate_asks_for_the_rights_and_the_file_of_an_analysis(
    house: House, sample: Sample, tmp_path: Path
) -> None:
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    async with house.signed_in() as api:
        with pytest.raises(NotFound, match="profile"):
            await api.estimate(sample.creative, CLIENT, "no_such_profile")
        with pytest.raises(Invalid, match="no check"):
            await api.estimate(sample.creative, CLIENT, PROFILE, {"only": "nonsense"})
        with pytest.raises(Unsupported, match="looks like a text file"):
            await api.estimate(tmp_path / "a.jpg", CLIENT, PROFILE)
    async with house.signed_in("viewer") as viewer:
        with pytest.raises((Forbidden, NotFound)):
            await viewer.estimate(sample.creative, CLIENT, PROFILE)


async def test_command_shows_sum_calls_and_what_it_rests_on(
    house: House, fake: FakeProviders, sample: Sample
) -> None:
    screen = Console(file=io.StringIO(), width=140)

    def sign_in(user: str) -> "object":
        return house.signed_in(user)

    commands = MoneyCommands(sign_in, screen)  # type: ignore[arg-type]
    assert await commands.estimate(sample.creative, client=CLIENT, profile=PROFILE) == 0
    assert await commands.triage(client=CLIENT) == 0
    text = screen.file.getvalue()  # type: ignore[attr-defined]

    assert "about $0.0" in text and "openai/gpt-4o" in text and "by rule of thumb" in text
    assert "judged checks; 8 exact checks cost nothing" in text
    assert "No check of this client was asked of a cheap model yet." in text
    assert fake.calls == []
