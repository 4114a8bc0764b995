"""Brand data of a client: versions, guarded saves, and what an analysis gets of it."""

import asyncio
from typing import Any

import pytest

from libs.postgres import Pool, transaction
from tests.profiles.conftest import ADMIN, EDITOR, STRANGER, VIEWER, Answer, Api
from tests.profiles.factories import draft

BRAND = "/v1/clients/diageo/brand"
RED = {"name": "Red", "hex": "#c8102e", "tolerance": 3.0}


async def put(api: Api, if_match: str | None = None, **brand: Any) -> Answer:
    return await api.call("PUT", BRAND, EDITOR, brand, if_match)


async def audit(owner: Pool) -> list[Any]:
    async with transaction(owner) as db:
        return await db.fetch(
            "SELECT * FROM audit_event WHERE object_kind = 'brand' ORDER BY revision"
        )


async def test_client_of_whom_nothing_was_said_has_version_0(api: Api) -> None:
    answer = await api.get(BRAND, VIEWER)

    assert answer.status == 200
    assert (answer.json["version"], answer.json["brand"]["colours"]) == (0, [])
    assert answer.headers["ETag"] == '"diageo.brand.0"'


async def test_saving_makes_the_next_version_and_one_audit_row_each(api: Api, owner: Pool) -> None:
    first = await put(api, colours=[RED])
    second = await put(api, colours=[RED], words=["Smirnoff"])

    assert (first.status, first.json["version"], first.json["changed"]) == (200, 1, True)
    assert (second.json["version"], second.json["modified_by"]) == (2, "dora")
    read = (await api.get(BRAND)).json["brand"]
    assert (read["words"], read["colours"]) == (["Smirnoff"], [RED])
    rows = await audit(owner)
    assert [(row["revision"], row["actor"], row["action"]) for row in rows] == [
        (1, "dora", "brand.save"),
        (2, "dora", "brand.save"),
    ]
    assert (rows[0]["before_hash"], rows[1]["before_hash"]) == (None, rows[0]["after_hash"])


async def test_same_again_makes_no_version(api: Api, owner: Pool) -> None:
    await put(api, colours=[RED])

    again = await put(api, colours=[RED], words=[])

    assert (again.json["version"], again.json["changed"]) == (1, False)
    assert len(await audit(owner)) == 1
    assert (await api.call("PUT", "/v1/clients/loreal/brand", ADMIN, {})).json["version"] == 0


async def test_stale_save_is_stopped_and_a_fresh_one_is_not(api: Api) -> None:
    etag = (await api.get(BRAND)).headers["ETag"]
    await put(api, etag, words=["one"])

    stale = await put(api, etag, words=["two"])
    fresh = await put(api, '"diageo.brand.1"', words=["two"])

    assert (stale.status, stale.json["code"]) == (412, "stale_brand")
    assert "dora" in stale.json["detail"]
    assert (fresh.status, fresh.headers["ETag"]) == (200, '"diageo.brand.2"')


async def test_two_at_once_make_two_versions(api: Api, owner: Pool) -> None:
    answers = await asyncio.gather(*(put(api, words=[word]) for word in ("a", "b", "c", "d")))

    assert sorted(answer.json["version"] for answer in answers) == [1, 2, 3, 4]
    assert [row["revision"] for row in await audit(owner)] == [1, 2, 3, 4]


async def test_it_takes_an_editor_of_the_client(api: Api) -> None:
    viewer = await api.call("PUT", BRAND, VIEWER, {})
    stranger = await api.call("PUT", BRAND, STRANGER, {})

    assert (viewer.status, viewer.json["code"]) == (403, "not_allowed")
    assert (stranger.status, stranger.json["code"]) == (404, "unknown_client")
    assert (await api.get(BRAND, STRANGER)).status == 404
    assert (await api.get("/v1/clients/nobody/brand")).json["code"] == "unknown_client"


@pytest.mark.parametrize(
    ("brand", "said"),
    [
        ({"colours": [{"name": "Red", "hex": "red"}]}, "colours.0.hex"),
        ({"slogans": ["Keep walking"]}, "slogans"),
        ({"logos": ["crest"]}, "logos.0"),
        ({"colour_tolerance": 101}, "colour_tolerance"),
        ({"mandatory_copy": [{"text": "Drink responsibly", "markets": ["Germany"]}]}, "markets"),
        ({"words": ["nul\0"]}, "NUL"),
    ],
)
async def test_what_is_no_brand_data_is_refused_with_its_place(
    api: Api, brand: dict[str, Any], said: str
) -> None:
    answer = await put(api, **brand)

    assert answer.status == 422
    assert said in answer.json["detail"]


async def test_resolving_brings_the_brand_data_along(api: Api) -> None:
    await api.create(draft())
    before = (await api.get("/v1/clients/diageo/resolve/my_profile")).json
    await put(api, words=["Smirnoff"])

    after = (await api.get("/v1/clients/diageo/resolve/my_profile")).json

    assert (before["brand_version"], after["brand_version"]) == (0, 1)
    assert after["brand"]["words"] == ["Smirnoff"]
    assert (await api.get("/v1/clients/loreal/resolve/my_profile")).json["brand_version"] == 0


async def test_logos_and_tolerances_come_back_as_they_were_said(api: Api) -> None:
    logo = "0190f3a0-0000-7000-8000-000000000001"
    navy = {"name": "Navy", "hex": "#0e1e3a"}

    await put(api, colours=[RED, navy], colour_tolerance=3.5, logos=[logo])
    again = await put(api, colours=[RED, navy], colour_tolerance=3.5, logos=[logo])

    brand = (await api.get(BRAND)).json["brand"]
    assert [colour["tolerance"] for colour in brand["colours"]] == [3.0, None]
    assert (brand["colour_tolerance"], brand["logos"]) == (3.5, [logo])
    assert again.json["changed"] is False


async def test_versions_cannot_be_changed_by_anybody(api: Api, run: Pool, owner: Pool) -> None:
    await put(api, words=["Smirnoff"])

    for pool in (run, owner):
        for change in ("UPDATE brand_version SET version = 9", "DELETE FROM brand_version"):
            with pytest.raises(Exception, match=r"permission denied|stay as they were"):
                async with transaction(pool) as db:
                    await db.execute(change)


async def test_row_of_another_client_is_hidden_from_a_transaction(api: Api, run: Pool) -> None:
    await put(api, words=["Smirnoff"])

    async with transaction(run, ["loreal"]) as db:
        hidden = await db.fetch("SELECT * FROM brand_version")
    async with transaction(run, ["diageo"]) as db:
        seen = await db.fetch("SELECT * FROM brand_version")

    assert (len(hidden), len(seen)) == (0, 1)
