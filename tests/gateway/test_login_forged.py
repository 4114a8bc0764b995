"""What somebody who is not at the provider can try: forged tokens, replays, other addresses."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping

import asyncpg
import pytest
from aiohttp import web
from joserfc.jwk import RSAKey
from yarl import URL

from deploy.database import Dsns
from tests.gateway.oidc import Browser, OidcGateway, a_browser, opened
from tests.oidc_issuer import CLIENT_ID, Claims, OidcIssuer
from tests.serving import Serving

Forge = Callable[[OidcIssuer, Claims], str]


def part(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def unsigned(issuer: OidcIssuer, claims: Claims) -> str:
    return f"{part({'alg': 'none', 'kid': 'first'})}.{part(claims)}."


def signed_with_the_public_key(issuer: OidcIssuer, claims: Claims) -> str:
    text = f"{part({'alg': 'HS256', 'kid': 'first'})}.{part(claims)}"
    digest = hmac.new(issuer.key.as_pem(private=False), text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def signed_with_another_key(issuer: OidcIssuer, claims: Claims) -> str:
    other = OidcIssuer()
    other.key = RSAKey.generate_key(2048, {"kid": "first"})
    return other.sign(claims, jku="https://evil.example/jwks")


def at(name: str, from_now_s: int) -> Forge:
    return lambda issuer, claims: issuer.sign(claims | {name: int(time.time()) + from_now_s})


def with_claims(**changes: object) -> Forge:
    return lambda issuer, claims: issuer.sign(claims | changes)


def without(name: str) -> Forge:
    return lambda issuer, claims: issuer.sign({k: v for k, v in claims.items() if k != name})


FORGERIES: dict[str, Forge] = {
    "alg none": unsigned,
    "HS256 with the public key": signed_with_the_public_key,
    "another key with the same id, which its header names": signed_with_another_key,
    "unknown key id": lambda issuer, claims: issuer.sign(claims, kid="never"),
    "changed afterwards": lambda issuer, claims: issuer.sign(claims)[:-6] + "AAAAAA",
    "expired": at("exp", -120),
    "expiry that is no number": with_claims(exp="tomorrow"),
    "not yet valid": at("nbf", 600),
    "issued in the future": at("iat", 600),
    "for another client": with_claims(aud="another"),
    "for two clients": with_claims(aud=[CLIENT_ID, "another"]),
    "on behalf of another client": with_claims(azp="another"),
    "of another issuer": with_claims(iss="https://evil.example"),
    "of the issuer with a slash": lambda issuer, claims: issuer.sign(
        claims | {"iss": claims["iss"] + "/"}
    ),
    "of another sign-in": with_claims(nonce="another"),
    "of several sign-ins": lambda issuer, claims: issuer.sign(
        claims | {"nonce": [claims["nonce"], "x"]}
    ),
    "without nonce": without("nonce"),
    "without expiry": without("exp"),
    "without audience": without("aud"),
    "without subject": without("sub"),
    "of nobody": with_claims(sub=""),
    "subject that is no text": with_claims(sub=7),
    "subject with a line end": with_claims(sub="a\nb"),
    "no token at all": lambda issuer, claims: "rubbish",
    "header of rubbish": lambda issuer, claims: "!!!.e30.AAAA",
    "header that is a list": lambda issuer, claims: f"{part([1])}.{part(claims)}.AAAA",
}
ACCEPTED: dict[str, Forge] = {
    "as it is": with_claims(),
    "for a list of us alone": with_claims(aud=[CLIENT_ID]),
    "for two, on our behalf": with_claims(aud=[CLIENT_ID, "another"], azp=CLIENT_ID),
    "a clock that is 30 s behind": at("exp", -30),
}


async def refusal(browser: Browser, callback: URL) -> tuple[int, str]:
    async with browser.session.get(callback, allow_redirects=False) as response:
        assert not [c for c in response.headers.getall("Set-Cookie", []) if "sid=" in c]
        return response.status, (await response.json(content_type=None))["code"]


@pytest.mark.parametrize("name", FORGERIES)
async def test_forged_token_signs_nobody_in(
    oidc: OidcGateway, prepared: Mapping[str, Dsns], name: str
) -> None:
    oidc.issuer.forge = lambda claims: FORGERIES[name](oidc.issuer, claims)
    async with opened(oidc) as browser:
        callback = await browser.to_callback(await browser.to_provider())

        assert await refusal(browser, callback) == (401, "bad_id_token")
    db = await asyncpg.connect(prepared["gateway"].owner)
    assert await db.fetchval("SELECT count(*) FROM person") == 0
    await db.close()


@pytest.mark.parametrize("name", ACCEPTED)
async def test_token_as_the_standard_allows_it_signs_in(oidc: OidcGateway, name: str) -> None:
    oidc.issuer.forge = lambda claims: ACCEPTED[name](oidc.issuer, claims)
    async with opened(oidc) as browser:
        assert (await browser.sign_in()).status == 302


async def test_callback_works_once(oidc: OidcGateway) -> None:
    async with opened(oidc) as browser:
        provider = await browser.to_provider()
        state_cookie = {c.key: c.value for c in browser.session.cookie_jar}["login"]
        callback = await browser.to_callback(provider)
        assert (await browser.back(callback)).status == 302

        browser.session.cookie_jar.update_cookies({"login": state_cookie}, callback)
        assert await refusal(browser, callback) == (403, "unknown_login")
    assert oidc.issuer.hits["token"] == 1, "the code was not even shown again"


async def test_code_that_was_used_signs_nobody_in(oidc: OidcGateway) -> None:
    async with opened(oidc) as browser:
        callback = await browser.to_callback(await browser.to_provider())
        used = callback.query["code"]
        await browser.back(callback)
        fresh = await browser.to_callback(await browser.to_provider())

        stolen = fresh.update_query(code=used)
        assert await refusal(browser, stolen) == (401, "code_refused")


async def test_callback_of_another_browser_signs_nobody_in(oidc: OidcGateway) -> None:
    """An attacker sends their own callback, so that the victim works in the attacker's account."""
    async with oidc.serve() as server, a_browser(server.url) as attacker:
        callback = await attacker.to_callback(await attacker.to_provider())
        async with a_browser(server.url) as victim:
            assert await refusal(victim, callback) == (403, "unknown_login")
            await victim.to_provider()
            assert await refusal(victim, callback) == (403, "unknown_login")


