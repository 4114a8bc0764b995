"""`aiqc ledger`, `rerate`, `archive` and `forget`, as far as the usage service owns them."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from aiohttp import ClientSession
from cyclopts import App

from libs.api.call import Caller
from libs.api.ledger import LedgerApi
from libs.postgres import Connection
from libs.problems import Invalid, NotFound
from services.usage.ledger_commands import add_ledger_commands
from tests.factories import admin
from tests.usage.conftest import Usage
from tests.usage.factories import NOON, call

_LOG_LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \[.*\n", re.MULTILINE)


class Aiqc:
    """The commands against the running service; gives the exit code and what was printed."""

    def __init__(self, app: App, capsys: pytest.CaptureFixture[str]) -> None:
        self._app = app
        self._capsys = capsys

    async def __call__(self, *arguments: str) -> tuple[int, str]:
        code = await self._app.run_async(
            list(arguments), exit_on_error=False, result_action="return_value"
        )
        return code, _LOG_LINE.sub("", self._capsys.readouterr().out)


@pytest.fixture
async def aiqc(usage: Usage, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Aiqc]:
    async with ClientSession() as session:
        token = usage.trust.bearer("usage", admin()).removeprefix("Bearer ")

        @asynccontextmanager
        async def connect() -> AsyncIterator[LedgerApi]:
            yield LedgerApi(Caller(session, usage.client.make_url("/"), lambda: token))

        app = App(name="aiqc")
        add_ledger_commands(app, connect)
        yield Aiqc(app, capsys)


async def test_verify_ends_with_1_and_names_what_was_changed(
    usage: Usage, aiqc: Aiqc, tamper: Connection
) -> None:
    await usage.send(call())
    whole = await aiqc("ledger", "verify", "--rollups")
    await tamper.execute("UPDATE ledger_entry SET provider = 'x'")

    changed = await aiqc("ledger", "verify", "--client", "diageo", "--month", "2026-08")

    assert whole[0] == 0
    assert "1 entries are as they were written; roll-ups are their sums" in whole[1]
    assert changed[0] == 1
    assert "2026-08 diageo block 1: an entry was changed" in changed[1]


async def test_head_of_a_chain_is_whole_and_a_client_is_no_markup(
    usage: Usage, aiqc: Aiqc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    await usage.send(call(client_id="[/red]"), call(client_id="[b]x\x1b[2J"))

    code, said = await aiqc("ledger", "verify")

    assert code == 0
    assert "│ [/red] " in said and "│ [b]x[2J " in said
    assert len(re.findall(r"│ [0-9a-f]{64} │", said)) == 2


async def test_rerate_shows_first_and_posts_when_told(
    usage: Usage, aiqc: Aiqc, tamper: Connection
) -> None:
    await usage.send(call(model_requested="newcomer"))
    await tamper.execute(
        """INSERT INTO price SELECT 'x', provider, 'newcomer', service_tier, above_input_tokens,
            effective_from, input_usd, cached_input_usd, cache_write_usd, output_usd, source_url,
            checked_on FROM price WHERE model = 'gpt-4.1' AND service_tier = 'standard'"""
    )
    flags = ("rerate", "--from", "2026-08-01", "--reason", "a new model")

    _, shown = await aiqc(*flags)
    _, dry = await aiqc(*flags, "--dry-run")
    _, posted = await aiqc(*flags, "--apply")
    _, again = await aiqc(*flags, "--apply")

    assert "Nothing was posted: 1 calls, +$0.003986. Say --apply" in shown
    assert dry == shown
    assert "Posted as rerate" in posted
    assert again == "Every call costs what today's prices say. Nothing to post.\n"


async def test_rerate_says_what_it_did_not_price(usage: Usage, aiqc: Aiqc) -> None:
    await usage.send(call(model_requested="nobody-knows"), call())
    flags = ("rerate", "--from", "2026-08-01", "--reason", "r")

    assert (await aiqc(*flags))[1] == (
        "Calls that have no price still: 1. `aiqc prices set` adds one.\n"
        "Every other call costs what today's prices say. Nothing to post.\n"
    )
    assert "There are no such calls" in (await aiqc(*flags, "--model", "gtp-4o"))[1]
    with pytest.raises(Invalid, match=r"ends \(2026-07-31\) before it starts"):
        await aiqc(*flags, "--to", "2026-07-31")


async def test_month_goes_and_comes_back(usage: Usage, aiqc: Aiqc) -> None:
    await usage.send(call(occurred_at=datetime(2025, 3, 3, tzinfo=UTC)), call(occurred_at=NOON))

    moved = await aiqc("archive", "--older-than", "400d")
    verified = await aiqc("ledger", "verify")
    nothing = await aiqc("archive", "--older-than", "400")
    back = await aiqc("archive", "--restore", "2025-03")

    assert moved == (0, "2025-03 archived: 1 entries, $0.0049825\n")
    assert "1 entries are as they were written. Archived, and proven" in verified[1]
    assert nothing == (0, "No month is that old.\n")
    assert back == (0, "2025-03 is back: 1 entries\n")


async def test_nobody_is_forgotten_by_a_slip(usage: Usage, aiqc: Aiqc) -> None:
    await usage.send(call())

    with pytest.raises(Invalid, match="--yes"):
        await aiqc("forget", "uma")
    code, said = await aiqc("forget", "uma", "--yes")
    with pytest.raises(NotFound, match="knows nobody"):
        await aiqc("forget", "uma", "--yes")

    assert code == 0
    assert "Reports now call them erased-" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("archive",), "either"),
        (("archive", "--older-than", "400d", "--restore", "2025-03"), "either"),
        (("archive", "--older-than", "a year"), "write 400d"),
        (("archive", "--older-than", "7d"), "--older-than: "),
        (("archive", "--restore", "March"), "'March' is no month: write YYYY-MM"),
        (("ledger", "verify", "--month", "2026-13"), "'2026-13' is no month: write YYYY-MM"),
        (("rerate", "--from", "yesterday", "--reason", "r"), "YYYY-MM-DD"),
        (("rerate", "--from", "2026-08-01", "--reason", ""), "reason"),
    ],
    ids=str,
)
async def test_flag_that_cannot_be_is_said(
    aiqc: Aiqc, arguments: tuple[str, ...], said: str
) -> None:
    with pytest.raises(Invalid, match=said):
        await aiqc(*arguments)
