"""`aiqc report --email`: what arrives, and that it arrives once."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession
from pydantic import SecretStr

from libs.api.call import Caller
from libs.api.usage import UsageApi
from libs.mail import Server
from libs.problems import Conflict, Invalid, UpstreamFailed
from services.usage.commands import ReportOptions
from services.usage.mailing import Postbox, mail_report, read_postbox
from services.usage.sent_mail import claim, key_of
from tests.factories import admin
from tests.smtp import PASSWORD, USER, Inbox, smtp_server
from tests.usage.conftest import Usage
from tests.usage.factories import call, completed

NOW = datetime(2026, 9, 1, 6, 30, tzinfo=UTC)
ADA, BOB = "ada@agency.example", "bob@agency.example"
OPTIONS = ReportOptions(start_date="2026-08-01", end_date="2026-08-31", email=(ADA,))


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    with smtp_server(tmp_path) as inbox:
        yield inbox


@pytest.fixture
def postbox(inbox: Inbox, tmp_path: Path) -> Postbox:
    secret = SecretStr(PASSWORD)
    server = Server("127.0.0.1", inbox.port, "starttls", USER, secret, timeout_s=5, tls=inbox.tls)
    return Postbox(server, "qc@agency.example", tmp_path / "sent-mail")


@pytest.fixture
async def api(usage: Usage) -> AsyncIterator[UsageApi]:
    await usage.send(call(), completed(), call(client_id="=李伟"))
    async with ClientSession() as session:
        token = usage.trust.bearer("usage", admin()).removeprefix("Bearer ")
        yield UsageApi(Caller(session, usage.client.make_url("/"), lambda: token))


async def test_mail_has_text_page_and_the_file_in_the_chosen_form(
    api: UsageApi, postbox: Postbox, inbox: Inbox
) -> None:
    said = await mail_report(api, replace(OPTIONS, format="xlsx"), postbox, NOW)

    [mail] = inbox.messages
    text, page = mail.get_body(("plain",)), mail.get_body(("html",))
    [file] = mail.iter_attachments()
    assert said == f"Report sent to {ADA}.\n"
    assert text is not None and "USAGE REPORT" in text.get_content()
    assert "=李伟" in text.get_content()
    assert page is not None and "<h1>Usage report</h1>" in page.get_content()
    assert file.get_filename() == "usage-from-2026-08-01-to-2026-08-31.xlsx"
    assert file.get_content().startswith(b"PK")
    assert mail["subject"] == "AI QC usage report, 2026-08-01 to 2026-08-31"
    assert (mail["from"], mail["to"]) == ("qc@agency.example", ADA)
    assert mail["auto-submitted"] == "auto-generated"


async def test_report_goes_to_each_address_once_a_day(
    api: UsageApi, postbox: Postbox, inbox: Inbox
) -> None:
    both = replace(OPTIONS, email=(ADA, BOB))
    await mail_report(api, OPTIONS, postbox, NOW)

    said = await mail_report(api, both, postbox, NOW + timedelta(hours=1))
    await mail_report(api, both, postbox, NOW + timedelta(hours=2))

    assert said == f"Already sent to {ADA} today; --again sends it again.\nReport sent to {BOB}.\n"
    assert inbox.recipients == [ADA, BOB]
    await mail_report(api, OPTIONS, postbox, NOW + timedelta(days=1))
    assert inbox.recipients == [ADA, BOB, ADA]


@pytest.mark.parametrize(
    "other",
    [{"client": ("diageo",)}, {"format": "csv"}, {"end_date": "2026-08-30"}, {"user": "uma"}],
    ids=str,
)
async def test_another_report_is_another_mail(
    api: UsageApi, postbox: Postbox, inbox: Inbox, other: dict[str, object]
) -> None:
    await mail_report(api, OPTIONS, postbox, NOW)
    await mail_report(api, replace(OPTIONS, **other), postbox, NOW)  # type: ignore[arg-type]

    assert len({mail["message-id"] for mail in inbox.messages}) == 2


async def test_again_is_a_mail_of_its_own_for_the_reader(
    api: UsageApi, postbox: Postbox, inbox: Inbox
) -> None:
    await mail_report(api, OPTIONS, postbox, NOW)
    await mail_report(api, replace(OPTIONS, again=True), postbox, NOW)

    assert len({mail["message-id"] for mail in inbox.messages}) == 2


async def test_mail_that_a_crash_left_without_a_record_comes_under_the_same_id(
    api: UsageApi, postbox: Postbox, inbox: Inbox
) -> None:
    """So a reader's program can see that it is the same mail."""
    await mail_report(api, OPTIONS, postbox, NOW)
    [record] = postbox.folder.iterdir()
    record.write_text('{"sent_at": "2026-')

    await mail_report(api, OPTIONS, postbox, NOW)

    first, second = inbox.messages
    assert first["message-id"] == second["message-id"]


