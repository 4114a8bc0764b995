"""`aiqc prices` and `aiqc validate-pricing`, as far as the usage service owns them."""

import gzip
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession
from cyclopts import App

from libs.api.call import Caller
from libs.api.prices import PricesApi
from libs.problems import Invalid
from services.usage.price_commands import prices_app
from services.usage.validation_command import ValidationOptions, validate_pricing
from tests.factories import admin
from tests.usage.conftest import Usage
from tests.usage.factories import call

SOURCE = ("--source-url", "https://prices.example")
_LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[.*\n", re.MULTILINE)
TODAY = datetime.now(UTC).date().isoformat()


class Aiqc:
    """`aiqc prices …` against the running service; returns what it printed."""

    def __init__(self, app: App, api: PricesApi, capsys: pytest.CaptureFixture[str]) -> None:
        self._app = app
        self._capsys = capsys
        self.api = api

    async def __call__(self, *arguments: str) -> str:
        code = await self._app.run_async(
            list(arguments), exit_on_error=False, result_action="return_value"
        )
        assert code == 0
        return self._printed()

    async def validate(self, **options: Any) -> tuple[int, str]:
        code = await validate_pricing(self.api, ValidationOptions(**options))
        return code, self._printed()

    def _printed(self) -> str:
        """Without the log of the service, which runs in this process and shares its stdout."""
        return _LOG_LINE.sub("", self._capsys.readouterr().out)


@pytest.fixture
async def aiqc(usage: Usage, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Aiqc]:
    async with ClientSession() as session:
        token = usage.trust.bearer("usage", admin()).removeprefix("Bearer ")
        api = PricesApi(Caller(session, usage.client.make_url("/"), lambda: token))

        @asynccontextmanager
        async def connect() -> AsyncIterator[PricesApi]:
            yield api

        yield Aiqc(prices_app(connect), api, capsys)


async def test_list_shows_the_prices_in_force_on_a_day(aiqc: Aiqc) -> None:
    table = await aiqc("list", "--model", "gpt-4o", "--at", "2024-09-01")
    listed = json.loads(await aiqc("list", "--provider", "gemini", "--json"))

    [row] = [line.split() for line in table.splitlines() if "gpt-4o" in line]
    assert row[1:6:2] == ["openai", "gpt-4o", "standard"]
    assert "2024-05-13" in row
    assert {row["provider"] for row in listed["prices"]} == {"google"}
    assert await aiqc("list", "--model", "nobody") == "There are no such prices.\n"


async def test_set_says_what_changed_and_what_did_not(aiqc: Aiqc) -> None:
    flags = ("gpt-4o", "--provider", "openai", "--input", "3", "--output", "12")

    said = await aiqc("set", *flags, "--cached-input", "1.5")
    again = await aiqc("set", *flags, "--cached-input", "1.50")
    history = await aiqc("history", "gpt-4o", "--provider", "OpenAI")

    assert f"openai gpt-4o, standard, from {TODAY} on, USD per million tokens:" in said
    assert "  input 3, cached 1.5, output 12   (was input 2.5, cached 1.25, output 10)" in said
    assert "`aiqc rerate` corrects them" in said
    assert again == f"gpt-4o has this price already; it is noted as checked on {TODAY}.\n"
    assert history.count("│ standard │") == 3


async def test_set_for_a_coming_day_does_not_speak_of_the_past(aiqc: Aiqc) -> None:
    said = await aiqc(
        *("set", "gemini-2.5-pro", "--provider", "google", "--input", "9", "--output", "9"),
        *("--above", "200000", "--effective-from", "2099-01-01"),
    )

    assert "  above 200,000 tokens: input 9, output 9   (was input 2.5" in said
    assert "rerate" not in said


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--input", "cheap", "--output", "1"), "--input: write a number such as 2.50"),
        (("--input", "1", "--output", "-1"), "--output: input should be greater than"),
        (
            ("--input", "1", "--output", "1", "--effective-from", "soon"),
            "--effective-from: write a day as YYYY-MM-DD",
        ),
        (("--input", "1", "--output", "1", "--above", "-5"), "--above: "),
        (("--input", "1", "--output", "1", "--source-url", "there"), "--source-url: "),
    ],
)
async def test_bad_flag_is_named_in_a_sentence(
    aiqc: Aiqc, flags: tuple[str, ...], says: str
) -> None:
    with pytest.raises(Invalid, match=r"\.$") as refused:
        await aiqc("set", "gpt-4o", "--provider", "openai", *flags)

    assert says in refused.value.detail


