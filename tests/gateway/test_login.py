"""Signing in at an identity provider, over HTTP, against one that checks what it is told."""

from collections.abc import Mapping

import asyncpg
import pytest
from aiohttp import ClientSession
from yarl import URL

from deploy.database import Dsns
from tests.gateway.conftest import Behind
from tests.gateway.oidc import Browser, OidcGateway, a_browser, opened

ENTRA = {"sub": "pairwise", "tid": "tenant-1", "oid": "object-1", "name": "Eve"}


async def view(browser: Browser) -> dict[str, object]:
    async with browser.session.get("/api/session") as response:
        found: dict[str, object] = await response.json(content_type=None)
        return found


async def test_person_comes_back_signed_in_to_where_they_were(oidc: OidcGateway) -> None:
    async with opened(oidc) as browser:
        response = await browser.sign_in("/api/login?next=/analyses/7?tab%3Dcosts")

        assert response.headers["Location"] == "/analyses/7?tab=costs"
        assert await view(browser) | {"user_id": ""} == {
            "user_id": "",
            "name": "Ada Adler",
            "email": "",
            "admin": False,
            "clients": {},
            "login": "oidc",
        }


async def test_provider_is_asked_with_pkce_state_and_nonce(oidc: OidcGateway) -> None:
    async with opened(oidc) as browser:
        first, second = [(await browser.to_provider()).query for _ in range(2)]

    assert first["code_challenge_method"] == "S256"
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 43 and first[name] != second[name]


async def test_person_without_a_role_signs_in_and_sees_that(oidc: OidcGateway) -> None:
    oidc.issuer.person = {"sub": "new-1", "name": "<b>Nell</b>"}
    async with opened(oidc) as browser:
        await browser.sign_in()
        async with browser.session.get("/") as response:
            page = await response.text()

    assert "no brand client yet" in page
    assert "<code>new-1</code>" in page, "what an admin has to be told"
    assert "&lt;b&gt;Nell&lt;/b&gt;" in page and "<b>Nell" not in page


async def test_person_is_passed_on_as_themselves(oidc: OidcGateway, behind: Behind) -> None:
    async with opened(oidc) as browser:
        await browser.sign_in()
        async with browser.session.get("/api/profiles") as response:
            assert response.status == 200
    assert behind.seen[-1]["Authorization"].startswith("Bearer ")


async def test_subject_makes_the_person_and_not_the_address(oidc: OidcGateway) -> None:
    async with opened(oidc) as browser:
        ids = []
        for person in (
            {"sub": "one", "name": "Ann", "email": "ann@agency.example"},
            {"sub": "two", "name": "Ann Other", "email": "ann@agency.example"},
            {"sub": "one", "name": "Ann Married", "email": "ann.m@agency.example"},
        ):
            oidc.issuer.person = person
            await browser.sign_in()
            ids.append((await view(browser))["user_id"])
        name = (await view(browser))["name"]

    assert ids[0] == ids[2] != ids[1]
    assert name == "Ann Married"


async def test_tenant_and_object_id_make_the_person_where_there_are_any(oidc: OidcGateway) -> None:
    async with opened(oidc) as browser:
        ids = []
        for person in (ENTRA, ENTRA | {"sub": "of another app"}, ENTRA | {"tid": "tenant-2"}):
            oidc.issuer.person = person
            await browser.sign_in()
            ids.append((await view(browser))["user_id"])

    assert ids[0] == ids[1] != ids[2]


async def test_admin_named_by_subject_is_one_from_the_next_sign_in_on(oidc: OidcGateway) -> None:
    oidc.issuer.person = ENTRA
    async with opened(oidc) as browser:
        await browser.sign_in()
        assert (await view(browser))["admin"] is False
    async with opened(oidc, admins=("tenant-1/object-1",)) as browser:
        await browser.sign_in()
        assert (await view(browser))["admin"] is True


@pytest.mark.parametrize("verified", [False, "true", None])
async def test_address_that_nobody_verified_makes_no_admin(
    oidc: OidcGateway, verified: object
) -> None:
    oidc.issuer.person = {"sub": "x", "email": "ada@agency.example", "email_verified": verified}
    async with opened(oidc, admins=("ada@agency.example",)) as browser:
        await browser.sign_in()
        assert (await view(browser))["admin"] is False


async def test_address_makes_the_first_admin_and_no_later_one(oidc: OidcGateway) -> None:
    first = {"sub": "1", "email": "Ada@agency.example", "email_verified": True}
    async with opened(oidc, admins=("ada@agency.example", "third")) as browser:
        admins = []
        for person in (first, first | {"sub": "2"}, {"sub": "third"}):
            oidc.issuer.person = person
            await browser.sign_in()
            admins.append((await view(browser))["admin"])

    assert admins == [True, False, True], "the address has passed to somebody else"


async def test_subject_that_looks_like_an_address_makes_no_admin(oidc: OidcGateway) -> None:
    oidc.issuer.person = {"sub": "ada@agency.example"}
    async with opened(oidc, admins=("ada@agency.example",)) as browser:
        await browser.sign_in()
        assert (await view(browser))["admin"] is False


