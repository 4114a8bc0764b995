"""`aiqc report`, as far as the usage service owns it."""

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from yarl import URL

from libs.api.call import Caller
from libs.api.usage import UsageApi
from libs.problems import Forbidden, Invalid, UpstreamFailed
from services.usage.commands import ReportOptions, left_out, report
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

    text = await report(api, ReportOptions(client=("diageo",), user="uma@agency.example"))

    assert b"DIAGEO" in text
    assert b"$0.0049825" in text


async def test_every_filter_reaches_the_service(usage: Usage, api: UsageApi) -> None:
    await usage.send(call(), call(client_id="loreal"), call(client_id="other"))
    wanted = ReportOptions(
        client=("diageo", "loreal"),
        profile="diageo_key_visual",
        check="logo",
        provider="openai",
        model="gpt-4o",
        format="json",
    )

    found = json.loads(await report(api, wanted))

    assert sorted(found["by_client"]) == ["diageo", "loreal"]
    assert [item["name"] for item in found["filters"]] == [
        "client",
        "profile",
        "check",
        "provider",
        "model",
    ]


@pytest.mark.parametrize("form", ["xlsx", "pdf"])
async def test_terminal_is_spared_what_it_cannot_show(form: Any) -> None:
    async with ClientSession() as session:
        nowhere = UsageApi(Caller(session, NOWHERE))
        with pytest.raises(Invalid, match=f"cannot show {form}.*--output FILE"):
            await report(nowhere, ReportOptions(format=form), is_terminal=True)


async def test_charges_say_what_is_not_among_them(usage: Usage, api: UsageApi) -> None:
    options = ReportOptions(format="focus")
    assert await left_out(api, options) is None

    await usage.send(call(model_requested="nobody-knows"), call(usage_source="unknown"), call())

    said = await left_out(api, options)
    assert said is not None
    assert "1 calls without a known price, 1 with unknown usage" in said
    assert await left_out(api, ReportOptions(format="json")) is None


async def test_report_replaces_the_file_whole_and_keeps_every_byte(
    usage: Usage, api: UsageApi, tmp_path: Path
) -> None:
    await usage.send(call(user_id="zoë"))
    folder = tmp_path / "reports"
    folder.mkdir()
    file = folder / "usage.csv"
    file.write_text("an old report, longer than the new one\n" * 1_000)

    said = await report(api, ReportOptions(format="csv", output=file))

    assert said == f"Report written to {file}\n".encode()
    assert _undated(file.read_bytes()) == _undated(await api.report(format="csv"))
    assert os.listdir(folder) == ["usage.csv"]


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
        ReportOptions(again=True),
        ReportOptions(email=("a@b.example",), output=Path("report.txt")),
    ],
    ids=str,
)
async def test_flags_that_cannot_be_are_refused_before_anything_is_asked(
    options: ReportOptions,
) -> None:
    async with ClientSession() as session:
        nowhere = UsageApi(Caller(session, NOWHERE))
        with pytest.raises(Invalid, match=r"\.$"):
            await report(nowhere, options)


async def test_problem_of_the_service_comes_as_it_was(usage: Usage) -> None:
    async with ClientSession() as session:
        stranger = usage.trust.bearer("usage", user()).removeprefix("Bearer ")
        api = UsageApi(Caller(session, usage.client.make_url("/"), lambda: stranger))
        with pytest.raises(Forbidden, match="not among your rights"):
            await report(api, ReportOptions(client=("diageo",)))


async def test_service_that_is_away_is_said_in_words() -> None:
    async with ClientSession() as session:
        with pytest.raises(UpstreamFailed, match="does not answer"):
            await report(UsageApi(Caller(session, NOWHERE)), ReportOptions())
