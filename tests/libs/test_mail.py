"""Mail over a real SMTP server, and what is said when one does not take it."""

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path

import pytest
from pydantic import SecretStr

from libs.mail import MailSettings, Server, deliver, open_mail, read_address, read_server
from libs.problems import Invalid, UpstreamFailed
from libs.settings import BadSettings
from tests.smtp import PASSWORD, USER, Inbox, smtp_server


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    with smtp_server(tmp_path) as inbox:
        yield inbox


def _server(inbox: Inbox) -> Server:
    return Server(
        "127.0.0.1", inbox.port, "starttls", USER, SecretStr(PASSWORD), timeout_s=5, tls=inbox.tls
    )


async def _send(server: Server, to: str = "ada@agency.example") -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "qc@agency.example", to, "Usage – £"
    message.set_content("text")
    async with open_mail(server) as client:
        await deliver(client, server, message, to)


async def test_mail_goes_over_an_encrypted_line(inbox: Inbox) -> None:
    await _send(_server(inbox))

    assert (inbox.recipients, inbox.encrypted) == (["ada@agency.example"], [True])
    assert inbox.messages[0]["subject"] == "Usage – £"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("451 mailbox busy", "451 mailbox busy, which may pass; try again later"),
        ("552 too much\x1b[2J mail", r"552 too much \[2J mail\.$"),
    ],
)
async def test_server_that_does_not_take_it_is_quoted(inbox: Inbox, answer: str, said: str) -> None:
    inbox.answers = [answer]

    with pytest.raises(UpstreamFailed, match=said):
        await _send(_server(inbox))


async def test_recipient_that_is_refused_is_named(inbox: Inbox) -> None:
    inbox.refused = {"bob@agency.example"}

    with pytest.raises(UpstreamFailed, match=r"refused bob@agency\.example: 550 no such mailbox"):
        await _send(_server(inbox), "bob@agency.example")


async def test_wrong_password_is_said_without_it(inbox: Inbox) -> None:
    server = replace(_server(inbox), password=SecretStr("not-the-password"))

    with pytest.raises(UpstreamFailed, match=r"refused the user name or the password \(535\)") as e:
        await _send(server)
    assert "not-the-password" not in str(e.value)


async def test_certificate_of_nobody_we_trust_is_refused(inbox: Inbox) -> None:
    with pytest.raises(UpstreamFailed, match="certificate"):
        await _send(replace(_server(inbox), tls=None))
    assert inbox.messages == []


async def test_server_without_tls_gets_neither_password_nor_mail(tmp_path: Path) -> None:
    with smtp_server(tmp_path, tls=False) as inbox:
        with pytest.raises(UpstreamFailed, match="STARTTLS"):
            await _send(_server(inbox))
        assert inbox.messages == []


async def test_plain_line_is_used_only_when_it_is_asked_for(tmp_path: Path) -> None:
    with smtp_server(tmp_path, tls=False) as inbox:
        await _send(Server("127.0.0.1", inbox.port, "none"))

        assert inbox.encrypted == [False]


async def test_server_that_is_not_there_is_said_in_words() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(
        UpstreamFailed, match=f"127.0.0.1:{port} cannot be used: Connection refused"
    ):
        await _send(Server("127.0.0.1", port, "starttls"))


async def test_server_that_says_nothing_is_left_in_time() -> None:
    silent = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    server = Server("127.0.0.1", port, "starttls", timeout_s=0.3)

    with pytest.raises(UpstreamFailed, match=r"did not answer within 0\.3 s"):
        async with asyncio.timeout(5):
            await _send(server)
    silent.close()


@pytest.mark.parametrize(
    "address",
    [
        "ada@agency.example\r\nBcc: evil@evil.example",
        "ada@agency.example, evil@evil.example",
        "Ada <ada@agency.example>",
        "ada agency@agency.example",
        "ada@",
        "ada",
        "",
        "öst@agency.example",
        "a" * 250 + "@b.example",
    ],
)
def test_what_is_not_just_one_address_is_refused(address: str) -> None:
    with pytest.raises(Invalid, match="is not a mail address"):
        read_address(address)


def test_address_is_taken_as_it_was_written() -> None:
    assert read_address("Ada.O'Neil+qc@agency.example") == "Ada.O'Neil+qc@agency.example"


def _read(url: str | None) -> Server:
    return read_server(MailSettings(url=SecretStr(url) if url else None))


def test_url_names_server_port_encryption_and_who_we_are() -> None:
    secret = _read("smtp://post:p%40ss%2Fword@mail.example")

    assert (secret.host, secret.port, secret.security) == ("mail.example", 587, "starttls")
    assert secret.password is not None
    assert (secret.user, secret.password.get_secret_value()) == ("post", "p@ss/word")
    assert _read("smtps://mail.example").port == 465
    assert _read("smtp+plain://relay:2525").security == "none"


@pytest.mark.parametrize(
    "url",
    [
        None,
        "mail.example",
        "http://u:hidden@mail.example",
        "smtp://u:hidden@mail.example:port",
        "smtp://u:hidden@mail.example/path",
        "smtp+plain://u:hidden@mail.example",
        "smtp://",
    ],
)
def test_url_that_is_no_mail_server_is_refused_without_being_repeated(url: str | None) -> None:
    with pytest.raises(BadSettings, match="AIQC_MAIL_URL") as refused:
        _read(url)
    assert "hidden" not in str(refused.value)
