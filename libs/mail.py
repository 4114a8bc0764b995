"""Mail over SMTP: encrypted unless the URL says otherwise, and sentences for what goes wrong.

Neither a log nor an error ever has the password, nor what a server says while it is asked.
"""

import asyncio
import os
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Literal
from urllib.parse import unquote, urlsplit

import aiosmtplib
from pydantic import PositiveFloat, SecretStr

from libs.problems import Invalid, UpstreamFailed
from libs.settings import BadSettings, Settings

PREFIX = "AIQC_MAIL_"
Security = Literal["starttls", "tls", "none"]
SCHEMES: dict[str, tuple[Security, int]] = {
    "smtp": ("starttls", 587),
    "smtps": ("tls", 465),
    "smtp+plain": ("none", 25),
}
FORM = "write smtp://USER:PASSWORD@HOST:PORT, with smtps:// for TLS from the first byte"
SAID_CHARACTERS = 200


class MailSettings(Settings):
    """`url` names the server, `sender` the address that mail comes from."""

    url: SecretStr | None = None
    sender: str = ""
    timeout_s: PositiveFloat = 30.0


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail is handed over. Credentials never go over a line that is not encrypted."""

    host: str
    port: int
    security: Security
    user: str = ""
    password: SecretStr | None = None
    timeout_s: float = 30.0
    tls: ssl.SSLContext | None = None

    @property
    def name(self) -> str:
        return f"{self.host}:{self.port}"


def read_server(settings: MailSettings) -> Server:
    """The server that the settings name. Raises BadSettings, which does not repeat the URL."""
    if settings.url is None:
        raise BadSettings(f"{PREFIX}URL: there is no mail server; {FORM}.")
    try:
        parts = urlsplit(settings.url.get_secret_value())
        security, port = SCHEMES[parts.scheme]
        host, given_port = parts.hostname, parts.port
    except (ValueError, KeyError):
        raise BadSettings(f"{PREFIX}URL: this is no mail server; {FORM}.") from None
    if not host or parts.path.strip("/") or parts.query or parts.fragment:
        raise BadSettings(f"{PREFIX}URL: this is no mail server; {FORM}.")
    if parts.username and security == "none":
        raise BadSettings(f"{PREFIX}URL: a password is not sent without TLS; use smtp://.")
    return Server(
        host,
        given_port or port,
        security,
        unquote(parts.username or ""),
        SecretStr(unquote(parts.password or "")) if parts.username else None,
        settings.timeout_s,
    )


def header_text(words: str) -> str:
    """`words` for a header, as they stand: a space breaks what would be an encoded word.

    `email` decodes those in whatever it is given, line breaks too, and writes a name that holds
    one as a header of its own.
    """
    return words.replace("=?", "= ?")


def read_address(text: str) -> str:
    """A mail address as it was written. Raises Invalid for anything that is not just one.

    What could start another header or name another recipient is no part of an address.
    """
    try:
        address = Address(addr_spec=text)
        usable = text.isascii() and text.isprintable() and len(text) <= 254 and address.domain
    except (HeaderParseError, ValueError, IndexError):
        usable = ""
    if not usable or " " in text:
        raise Invalid("bad_address", f"{text!r} is not a mail address: write name@domain.")
    return text


@asynccontextmanager
async def open_mail(server: Server) -> AsyncIterator[aiosmtplib.SMTP]:
    """A connection that is encrypted and signed in. Raises UpstreamFailed with a sentence."""
    client = aiosmtplib.SMTP(
        hostname=server.host,
        port=server.port,
        timeout=server.timeout_s,
        use_tls=server.security == "tls",
        start_tls=server.security == "starttls",
        tls_context=server.tls or ssl.create_default_context(),
    )
    try:
        with _in_words(server):
            async with asyncio.timeout(server.timeout_s * 2):
                await client.connect()
                if server.password:
                    await client.login(server.user, server.password.get_secret_value())
        yield client
    finally:
        client.close()


async def deliver(
    client: aiosmtplib.SMTP, server: Server, message: EmailMessage, recipient: str
) -> None:
    """Hand one message over for one recipient. Raises UpstreamFailed with a sentence."""
    with _in_words(server):
        async with asyncio.timeout(server.timeout_s * 2):
            await client.send_message(message, recipients=[recipient])


@contextmanager
def _in_words(server: Server) -> Iterator[None]:
    name = server.name
    try:
        yield
    except aiosmtplib.SMTPAuthenticationError as error:
        raise _failed(f"{name} refused the user name or the password ({error.code}).") from None
    except aiosmtplib.SMTPRecipientsRefused as refused:
        first = refused.recipients[0]
        raise _failed(f"{name} refused {first.recipient}: {_said(first)}.") from None
    except aiosmtplib.SMTPResponseException as error:
        raise _failed(f"{name} refused the mail: {_said(error)}.") from None
    except (aiosmtplib.SMTPTimeoutError, TimeoutError):
        raise _failed(f"{name} did not answer within {server.timeout_s:g} s.") from None
    except ssl.SSLError as error:
        raise _failed(f"{name} has no certificate to trust: {error.reason}.") from None
    except aiosmtplib.SMTPServerDisconnected:
        raise _failed(f"{name} closed the connection.") from None
    except (aiosmtplib.SMTPException, OSError) as error:
        raise _failed(f"{name} cannot be used: {_why(error)}.") from None


def _why(error: Exception) -> str:
    cause = error.__cause__ or error
    if isinstance(cause, ssl.SSLError):
        return f"TLS failed, {cause.reason or 'for no reason given'}"
    if isinstance(cause, OSError) and cause.errno:
        return str(cause.strerror) if cause.errno < 0 else os.strerror(cause.errno)
    return _cleaned(str(cause))


def _failed(sentence: str) -> UpstreamFailed:
    return UpstreamFailed("mail_failed", f"The mail server {sentence}")


def _said(error: aiosmtplib.SMTPResponseException) -> str:
    later = ", which may pass; try again later" if error.code < 500 else ""
    return f"{error.code} {_cleaned(error.message)}{later}"


def _cleaned(text: str) -> str:
    """What a server says is shown in one line, without what could move the cursor."""
    return "".join(c if c.isprintable() else " " for c in text)[:SAID_CHARACTERS].rstrip(" .")
