"""The report over HTTP in each form: its type, its name, and a service that stays awake."""

import asyncio
import io
from typing import Any

import pypdfium2
import pytest
from openpyxl import load_workbook

from services.usage.rendering import answer
from tests.factories import admin
from tests.usage.conftest import Usage
from tests.usage.drawn import big
from tests.usage.factories import call, completed


async def _fetch(usage: Usage, **params: str) -> tuple[Any, bytes]:
    headers = {"Authorization": usage.trust.bearer("usage", admin())}
    async with usage.client.get("/v1/reports/usage", params=params, headers=headers) as response:
        assert response.status == 200
        return response.headers, await response.read()


@pytest.mark.parametrize(
    ("form", "content_type", "disposition"),
    [
        ("text", "text/plain; charset=utf-8", 'inline; filename="usage-{}.txt"'),
        ("json", "application/json; charset=utf-8", 'inline; filename="usage-{}.json"'),
        ("csv", "text/csv; charset=utf-8", 'attachment; filename="usage-{}.csv"'),
        ("html", "text/html; charset=utf-8", 'inline; filename="usage-{}.html"'),
        ("pdf", "application/pdf", 'attachment; filename="usage-{}.pdf"'),
        ("focus", "text/csv; charset=utf-8", 'attachment; filename="usage-{}.focus.csv"'),
        (
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            'attachment; filename="usage-{}.xlsx"',
        ),
    ],
)
async def test_answer_has_the_type_of_its_form_and_the_period_in_its_name(
    usage: Usage, form: str, content_type: str, disposition: str
) -> None:
    await usage.send(call(), completed())
    days = {"start_date": "2026-08-01", "end_date": "2026-08-31"}

    headers, _ = await _fetch(usage, format=form, **days)

    assert headers["Content-Type"] == content_type
    assert headers["Content-Disposition"] == disposition.format("from-2026-08-01-to-2026-08-31")
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("form", ["text", "json", "csv", "html", "pdf", "xlsx", "focus"])
async def test_ledger_without_any_usage_has_every_form(usage: Usage, form: str) -> None:
    headers, content = await _fetch(usage, format=form)

    assert 'filename="usage-all.' in headers["Content-Disposition"]
    if form == "pdf":
        page = pypdfium2.PdfDocument(content)[0].get_textpage().get_text_range()
        assert "No usage data found" in page
    elif form == "xlsx":
        assert load_workbook(io.BytesIO(content))["Summary"]["A4"].value == "No usage data found"
    elif form in ("text", "html"):
        assert b"No usage data found" in content
    else:
        assert content


async def test_format_that_does_not_exist_is_refused(usage: Usage) -> None:
    status, problem = await usage.get("/v1/reports/usage", params={"format": "doc"})

    assert (status, problem["code"]) == (422, "bad_query")


@pytest.mark.parametrize("form", ["pdf", "xlsx", "html"])
async def test_loop_goes_on_while_a_big_report_is_drawn(form: str) -> None:
    report = big(days=200, clients=60, users=600)
    beats = 0

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(0.001)
            beats += 1

    beating = asyncio.create_task(beat())
    await answer(report, form, asyncio.Semaphore(1))
    beating.cancel()

    assert beats > 1, "drawn on the loop there would be none"


async def test_no_more_reports_are_drawn_at_once_than_there_are_places() -> None:
    places = asyncio.Semaphore(2)
    async with places, places:
        waiting = asyncio.create_task(answer(big(1, 1, 1), "text", places))
        await asyncio.sleep(0.05)
        assert not waiting.done()
    assert (await waiting).status == 200
