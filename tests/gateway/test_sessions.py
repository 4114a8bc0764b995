"""Signing in, staying signed in, signing out."""

from collections.abc import Mapping
from typing import Any

import asyncpg
import pytest
from aiohttp import ClientSession
from yarl import URL

from deploy.database import Dsns
from libs.settings import BadSettings
from services.gateway.app import create_app
from services.gateway.settings import GatewaySettings

FOREIGN = {"Sec-Fetch-Site": "cross-site"}


async def problem(response: Any) -> tuple[int, str]:
    return response.status, (await response.json(content_type=None))["code"]


async def test_nobody_gets_nothing(browser: ClientSession) -> None:
    for path in ("/api/session", "/api/analyses/x", "/api/profiles", "/api/reports/usage"):
        async with browser.get(path) as response:
            assert await problem(response) == (401, "not_signed_in")


async def test_person_sees_who_they_are_and_what_they_may(editor: ClientSession) -> None:
    async with editor.get("/api/session") as response:
        view = await response.json()

    assert (view["user_id"], view["admin"], view["login"]) == ("editor", False, "dev")
    assert view["clients"] == {"diageo": "editor", "general": "editor"}


async def test_unknown_person_is_told_who_is_known(browser: ClientSession) -> None:
    async with browser.post("/api/session", json={"user": "mallory"}) as response:
        detail = (await response.json(content_type=None))["detail"]

    assert response.status == 404
    assert "admin" in detail and "viewer" in detail


async def test_cookie_is_out_of_reach_of_scripts(browser: ClientSession) -> None:
    async with browser.post("/api/session", json={"user": "editor"}) as response:
        cookie = response.headers["Set-Cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


async def test_signing_out_ends_the_session_on_the_server(
    editor: ClientSession, gateway: URL
) -> None:
    token = next(iter(editor.cookie_jar)).value
    async with editor.delete("/api/session") as response:
        assert response.status == 204

    async with (
        ClientSession(gateway, cookies={"sid": token}) as thief,
        thief.get("/api/session") as response,
    ):
        assert await problem(response) == (401, "session_ended")


@pytest.mark.parametrize("cookie", ["sid=\xff\xfe", "sid=", "sid=" + "x" * 4000, "sid"])
async def test_cookie_of_rubbish_is_nobody(browser: ClientSession, cookie: str) -> None:
    async with browser.get("/api/session", headers={"Cookie": cookie}) as response:
        assert response.status == 401


async def test_idle_session_ends(editor: ClientSession, prepared: Mapping[str, Dsns]) -> None:
    db = await asyncpg.connect(prepared["gateway"].owner)
    await db.execute("UPDATE session SET seen_at = seen_at - interval '61 minutes'")
    await db.close()

    async with editor.get("/api/session") as response:
        assert response.status == 401


async def test_role_that_is_taken_away_is_gone_at_once(
    editor: ClientSession, prepared: Mapping[str, Dsns]
) -> None:
    db = await asyncpg.connect(prepared["gateway"].owner)
    await db.execute("SET app.clients = '*'")
    await db.execute("DELETE FROM client_role WHERE user_id = 'editor' AND client_id = 'diageo'")
    await db.close()

    async with editor.get("/api/session") as response:
        assert (await response.json())["clients"] == {"general": "editor"}


async def test_table_of_sessions_signs_nobody_in(
    editor: ClientSession, prepared: Mapping[str, Dsns]
) -> None:
    token = next(iter(editor.cookie_jar)).value
    db = await asyncpg.connect(prepared["gateway"].owner)
    stored = await db.fetchval("SELECT encode(token_sha256, 'escape') FROM session")
    await db.close()

    assert token not in stored


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
    ],
)
async def test_page_of_another_site_cannot_act(
    editor: ClientSession, headers: dict[str, str], allowed: bool
) -> None:
    async with editor.post("/api/profiles", json={}, headers=headers) as response:
        assert (response.status == 200) is allowed

    async with editor.get("/api/profiles", headers=headers) as response:
        assert response.status == 200


async def test_page_of_another_site_cannot_sign_anybody_in(browser: ClientSession) -> None:
    async with browser.post("/api/session", json={"user": "admin"}, headers=FOREIGN) as response:
        assert await problem(response) == (403, "cross_site")


async def test_name_that_is_not_loopback_is_refused(browser: ClientSession) -> None:
    rebound = {"Host": "evil.example:7183"}
    async with browser.post("/api/session", json={"user": "admin"}, headers=rebound) as response:
        assert await problem(response) == (403, "foreign_host")


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "gateway.example"])
def test_dev_login_never_listens_to_others(gateway_settings: GatewaySettings, host: str) -> None:
    with pytest.raises(BadSettings, match="loopback"):
        create_app(gateway_settings.model_copy(update={"host": host}))