async def test_there_is_no_dev_login_beside_a_provider(
    oidc: OidcGateway, gateway: URL, editor: ClientSession
) -> None:
    """`gateway` is one without a provider, on the same database; its sessions count for nothing."""
    cookie = next(iter(editor.cookie_jar)).value
    async with opened(oidc) as browser:
        async with browser.session.post("/api/session", json={"user": "admin"}) as response:
            problem = await response.json(content_type=None)
            assert (response.status, problem["code"]) == (404, "no_dev_login")
        async with browser.session.get(
            "/api/session", headers={"Cookie": f"sid={cookie}"}
        ) as response:
            assert response.status == 401


async def test_there_is_no_provider_beside_the_dev_login(browser: ClientSession) -> None:
    for path in ("/api/login", "/api/login/callback?state=x&code=y"):
        async with browser.get(path, allow_redirects=False) as response:
            assert (await response.json(content_type=None))["code"] == "no_identity_provider"


async def test_signing_in_again_ends_the_session_before(oidc: OidcGateway) -> None:
    async with oidc.serve() as server, a_browser(server.url) as browser:
        await browser.sign_in()
        before = {cookie.key: cookie.value for cookie in browser.session.cookie_jar}["sid"]
        await browser.sign_in()
        async with a_browser(server.url) as other:
            other.session.cookie_jar.update_cookies({"sid": before}, server.url)
            async with other.session.get("/api/session") as response:
                assert response.status == 401


async def test_public_client_needs_no_secret(oidc: OidcGateway) -> None:
    """The provider says no, so this shows only what it was sent: the id and no Basic header."""
    async with opened(oidc, oidc_client_secret="") as browser:
        response = await browser.sign_in()
    assert response.status == 502


async def test_provider_that_takes_no_basic_gets_the_secret_in_the_form(oidc: OidcGateway) -> None:
    oidc.issuer.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    async with opened(oidc) as browser:
        response = await browser.sign_in()
    assert response.status == 302


async def test_provider_that_changes_its_keys_is_followed(oidc: OidcGateway) -> None:
    async with opened(oidc) as browser:
        assert (await browser.sign_in()).status == 302
        oidc.issuer.rotate("second", "ES256")
        assert (await browser.sign_in()).status == 302
    assert (oidc.issuer.hits["discovery"], oidc.issuer.hits["jwks"]) == (1, 2)


async def test_gateway_starts_while_the_provider_is_away(oidc: OidcGateway) -> None:
    await oidc.issuer.server.stop()
    async with opened(oidc) as browser:
        async with browser.session.get("/readyz") as response:
            assert response.status == 200
        async with browser.session.get("/api/login", allow_redirects=False) as response:
            assert response.status == 502
        await oidc.issuer.server.start()
        assert (await browser.sign_in()).status == 302


async def test_over_https_cookies_are_the_hosts_own_and_secure(oidc: OidcGateway) -> None:
    behind_proxy = {"Host": "qc.example"}
    async with (
        oidc.serve(public_url="https://qc.example", host="0.0.0.0") as server,
        ClientSession(server.url) as session,
        session.get("/api/login", headers=behind_proxy, allow_redirects=False) as response,
    ):
        cookie = response.headers["Set-Cookie"]
        back = URL(response.headers["Location"]).query["redirect_uri"]

    assert cookie.startswith("__Host-login=")
    for part in ("Secure", "HttpOnly", "Path=/", "SameSite=Lax"):
        assert part in cookie
    assert "Domain" not in cookie
    assert back == "https://qc.example/api/login/callback"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Host": "127.0.0.1"}, "foreign_host"),
        ({"Host": "qc.example.evil"}, "foreign_host"),
        ({"Host": "qc.example", "Origin": "http://qc.example"}, "cross_site"),
        ({"Host": "qc.example", "Origin": "https://qc.example.evil"}, "cross_site"),
        ({"Host": "qc.example:443", "Origin": "https://qc.example"}, "not_signed_in"),
    ],
)
async def test_host_and_origin_are_those_of_the_public_address(
    oidc: OidcGateway, headers: dict[str, str], code: str
) -> None:
    async with (
        oidc.serve(public_url="https://qc.example/") as server,
        ClientSession(server.url) as session,
        session.post("/api/profiles", json={}, headers=headers) as response,
    ):
        assert (await response.json(content_type=None))["code"] == code


async def test_no_secret_of_a_sign_in_stays_in_the_database(
    oidc: OidcGateway, prepared: Mapping[str, Dsns]
) -> None:
    async with opened(oidc) as browser:
        state = (await browser.to_provider()).query["state"]
        await browser.sign_in()
        db = await asyncpg.connect(prepared["gateway"].owner)
        rows = await db.fetch("SELECT * FROM login")
        await db.close()

    assert len(rows) == 1, "the one that was not finished"
    assert state not in str(rows)
