"""An OpenID Connect provider, as far as signing people in goes: authorization code with PKCE.

Only the issuer's own host is ever called, whatever its documents say. Its tokens stay here:
who somebody is comes out, nothing else. Sources: OpenID Connect Core 1.0, section 3.1;
RFC 7636 (PKCE); RFC 9700 (security best current practice).
"""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote_plus

import structlog
from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, hdrs
from joserfc import jwt
from joserfc.errors import JoseError
from yarl import URL

from libs.problems import Unauthenticated, UpstreamFailed
from services.gateway.domain.identity import Identity, identity_of
from services.gateway.jwks import COOL_DOWN_S, SigningKeys
from services.gateway.settings import OidcClient

log = structlog.get_logger()

ALGORITHMS = ["RS256", "ES256"]
SCOPES = "openid profile email"
CLOCK_LEEWAY_S = 60
TIMEOUT = ClientTimeout(total=10, sock_connect=3)
MAX_BYTES = 512 << 10
METADATA_LIFE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Metadata:
    """Where the provider's parts are, all of them on the issuer's host."""

    authorize: URL
    token: URL
    keys: URL
    takes_basic: bool


class OidcProvider:
    def __init__(
        self, http: ClientSession, client: OidcClient, cool_down_s: float = COOL_DOWN_S
    ) -> None:
        self._http = http
        self._client = client
        self._issuer = URL(client.issuer)
        self._metadata: Metadata | None = None
        self._metadata_until = 0.0
        self._keys = SigningKeys(self._fetch_keys, cool_down_s)

    async def authorize_url(self, state: str, nonce: str, verifier: str) -> URL:
        """Where to send the browser. Raises UpstreamFailed."""
        challenge = hashlib.sha256(verifier.encode()).digest()
        return (await self._described()).authorize.update_query(
            response_type="code",
            client_id=self._client.client_id,
            redirect_uri=self._client.redirect_url,
            scope=SCOPES,
            state=state,
            nonce=nonce,
            code_challenge=base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
            code_challenge_method="S256",
        )

    async def identity(self, code: str, verifier: str, nonce: str, now: datetime) -> Identity:
        """Who came back with `code`. Raises Unauthenticated, or UpstreamFailed."""
        token = await self._redeem(code, verifier)
        try:
            return identity_of(await self._claims(token, nonce, now))
        except (JoseError, ValueError, KeyError, TypeError) as error:
            log.warning("an ID token was refused", why=f"{type(error).__name__}: {error}")
            raise Unauthenticated(
                "bad_id_token",
                "The identity provider's answer is not valid here: sign in again, and tell "
                "whoever runs AI QC if it stays so.",
            ) from error

    async def _claims(self, token: str, nonce: str, now: datetime) -> Mapping[str, object]:
        """The claims of an ID token that is for us, of this sign-in, and still valid."""
        key = await self._keys.key(_key_id(token))
        claims = jwt.decode(token, key, algorithms=ALGORITHMS).claims
        jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=CLOCK_LEEWAY_S,
            iss={"essential": True, "value": self._client.issuer},
            aud={"essential": True, "value": self._client.client_id},
            sub={"essential": True},
            iat={"essential": True},
            exp={"essential": True},
        ).validate(claims)
        shared = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if (shared or "azp" in claims) and claims.get("azp") != self._client.client_id:
            raise ValueError("issued to another client")
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise ValueError("of another sign-in")
        return claims

    async def _redeem(self, code: str, verifier: str) -> str:
        """The ID token that `code` stands for; a provider gives it once."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._client.redirect_url,
            "code_verifier": verifier,
        }
        metadata = await self._described()
        client_id, secret = self._client.client_id, self._client.client_secret
        headers: dict[str, str] = {}
        if secret and metadata.takes_basic:
            pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
            headers[hdrs.AUTHORIZATION] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": client_id} | ({"client_secret": secret} if secret else {})
        status, answer = await self._call("POST", metadata.token, form, headers)
        if status == 200 and isinstance(answer.get("id_token"), str):
            return str(answer["id_token"])
        error = answer.get("error")
        log.warning("the identity provider gave no token", status=status, error=str(error)[:80])
        if error == "invalid_grant":
            raise Unauthenticated(
                "code_refused", "This sign-in was used or is too old: sign in again."
            )
        raise UpstreamFailed(
            "provider_refused",
            "The identity provider does not let AI QC sign anybody in: tell whoever runs AI QC.",
        )

    async def _described(self) -> Metadata:
        """What the issuer says of itself; kept, and kept longer while it does not answer."""
        now = asyncio.get_running_loop().time()
        if self._metadata is None or now >= self._metadata_until:
            try:
                self._metadata = await self._discover()
            except UpstreamFailed:
                if self._metadata is None:
                    raise
            self._metadata_until = now + METADATA_LIFE_S
        return self._metadata

    async def _discover(self) -> Metadata:
        url = URL(f"{self._client.issuer.rstrip('/')}/.well-known/openid-configuration")
        status, document = await self._call("GET", url)
        if status != 200 or document.get("issuer") != self._client.issuer:
            log.error("not the issuer", status=status, says=str(document.get("issuer"))[:200])
            raise _unusable()
        methods = document.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
        return Metadata(
            authorize=self._own(document.get("authorization_endpoint")),
            token=self._own(document.get("token_endpoint")),
            keys=self._own(document.get("jwks_uri")),
            takes_basic=isinstance(methods, list) and "client_secret_basic" in methods,
        )

    async def _fetch_keys(self) -> Mapping[str, object]:
        status, document = await self._call("GET", (await self._described()).keys)
        if status != 200:
            raise _unusable()
        return document

    def _own(self, address: object) -> URL:
        """The address, if it is on the issuer's own host."""
        try:
            url = URL(address) if isinstance(address, str) else None
        except ValueError:
            url = None
        if url is None or url.fragment or url.user or url.origin() != self._issuer.origin():
            log.error("the identity provider names an address that is not its own", url=str(url))
            raise _unusable()
        return url

    async def _call(
        self,
        method: str,
        url: URL,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, Mapping[str, object]]:
        """Status and JSON object of an answer; one that is neither is an empty object."""
        try:
            async with self._http.request(
                method, url, data=form, headers=headers, timeout=TIMEOUT, allow_redirects=False
            ) as response:
                answer = json.loads(await _limited(response))
        except (ClientError, TimeoutError, OSError) as error:
            log.warning("the identity provider does not answer", url=str(url), why=repr(error))
            raise UpstreamFailed(
                "provider_away", "The identity provider does not answer; try again in a moment.", 2
            ) from error
        except ValueError:
            answer = None
        return response.status, answer if isinstance(answer, dict) else {}


async def _limited(response: ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > MAX_BYTES:
            raise ValueError("too large")
    return bytes(content)


def _key_id(token: str) -> str:
    """The key id in a token's header. Raises ValueError; what else it says is checked later."""
    head = token.partition(".")[0]
    header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    key_id = header.get("kid") if isinstance(header, dict) else None
    if not isinstance(key_id, str):
        raise ValueError("no key id")
    return key_id


def _unusable() -> UpstreamFailed:
    return UpstreamFailed(
        "provider_unusable",
        "The identity provider does not describe itself as it should: tell whoever runs AI QC.",
    )