async def test_mail_that_was_not_taken_is_sent_by_the_next_run(
    api: UsageApi, postbox: Postbox, inbox: Inbox
) -> None:
    inbox.answers = ["451 not now"]
    with pytest.raises(UpstreamFailed, match="451 not now"):
        await mail_report(api, OPTIONS, postbox, NOW)

    assert "Report sent" in await mail_report(api, OPTIONS, postbox, NOW)
    assert inbox.recipients == [ADA]


async def test_one_refused_address_does_not_keep_the_report_from_the_others(
    api: UsageApi, postbox: Postbox, inbox: Inbox
) -> None:
    inbox.refused = {ADA}

    with pytest.raises(UpstreamFailed, match=f"Report sent to {BOB}.*refused {ADA}: 550"):
        await mail_report(api, replace(OPTIONS, email=(ADA, BOB)), postbox, NOW)

    assert inbox.recipients == [BOB]


async def test_two_at_once_send_one_mail(api: UsageApi, postbox: Postbox, inbox: Inbox) -> None:
    ended = await asyncio.gather(
        *(mail_report(api, OPTIONS, postbox, NOW) for _ in range(3)), return_exceptions=True
    )

    assert inbox.recipients == [ADA]
    assert any(end == f"Report sent to {ADA}.\n" for end in ended)


def test_record_belongs_to_one_process_at_a_time(tmp_path: Path) -> None:
    another = claim(tmp_path, "key")

    with claim(tmp_path, "key"), pytest.raises(Conflict, match="at this moment"):
        another.__enter__()


def test_key_is_that_of_the_same_parts_whatever_their_order() -> None:
    assert key_of({"a": 1, "b": 2}) == key_of({"b": 2, "a": 1}) != key_of({"a": 1, "b": 3})


async def test_address_that_is_none_stops_before_anything_is_sent(
    api: UsageApi, postbox: Postbox, inbox: Inbox
) -> None:
    with pytest.raises(Invalid, match="is not a mail address"):
        await mail_report(api, replace(OPTIONS, email=(ADA, "b\r\nBcc: x@y.z")), postbox, NOW)
    assert inbox.messages == []


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({}, "AIQC_MAIL_URL"),
        ({"AIQC_MAIL_URL": "smtp://u:hidden@mail.example"}, "AIQC_MAIL_SENDER"),
        ({"AIQC_MAIL_URL": "ftp://u:hidden@x", "AIQC_MAIL_SENDER": ADA}, "AIQC_MAIL_URL"),
        ({"AIQC_MAIL_URL": "smtp://x", "AIQC_MAIL_SENDER": "ada"}, "not a mail address"),
        ({"AIQC_MAIL_URL": "smtp://x", "AIQC_MAIL_TIMEOUT": "3"}, "AIQC_MAIL_TIMEOUT"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_named(
    tmp_path: Path, environ: dict[str, str], words: str
) -> None:
    with pytest.raises(Invalid, match=words) as refused:
        read_postbox(environ, tmp_path)
    assert "hidden" not in str(refused.value)
