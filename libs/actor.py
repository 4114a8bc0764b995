"""Passports: who a request acts for, signed by the gateway for one service and one minute.

A service believes nothing but a passport. It knows the public keys of those who may issue
one; the key's id is the issuer's name, and `ISSUERS` says what each may vouch for. The
external token never goes further than the gateway.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey
from pydantic import ValidationError

from libs.contracts.access import LEAST_ROLE, Action, Actor, Reserved, Role
from libs.problems import Forbidden, NotFound, Unauthenticated
from libs.settings import BadSettings

Service = Literal["gateway", "qc", "profiles", "usage"]
PASSPORT_LIFE = timedelta(seconds=60)
CLOCK_LEEWAY_S = 5
ALGORITHMS = ["Ed25519"]
ROLES = list(Role)

ISSUERS: Mapping[str, frozenset[Action] | None] = {
    "gateway": None,
    "local": None,
    "qc": frozenset(
        {
            Action.RECORD_USAGE,
            Action.READ_USAGE,
            Action.READ_PROFILES,
            Action.RESOLVE_PROFILES,
        }
    ),
}
"""Which scopes an issuer may put into a passport; None: it may also vouch for people.

`local` is the `aiqc` command on the embedded default, `qc` the qc service itself.
"""


class Issuer:
    """Signs passports with one private key. Raises BadSettings for what is no such key."""

    def __init__(self, name: str, private_jwk: Mapping[str, str]) -> None:
        self._name = name
        try:
            self._key = OKPKey.import_key(dict(private_jwk))
        except (JoseError, ValueError, KeyError, TypeError):
            raise BadSettings("the signing key is no private Ed25519 key in JWK form") from None

    def passport(
        self, actor: Actor, audience: Service, now: datetime, life: timedelta = PASSPORT_LIFE
    ) -> str:
        """A signed token for `audience` that acts as `actor` until `now` + `life`."""
        claims = {
            "iss": self._name,
            "aud": audience,
            "iat": int(now.timestamp()),
            "exp": int((now + life).timestamp()),
            "actor": actor.model_dump(mode="json"),
        }
        header = {"alg": "Ed25519", "kid": self._name}
        return jwt.encode(header, claims, self._key, algorithms=ALGORITHMS)


class Verifier:
    """Reads passports that are meant for one service."""

    def __init__(self, audience: Service, trusted: Mapping[str, object]) -> None:
        """`trusted` is a JWK set of public keys whose `kid` is an issuer of `ISSUERS`.

        Raises BadSettings for what is no such set.
        """
        self._audience = audience
        try:
            self._keys = KeySet.import_key_set(dict(trusted))  # type: ignore[arg-type]
        except (JoseError, ValueError, KeyError, TypeError):
            raise BadSettings("the trusted keys are no JWK set with a key in it") from None

    def actor(self, token: str, now: datetime) -> Actor:
        """The actor of a valid passport. Raises Unauthenticated and says nothing of the reason."""
        try:
            return self._read(token, now)
        except (JoseError, ValidationError, ValueError, KeyError, TypeError) as error:
            raise Unauthenticated(
                "bad_passport", "The bearer token is not valid here, or has expired."
            ) from error

    def _read(self, token: str, now: datetime) -> Actor:
        decoded = jwt.decode(token, self._keys, algorithms=ALGORITHMS)
        issuer = decoded.header["kid"]
        jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=CLOCK_LEEWAY_S,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": self._audience},
            iat={"essential": True},
            exp={"essential": True},
        ).validate(decoded.claims)
        actor = Actor.model_validate(decoded.claims["actor"])
        allowed_scopes = ISSUERS[issuer]
        if allowed_scopes is not None and not (
            actor.kind == "service" and not actor.admin and actor.scopes <= allowed_scopes
        ):
            raise ValueError("the issuer may not vouch for this")
        return actor


def new_key(name: str) -> tuple[dict[str, str], dict[str, str]]:
    """A new key pair for issuer `name`: private and public JWK."""
    key = OKPKey.generate_key("Ed25519", {"kid": name, "use": "sig"})
    private, public = key.as_dict(private=True), key.as_dict(private=False)
    return {k: str(v) for k, v in private.items()}, {k: str(v) for k, v in public.items()}


def may(actor: Actor, action: Action, client_id: str | None = None) -> bool:
    """Whether `actor` may do `action` for that client; with no client: for at least one."""
    if actor.kind == "service":
        return action in actor.scopes
    least = LEAST_ROLE[action]
    if least is Reserved.SERVICES:
        return False
    if actor.admin:
        return True
    if least is Reserved.ADMINS:
        return False
    roles = actor.clients.values() if client_id is None else _role(actor, client_id)
    return any(ROLES.index(role) >= ROLES.index(least) for role in roles)


def require(actor: Actor, action: Action, client_id: str) -> None:
    """Raise unless `actor` may do `action` for the client.

    NotFound when the actor may not even see the client: what is foreign looks absent.
    """
    if may(actor, action, client_id):
        return
    if actor.kind == "user" and client_id not in actor.clients:
        raise NotFound("unknown_client", f"There is no brand client {client_id!r}.")
    raise Forbidden("not_allowed", f"You may not do this for {client_id!r}: ask an admin.")


def visible_clients(actor: Actor, action: Action) -> tuple[str, ...] | None:
    """The clients for which `actor` may do `action`; None means every client."""
    if actor.admin or actor.kind == "service":
        return None
    return tuple(sorted(client for client in actor.clients if may(actor, action, client)))


def _role(actor: Actor, client_id: str) -> list[Role]:
    return [actor.clients[client_id]] if client_id in actor.clients else []
