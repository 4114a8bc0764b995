"""A real SMTP server with STARTTLS and sign-in, which keeps what it is given."""

import ipaddress
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from deploy.ports import free_ports

USER, PASSWORD = "post", "p@ss/word"


@dataclass
class Inbox:
    """What was handed over. `answers` are given to the next messages, then `250 OK` again."""

    port: int = 0
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    messages: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    encrypted: list[bool] = field(default_factory=list)

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.answers:
            return self.answers.pop(0)
        self.messages.append(message_from_bytes(envelope.content, policy=policy.default))
        self.recipients += envelope.rcpt_tos
        self.encrypted.append(session.ssl is not None)
        return "250 OK"


@contextmanager
def smtp_server(folder: Path, tls: bool = True) -> Iterator[Inbox]:
    """Serve on a free port of loopback until the block ends."""
    server_tls, client_tls = _certificate(folder)
    inbox = Inbox(tls=client_tls)
    secure: dict[str, Any] = {
        "tls_context": server_tls,
        "require_starttls": True,
        "authenticator": _authenticate,
        "auth_required": True,
    }
    [inbox.port] = free_ports(1)
    options: dict[str, Any] = secure if tls else {}
    controller = Controller(inbox, hostname="127.0.0.1", port=inbox.port, **options)
    controller.start()
    try:
        yield inbox
    finally:
        controller.stop()


def _authenticate(
    server: Any, session: Any, envelope: Any, mechanism: str, given: Any
) -> AuthResult:
    """`handled` must be False on failure: else no answer is sent and the client waits."""
    matches = (given.login, given.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=matches, handled=False)


def _certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    both = folder / "smtp.pem"
    both.write_bytes(secret + certificate.public_bytes(pem))
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(both)
    client = ssl.create_default_context(cadata=certificate.public_bytes(pem).decode())
    return server, client