async def test_proposals_are_listed_accepted_and_rejected(aiqc: Aiqc) -> None:
    asked = ("--provider", "anthropic", "--model", "claude-haiku-4-5")
    assert await aiqc("proposals") == "There are no open proposals.\n"

    assert "1 models compared, 2 new proposals." in await aiqc("sync", *asked)
    listed = await aiqc("proposals")
    [first, _] = json.loads(await aiqc("proposals", "--json"))["proposals"]
    assert listed.count("anthropic claude-haiku-4-5") == 2

    assert "Accepted 1 proposals. 1 prices added." in await aiqc("accept", first["proposal_id"])
    assert "(1 had been before)" in await aiqc("accept", first["proposal_id"])
    assert "Rejected 1 proposals." in await aiqc("reject", "--all", "--note", "not used")
    assert "0 new proposals" in await aiqc("sync", *asked)
    assert "claude-haiku-4-5" in await aiqc("proposals", "--state", "rejected")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "or all of them with --all"),
        (("--all", "01a21def-39bb-7850-a94d-cb0bbd0118c6"), "or all of them with --all"),
        (("--all",), "no open proposals"),
    ],
)
async def test_deciding_needs_to_know_on_what(
    aiqc: Aiqc, arguments: tuple[str, ...], says: str
) -> None:
    for verb in ("accept", "reject"):
        with pytest.raises(Invalid, match=says):
            await aiqc(verb, *arguments)


async def test_end_of_a_model_is_noted_and_taken_back(aiqc: Aiqc) -> None:
    flags = ("gpt-6-sol", "--provider", "openai", *SOURCE)

    assert "is shut down on 2027-05-01" in await aiqc("retire", *flags, "--on", "2027-05-01")
    assert "2027-05-01" in await aiqc("retirements")
    assert "is not to be shut down" in await aiqc("retire", *flags)
    assert "not planned" in await aiqc("retirements")


async def test_validation_lists_prices_then_remarks_and_ends_with_zero(
    aiqc: Aiqc, shared_data: Path
) -> None:
    table = shared_data / "prices" / "litellm" / "full_v1.109.1.json.gz"

    code, text = await aiqc.validate(at="2026-11-27", litellm=table)

    assert code == 0
    assert f"LiteLLM ({table.name})" in text
    assert "gpt-4o                   standard              2.5     1.25        –" in text
    assert text.index("WARNINGS") < text.index("NOTES") < text.index("0 errors, ")
    assert max(map(len, text.partition("WARNINGS")[0].splitlines())) <= 100


async def test_validation_ends_with_one_on_an_error_or_when_strict_on_a_warning(
    usage: Usage, aiqc: Aiqc
) -> None:
    assert (await aiqc.validate(at="2026-11-27"))[0] == 0
    assert (await aiqc.validate(at="2026-11-27", strict=True))[0] == 1

    await usage.send(call(occurred_at=datetime.now(UTC), model_requested="gpt-next"))
    code, text = await aiqc.validate()

    assert code == 1
    assert "openai gpt-next standard: 1 calls" in text.partition("ERRORS")[2]


async def test_validation_as_json_has_all_of_it(aiqc: Aiqc) -> None:
    code, text = await aiqc.validate(at="2026-11-27", format="json")

    found = json.loads(text)
    assert code == 0
    assert found["at"] == "2026-11-27"
    assert found["prices"][0]["input_usd"]
    assert {remark["severity"] for remark in found["remarks"]} == {"warning", "note"}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "Cannot read"),
        (b"", "is no table of LiteLLM: it is not JSON"),
        (b"{}", "it has no model of these providers"),
        (gzip.compress(b"{}"), "it has no model of these providers"),
        (gzip.compress(b"{}")[:-6], "is damaged"),
        (b"\x1f\x8bxxxxxxxxxxxxxxx", "is damaged"),
    ],
)
async def test_file_that_is_no_table_is_named(
    aiqc: Aiqc, tmp_path: Path, content: bytes | None, says: str
) -> None:
    file = tmp_path / "table.json"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(Invalid, match=f"{file}.*\\.$") as refused:
        await aiqc.validate(litellm=file)

    assert says in refused.value.detail


async def test_day_that_is_none_is_refused(aiqc: Aiqc) -> None:
    with pytest.raises(Invalid, match="--at: write a day as YYYY-MM-DD"):
        await aiqc.validate(at="2026-02-30")
