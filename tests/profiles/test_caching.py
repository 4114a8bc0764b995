"""Conditional reads, by the service and through the gateway."""

from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar

from deploy.database import Dsns
from libs.contracts.access import Actor, Role
from tests.factories import user
from tests.house import open_house
from tests.profiles.conftest import ADMIN, EDITOR, STRANGER, Api
from tests.profiles.factories import draft, draft_for
from tests.trust import Trust

READS = [
    "/v1/clients",
    "/v1/profiles",
    "/v1/profiles?client=diageo",
    "/v1/profiles/my_profile",
    "/v1/profiles/my_profile/versions",
    "/v1/clients/diageo/resolve/my_profile",
    "/v1/clients/diageo/brand",
]


async def asked(
    api: Api, path: str, if_none_match: str, actor: Actor = ADMIN
) -> tuple[int, bytes, str]:
    bearer = api._trust.bearer("profiles", actor)
    headers = {"Authorization": bearer, "If-None-Match": if_none_match}
    async with api.http.get(path, headers=headers) as response:
        return response.status, await response.read(), response.headers.get("ETag", "")


@pytest.mark.parametrize("path", READS)
async def test_who_has_the_answer_gets_no_body_until_it_changes(api: Api, path: str) -> None:
    await api.create(draft_for("diageo", "loreal"))
    first = await api.get(path)
    etag = first.headers["ETag"]

    again = await asked(api, path, f'"another", W/{etag}')
    await api.save("my_profile", name="Renamed", visible_to_clients=["diageo"])
    await api.call("PUT", "/v1/clients/diageo/brand", ADMIN, {"words": ["Smirnoff"]})
    after = await asked(api, path, etag)

    assert first.headers["Cache-Control"] == "private, no-cache"
    assert again == (HTTPStatus.NOT_MODIFIED, b"", etag)
    if path != "/v1/clients":
        assert (after[0], after[2] != etag) == (200, True)


async def test_a_star_is_whatever_is_there(api: Api) -> None:
    assert (await asked(api, "/v1/clients", "*"))[0] == 304
    assert (await asked(api, "/v1/profiles/nobody", "*"))[0] == 404


async def test_a_tag_opens_nothing_that_is_hidden(api: Api) -> None:
    await api.create(draft_for("diageo"))
    etag = (await api.get("/v1/profiles/my_profile", EDITOR)).headers["ETag"]

    assert (await asked(api, "/v1/profiles/my_profile", etag, STRANGER))[0] == 404
    await api.save("my_profile", visible_to_clients=["loreal"])
    assert (await asked(api, "/v1/profiles/my_profile", etag, EDITOR))[0] == 404


async def test_who_sees_more_of_an_audience_than_before_gets_it(api: Api) -> None:
    await api.create(draft_for("diageo", "loreal"))
    both = user("dora", {"diageo": Role.EDITOR, "loreal": Role.EDITOR})
    part = await api.get("/v1/profiles/my_profile", EDITOR)

    status, _, etag = await asked(api, "/v1/profiles/my_profile", part.headers["ETag"], both)

    assert part.json["visible_to_clients"] == ["diageo"]
    assert part.json["etag"] == part.headers["ETag"] != etag
    assert (status, etag) == (200, '"my_profile.1"')


async def test_a_tag_guards_no_write(api: Api) -> None:
    await api.create(draft())
    headers = {"Authorization": api._trust.bearer("profiles", ADMIN), "If-None-Match": "*"}

    async with api.http.put(
        "/v1/profiles/my_profile", headers=headers, json={"name": "X"}
    ) as response:
        assert response.status == 200


async def test_it_works_through_the_gateway(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path
) -> None:
    async with (
        open_house(dsns, trust, tmp_path) as house,
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as session,
    ):
        gateway = house.url("gateway")
        await session.post(gateway / "api/session", json={"user": "admin"})
        path = gateway / "api/profiles/diageo_key_visual"
        async with session.get(path) as response:
            etag = response.headers["ETag"]
        async with session.get(path, headers={"If-None-Match": etag}) as response:
            found = response.status, await response.read(), response.headers["ETag"]
        async with session.get(path) as response:
            whole = await response.json()

    assert found == (304, b"", etag)
    assert whole["profile_id"] == "diageo_key_visual"
