"""An OpenID Connect provider for tests: a real HTTP server that signs in whoever is scripted.

It checks what a strict provider checks: client, redirect address, PKCE, codes used once. What
it then says can be forged. `python -m tests.oidc_issuer PORT` runs one and prints its address.
"""

import asyncio
import base64
import hashlib
import secrets
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import unquote_plus

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey, KeyParameters, RSAKey
from yarl import URL

from tests.serving import Serving

CLIENT_ID = "ai-qc"
CLIENT_SECRET = "s3cret/with:odd characters"
Claims = dict[str, Any]


@dataclass
class OidcIssuer:
    """`person` are the claims of whoever signs in next; `forge` makes the ID token instead."""

    person: Claims = field(default_factory=lambda: {"sub": "ada-1", "name": "Ada Adler"})
    forge: Callable[[Claims], str] | None = None
    refuse: str | None = None
    metadata: Claims = field(default_factory=dict)
    hits: Counter[str] = field(default_factory=Counter)
    grants: dict[str, Mapping[str, str]] = field(default_factory=dict)
    redirect_urls: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.rotate("first")
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._describe)
        app.router.add_get("/authorize", self._authorize)
        app.router.add_post("/token", self._token)
        app.router.add_get("/jwks", self._jwks)
        self.server = Serving(app)

    async def __aenter__(self) -> Self:
        await self.server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.stop()

    @property
    def address(self) -> str:
        return str(self.server.url).rstrip("/")

    def rotate(self, key_id: str, kind: str = "RS256") -> None:
        """Sign with a new key from now on, and publish that one alone."""
        parameters: KeyParameters = {"kid": key_id, "use": "sig"}
        self.algorithm = kind
        self.key: RSAKey | ECKey = (
            RSAKey.generate_key(2048, parameters)
            if kind == "RS256"
            else ECKey.generate_key("P-256", parameters)
        )

    def sign(self, claims: Claims, **header: str) -> str:
        key_id = str(self.key.as_dict(private=False)["kid"])
        whole = {"alg": self.algorithm, "kid": key_id} | header
        return jwt.encode(whole, claims, self.key, algorithms=[self.algorithm])

    async def _describe(self, request: web.Request) -> web.Response:
        self.hits["discovery"] += 1
        return web.json_response(
            {
                "issuer": self.address,
                "authorization_endpoint": f"{self.address}/authorize",
                "token_endpoint": f"{self.address}/token",
                "jwks_uri": f"{self.address}/jwks",
            }
            | self.metadata
        )

    async def _authorize(self, request: web.Request) -> web.Response:
        asked = request.query
        right = (
            asked["client_id"] == CLIENT_ID
            and asked["response_type"] == "code"
            and asked["code_challenge_method"] == "S256"
            and "openid" in asked["scope"].split()
            and (not self.redirect_urls or asked["redirect_uri"] in self.redirect_urls)
        )
        if not right:
            return web.Response(status=400, text="not such a client")
        code = secrets.token_urlsafe(16)
        self.grants[code] = {name: asked[name] for name in asked}
        answer = {"error": self.refuse} if self.refuse else {"code": code}
        back = URL(asked["redirect_uri"]).with_query(answer | {"state": asked["state"]})
        return web.Response(status=302, headers={"Location": str(back)})

    async def _token(self, request: web.Request) -> web.Response:
        self.hits["token"] += 1
        form = await request.post()
        if not self._is_client(request.headers.get("Authorization", ""), form):
            return web.json_response({"error": "invalid_client"}, status=401)
        grant = self.grants.pop(str(form.get("code")), None)
        digest = hashlib.sha256(str(form.get("code_verifier")).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            grant is None
            or form.get("grant_type") != "authorization_code"
            or form.get("redirect_uri") != grant["redirect_uri"]
            or challenge != grant["code_challenge"]
        ):
            return web.json_response({"error": "invalid_grant"}, status=400)
        now = int(time.time())
        claims = {"iss": self.address, "aud": CLIENT_ID, "iat": now, "exp": now + 300}
        claims |= {"nonce": grant["nonce"]} | self.person
        token = self.forge(claims) if self.forge else self.sign(claims)
        return web.json_response({"access_token": "x", "token_type": "Bearer", "id_token": token})

    def _is_client(self, authorization: str, form: Mapping[str, object]) -> bool:
        if authorization.startswith("Basic "):
            pair = base64.b64decode(authorization.removeprefix("Basic ")).decode()
            given = tuple(unquote_plus(part) for part in pair.split(":", 1))
            return given == (CLIENT_ID, CLIENT_SECRET)
        return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)

    async def _jwks(self, request: web.Request) -> web.Response:
        self.hits["jwks"] += 1
        odd = [{"kty": "OKP", "crv": "Ed448", "kid": "odd", "x": "AA"}, {"kty": "RSA"}, "rubbish"]
        return web.json_response({"keys": [*odd, self.key.as_dict(private=False)]})


async def _main(port: int) -> None:
    issuer = OidcIssuer()
    issuer.server.port = port
    async with issuer:
        print(issuer.address, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]) if sys.argv[1:] else 0))