async def test_code_of_another_sign_in_fails_its_proof(oidc: OidcGateway) -> None:
    async with oidc.serve() as server, a_browser(server.url) as attacker:
        stolen = (await attacker.to_callback(await attacker.to_provider())).query["code"]
        async with a_browser(server.url) as other:
            own = await other.to_callback(await other.to_provider())
            assert await refusal(other, own.update_query(code=stolen)) == (401, "code_refused")


async def test_sign_in_that_took_too_long_is_over(
    oidc: OidcGateway, prepared: Mapping[str, Dsns]
) -> None:
    async with opened(oidc) as browser:
        callback = await browser.to_callback(await browser.to_provider())
        db = await asyncpg.connect(prepared["gateway"].owner)
        await db.execute("UPDATE login SET expires_at = now() - interval '1 second'")
        await db.close()

        assert await refusal(browser, callback) == (403, "unknown_login")


@pytest.mark.parametrize("query", ["", "?state=", "?state=x&code=y", "?code=y", "?error=oops"])
async def test_callback_of_rubbish_is_refused(oidc: OidcGateway, query: str) -> None:
    async with opened(oidc) as browser:
        await browser.to_provider()
        callback = URL(f"{browser.session._base_url}api/login/callback{query}")
        assert await refusal(browser, callback) == (403, "unknown_login")
    assert oidc.issuer.hits["token"] == 0


async def test_answer_of_another_issuer_is_refused(oidc: OidcGateway) -> None:
    async with opened(oidc) as browser:
        callback = await browser.to_callback(await browser.to_provider())
        mixed_up = callback.update_query(iss="https://evil.example")
        assert await refusal(browser, mixed_up) == (403, "foreign_issuer")


async def test_person_whom_the_provider_refuses_reads_why_on_a_page(oidc: OidcGateway) -> None:
    oidc.issuer.refuse = "access_denied"
    async with opened(oidc) as browser:
        callback = await browser.to_callback(await browser.to_provider())
        async with browser.session.get(callback, headers={"Accept": "text/html"}) as response:
            page = await response.text()

    assert response.status == 403
    assert "access_denied" in page and "Sign in again" in page


async def test_what_the_address_says_does_not_get_into_the_page(oidc: OidcGateway) -> None:
    oidc.issuer.refuse = "<script>alert(1)</script>"
    async with opened(oidc) as browser:
        callback = await browser.to_callback(await browser.to_provider())
        async with browser.session.get(callback, headers={"Accept": "text/html"}) as response:
            assert "<script" not in await response.text()


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%09/evil.example",
        "/%0d%0aSet-Cookie:x=1",
        "javascript:alert(1)",
        "evil.example",
        "%2F%2Fevil.example",
        "/ /evil.example",
        "",
    ],
)
async def test_nobody_is_sent_to_another_site(oidc: OidcGateway, target: str) -> None:
    async with opened(oidc) as browser:
        response = await browser.sign_in(f"/api/login?next={target}")

    assert response.status == 302
    assert response.headers["Location"] == "/"


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize("where", ["host", "port", "none", "user"])
async def test_only_the_issuers_own_host_is_called(
    oidc: OidcGateway, name: str, where: str
) -> None:
    async def never(request: web.Request) -> web.Response:
        called.append(request.path)
        return web.json_response({})

    called: list[str] = []
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", never)
    async with Serving(app) as other:
        own = URL(oidc.issuer.address)
        foreign = {
            "host": str(own.with_host("localhost").with_path("/x")),
            "port": str(other.url / "x"),
            "none": None,
            "user": str(own.with_user("me").with_path("/x")),
        }
        oidc.issuer.metadata = {name: foreign[where]}
        async with (
            opened(oidc) as browser,
            browser.session.get("/api/login", allow_redirects=False) as response,
        ):
            code = (await response.json(content_type=None))["code"]
    assert (response.status, code, called) == (502, "provider_unusable", [])


async def test_provider_that_sends_us_on_is_not_followed(oidc: OidcGateway) -> None:
    async def elsewhere(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": f"{oidc.issuer.address}/token"})

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", elsewhere)
    async with (
        Serving(app) as server,
        opened(oidc, oidc_issuer=str(server.url).rstrip("/")) as browser,
        browser.session.get("/api/login", allow_redirects=False) as response,
    ):
        assert response.status == 502
    assert oidc.issuer.hits["token"] == 0


async def test_provider_that_calls_itself_otherwise_is_not_believed(oidc: OidcGateway) -> None:
    oidc.issuer.metadata = {"issuer": "https://evil.example"}
    async with (
        opened(oidc) as browser,
        browser.session.get("/api/login", allow_redirects=False) as response,
    ):
        assert response.status == 502


async def test_sign_ins_under_way_have_a_limit(
    oidc: OidcGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.gateway.logins.MAX_OPEN", 3)
    async with opened(oidc) as browser:
        statuses = []
        for _ in range(4):
            async with browser.session.get("/api/login", allow_redirects=False) as response:
                statuses.append(response.status)
    assert statuses == [302, 302, 302, 429]
