"""Names come from outside, a model's and a file's too: mailed, each is a word and nothing else."""

import unicodedata
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage, MIMEPart
from html.parser import HTMLParser
from pathlib import Path

import pytest
from aiohttp import ClientSession
from pydantic import SecretStr

from libs.api.call import Caller
from libs.api.usage import UsageApi
from libs.mail import Server
from services.usage.commands import ReportOptions
from services.usage.mailing import Postbox, mail_report
from tests.factories import admin
from tests.smtp import PASSWORD, USER, Inbox, smtp_server
from tests.usage.conftest import Usage
from tests.usage.factories import call, completed

NOW = datetime(2026, 9, 1, 6, 30, tzinfo=UTC)
ADA = "ada@agency.example"
OPTIONS = ReportOptions(start_date="2026-08-01", end_date="2026-08-31", email=(ADA,))
HOSTILE = {
    "markup": 'W<img src="https://evil.example/x.png" onerror=alert(1)><script>alert(2)</script>',
    "attribute": "W\" onmouseover='alert(1)' style=\"background:url(https://evil.example)",
    "header": "W\r\nBcc: eve@evil.example\r\nContent-Type: text/html\r\n\r\n<b>hi</b>",
    "encoded header": "W=?utf-8?q?=0D=0ABcc:_eve@evil.example?=",
    "terminal": "W\x1b[2J\x1b]0;owned\x07\x1b]8;;https://evil.example\x1b\\click",
    "turned around": "W\u202egnp.exe\u2066\u200b",
    "lines": "W\u2028USAGE BY CLIENT\u2029\x85\x0b\x0cTOTAL 0",
    "template": "W{{7*7}}{% raw %}${7*7}#{7*7}",
    "end of the mail": "W\r\n.\r\nMAIL FROM:<eve@evil.example>\r\n",
}
HEADERS = {
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "auto-submitted",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
}


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
    async with ClientSession() as session:
        token = usage.trust.bearer("usage", admin()).removeprefix("Bearer ")
        yield UsageApi(Caller(session, usage.client.make_url("/"), lambda: token))


async def bill(usage: Usage, name: str) -> None:
    """A call and an analysis whose every name is this one, wherever a name may come from."""
    whose = {"client_id": name, "user_id": name, "profile_id": name, "user_email": name[:300]}
    of_call = {"provider": name, "model_requested": name, "model_served": name}
    more = {"check_ids": [name], "tool_calls": {name: 3}, **of_call}
    status, answer = await usage.send(
        call(**whose, **more), completed(**whose, user_name=name), call(check_ids=["logo"])
    )
    assert status == 200, answer


class Page(HTMLParser):
    """What a mail program would make of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: set[str] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            self.attributes.add(name)
            if name in ("src", "href", "action", "background") or "url(" in (value or ""):
                self.addresses.add(value or "")

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def parts(mail: EmailMessage) -> tuple[str, Page]:
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None and html is not None
    page = Page()
    page.feed(_lines(html))
    return _lines(text), page


def _lines(part: MIMEPart) -> str:
    """Its text with the line ends of Python; mail has its own."""
    said: str = part.get_content()
    return said.replace("\r\n", "\n")


async def sent(api: UsageApi, options: ReportOptions, postbox: Postbox, inbox: Inbox) -> None:
    await mail_report(api, options, postbox, NOW)
    assert inbox.recipients == [ADA], "nobody else got it"
    [mail] = inbox.messages
    assert {name.lower() for name in mail} <= HEADERS
    assert all("\n" not in str(value) and "\r" not in str(value) for value in mail.values())
    assert mail["to"] == ADA and mail["from"] == "qc@agency.example"


def moves_nothing(text: str) -> bool:
    """No character turns the text around or moves the cursor, and a line ends as lines do."""
    return all(
        unicodedata.category(one) not in ("Cc", "Cf", "Zl", "Zp") or one == "\n" for one in text
    )


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
async def test_a_name_in_a_mailed_report_is_a_word(
    usage: Usage, api: UsageApi, postbox: Postbox, inbox: Inbox, name: str
) -> None:
    await bill(usage, "Plain")
    of_plain_names = Page()
    of_plain_names.feed((await api.report(start_date="2026-08-01", format="html")).decode())
    await bill(usage, name)

    await sent(api, OPTIONS, postbox, inbox)

    text, page = parts(inbox.messages[0])
    assert "W" in text and any("W" in words for words in page.words), "it is named all the same"
    assert page.tags == of_plain_names.tags
    assert page.attributes == of_plain_names.attributes
    assert page.addresses == of_plain_names.addresses
    assert moves_nothing(text) and moves_nothing("".join(page.words))
    assert not any(line.startswith(("Bcc:", "MAIL FROM", "TOTAL 0")) for line in text.split("\n"))
    assert ("{{7*7}}" in name) is ("{{7*7}}" in text), "nothing is worked out"


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
async def test_a_client_in_the_subject_writes_no_header(
    usage: Usage, api: UsageApi, postbox: Postbox, inbox: Inbox, name: str
) -> None:
    await bill(usage, name)

    await sent(api, replace(OPTIONS, client=(name,), format="csv"), postbox, inbox)

    [mail] = inbox.messages
    [file] = mail.iter_attachments()
    assert mail["subject"].strip().startswith("AI QC usage report, 2026-08-01 to 2026-08-31 (W")
    assert moves_nothing(str(mail["subject"]))
    assert file.get_filename() == "usage-from-2026-08-01-to-2026-08-31.csv"
