"""`aiqc report`, as far as the usage service owns it."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession
from yarl import URL

from libs.api.call import Caller
from libs.api.usage import UsageApi
from libs.problems import Forbidden, Invalid, UpstreamFailed
from services.usage.commands import ReportOptions, report
from tests.factories import admin, user
from tests.usage.conftest import Usage
from tests.usage.factories import call, completed

NOWHERE = URL("http://127.0.0.1:9")


@pytest.fixture
async def api(usage: Usage) -> AsyncIterator[UsageApi]:
    async with ClientSession() as session:
        url = usage.client.make_url("/")
        yield UsageApi(Caller(session, url, lambda: _token(usage)))


def _token(usage: Usage) -> str:
    return usage.trust.bearer("usage", admin()).removeprefix("Bearer ")


def _undated(table: bytes) -> list[bytes]:
    return [line for line in table.splitlines() if not line.startswith(b"Generated At")]


async def test_report_is_printed(usage: Usage, api: UsageApi) -> None:
    await usage.send(call(), completed())

    text = await report(api, ReportOptions(client="diageo", user="uma@agency.example"))

    assert "DIAGEO" in text
    assert "$0.0049825" in text


async def test_report_replaces_the_file_whole_and_keeps_every_byte(
    usage: Usage, api: UsageApi, tmp_path: Path
) -> None:
    await usage.send(call(user_id="zoë"))
    file = tmp_path / "usage.csv"
    file.write_text("an old report, longer than the new one\n" * 1_000)

    said = await report(api, ReportOptions(format="csv", output=file))

    assert said == f"Report written to {file}\n"
    assert _undated(file.read_bytes()) == _undated(await api.report(format="csv"))
    assert os.listdir(tmp_path) == ["usage.csv"]


async def test_file_that_cannot_be_written_is_named(api: UsageApi, tmp_path: Path) -> None:
    file = tmp_path / "missing" / "usage.csv"

    with pytest.raises(Invalid, match=f"Cannot write {file}: No such file or directory"):
        await report(api, ReportOptions(output=file))
    with pytest.raises(Invalid, match="Cannot write"):
        await report(api, ReportOptions(output=tmp_path))


@pytest.mark.parametrize(
    "options",
    [
        ReportOptions(start_date="2026-02-30", end_date="2026-02-01"),
        ReportOptions(start_date="yesterday"),
        ReportOptions(last_days=0),
        ReportOptions(last_days=2, end_date="2026-02-01"),
    ],
    ids=str,
)
async def test_bad_period_is_refused_before_anything_is_asked(options: ReportOptions) -> None:
    async with ClientSession() as session:
        nowhere = UsageApi(Caller(session, NOWHERE))
        with pytest.raises(Invalid, match=r"\.$"):
            await report(nowhere, options)


async def test_problem_of_the_service_comes_as_it_was(usage: Usage) -> None:
    async with ClientSession() as session:
        stranger = usage.trust.bearer("usage", user()).removeprefix("Bearer ")
        api = UsageApi(Caller(session, usage.client.make_url("/"), lambda: stranger))
        with pytest.raises(Forbidden, match="not among your rights"):
            await report(api, ReportOptions(client="diageo"))


async def test_service_that_is_away_is_said_in_words() -> None:
    async with ClientSession() as session:
        with pytest.raises(UpstreamFailed, match="does not answer"):
            await report(UsageApi(Caller(session, NOWHERE)), ReportOptions())
