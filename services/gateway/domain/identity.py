"""Who an identity provider says somebody is, and whether that is one of the first admins."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

MAX_SUBJECT = 255
MAX_NAME = 200
MAX_EMAIL = 320


@dataclass(frozen=True, slots=True)
class Identity:
    """A person is `issuer` and `subject`; name and e-mail are for people and may change."""

    issuer: str
    subject: str
    name: str
    email: str
    email_verified: bool


def identity_of(claims: Mapping[str, object]) -> Identity:
    """Read the claims of a valid ID token. Raises ValueError without a usable subject.

    Entra's `sub` differs from one registered application to the next; `tid` and `oid` are the
    person's own. Source: Microsoft identity platform, "ID token claims reference".
    """
    tenant, object_id = _text(claims, "tid"), _text(claims, "oid")
    subject = f"{tenant}/{object_id}" if tenant and object_id else _text(claims, "sub")
    if not 0 < len(subject) <= MAX_SUBJECT or not subject.isprintable():
        raise ValueError("the token names nobody")
    email = _text(claims, "email")
    name = _text(claims, "name") or _text(claims, "preferred_username") or email or subject
    return Identity(
        issuer=_text(claims, "iss"),
        subject=subject,
        name=_line(name)[:MAX_NAME],
        email=email if "@" in email and email.isprintable() and len(email) <= MAX_EMAIL else "",
        email_verified=claims.get("email_verified") is True,
    )


def is_named_by_subject(identity: Identity, admins: Collection[str]) -> bool:
    """An entry with an @ is an e-mail address and never a subject, so it cannot mean two people."""
    return "@" not in identity.subject and identity.subject in admins


def is_named_by_email(identity: Identity, admins: Collection[str]) -> bool:
    """Only an address that the provider says it has verified counts."""
    email = identity.email.casefold()
    return bool(email) and identity.email_verified and email in {a.casefold() for a in admins}


def _text(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    return value if isinstance(value, str) else ""


def _line(text: str) -> str:
    return "".join(character if character.isprintable() else " " for character in text).strip()
