"""`aiqc usage`: what a person sees of today, this month and all time."""

import io
from datetime import timedelta

from aiohttp import ClientSession
from rich.console import Console

from libs.api.call import Caller
from libs.api.usage import UsageApi
from services.usage.summary import show, summaries
from tests.factories import admin
from tests.usage.conftest import Usage
from tests.usage.factories import NOON, call, completed


async def _shown(usage: Usage, width: int = 100) -> str:
    text = io.StringIO()
    async with ClientSession() as session:
        token = usage.trust.bearer("usage", admin()).removeprefix("Bearer ")
        api = UsageApi(Caller(session, usage.client.make_url("/"), lambda: token))
        show(await summaries(api, NOON.date()), Console(file=text, width=width))
    return text.getvalue()


def _row(text: str, name: str) -> list[str]:
    [line] = [line for line in text.splitlines() if line.startswith(f"│ {name} ")][:1]
    return [cell.strip() for cell in line.strip("│").split("│")]


async def test_periods_stand_side_by_side(usage: Usage) -> None:
    await usage.send(
        call(),
        completed(),
        call(occurred_at=NOON - timedelta(days=1)),
        call(occurred_at=NOON - timedelta(days=40)),
    )

    text = await _shown(usage)

    assert _row(text, "today") == ["today", "1", "1", "1,245", "187", "1,432", "$0.0049825"]
    assert _row(text, "this month")[1:3] == ["2", "1"]
    assert _row(text, "all time")[-1] == "$0.0149475"


async def test_services_models_checks_months_days_and_tools_have_tables(usage: Usage) -> None:
    await usage.send(
        call(fill_percentage=90, tool_calls={"load_media_plan": 2}),
        call(provider="google", model_requested="gemini-2.5-pro", check_ids=["claim"]),
        call(model_requested="nobody-knows"),
    )

    text = await _shown(usage)

    assert _row(text, "OpenAI")[:2] == ["OpenAI", "2"]
    assert _row(text, "Gemini")[:2] == ["Gemini", "1"]
    assert _row(text, "gpt-4o")[1] == "1"
    assert _row(text, "claim")[1] == "1"
    assert _row(text, "2026-08")[1:] == ["0", "$0.00840875"]
    assert _row(text, "load_media_plan")[1] == "2"
    assert "90.0 %" in text
    assert "│ 1 unpriced" in text


async def test_narrow_screen_hides_no_name_and_no_digit(usage: Usage) -> None:
    await usage.send(call())

    assert _row(await _shown(usage, width=40), "OpenAI") == _row(await _shown(usage), "OpenAI")


async def test_name_is_no_markup_and_moves_no_cursor(usage: Usage) -> None:
    await usage.send(call(model_requested="[red]x[/red]\x1b[2J"))

    text = await _shown(usage)

    assert "[red]x" in text
    assert "\x1b" not in text


async def test_long_list_is_cut_with_what_the_others_cost(usage: Usage) -> None:
    await usage.send(*(call(check_ids=[f"check_{n:02d}"]) for n in range(23)))

    text = await _shown(usage)

    assert _row(text, "and 3 more")[-1] == "$0.0149475"


async def test_empty_ledger_is_said_in_one_sentence(usage: Usage) -> None:
    assert await _shown(usage) == "No usage data found\n"
