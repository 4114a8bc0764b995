"""Who uses what, over HTTP and in a real database."""

import pytest

from libs.postgres import Pool, transaction
from tests.profiles.conftest import ADMIN, EDITOR, STRANGER, VIEWER, Api, Json
from tests.profiles.factories import draft, draft_for, exact, judged

FIRST, SECOND = "openai/gpt-4o", "google/gemini-2.5-pro"


async def uses(api: Api, query: str, actor: object = ADMIN) -> list[Json]:
    answer = await api.get(f"/v1/profile-uses?{query}", actor)  # type: ignore[arg-type]
    assert answer.status == 200, answer.json
    return list(answer.json["uses"])


async def test_a_model_is_found_with_its_place_in_the_order_of_asking(api: Api) -> None:
    checks = {
        "first": judged(models=[FIRST]),
        "later": judged(models=[SECOND, FIRST], critical=True),
        "never": judged(models=[SECOND]),
    }
    await api.create(draft(checks=checks))

    found = await uses(api, f"model={FIRST}")

    assert [(one["profile_id"], one["check_id"], one["position"]) for one in found] == [
        ("my_profile", "first", 1),
        ("my_profile", "later", 2),
    ]
    assert [one["critical"] for one in found] == [False, True]


async def test_a_reference_asset_is_found_with_the_parameter_that_names_it(api: Api) -> None:
    deep = {"rules": [{"min": 1}, {"logo": "Red Crest"}]}
    checks = {"logo_size": exact(parameters=deep), "other": exact(parameters={"logo": "Red"})}
    await api.create(draft(checks=checks))

    [found] = await uses(api, "asset=red crest")

    assert (found["check_id"], found["parameter"]) == ("logo_size", "rules[1].logo")


async def test_brand_data_that_names_a_logo_uses_it_until_it_does_not(api: Api) -> None:
    logo = "0198c1f0-0000-7000-8000-00000000000a"
    brand = "/v1/clients/diageo/brand"
    assert (await api.call("PUT", brand, ADMIN, {"logos": [logo]})).status == 200

    async def brands(query: str, actor: object = ADMIN) -> list[str]:
        answer = await api.get(f"/v1/profile-uses?{query}", actor)  # type: ignore[arg-type]
        return list(answer.json["brands"])

    assert await brands(f"asset={logo.upper()}") == ["diageo"]
    assert await brands(f"asset={logo}", STRANGER) == []
    assert await brands(f"asset={logo}&check=logo_size") == []
    await api.call("PUT", brand, ADMIN, {"logos": []})
    assert await brands(f"asset={logo}") == []


async def test_a_check_is_found_by_its_id_and_by_what_it_measures(api: Api) -> None:
    await api.create(draft(checks={"sharp": exact(measure="blur_upscale", weight=3)}))

    [by_id], [by_measure] = await uses(api, "check=sharp"), await uses(api, "check=blur_upscale")

    assert by_id == by_measure
    assert (by_id["kind"], by_id["weight"], by_id["active"]) == ("exact", 3.0, True)


async def test_a_version_that_only_pinned_clients_run_is_in_use(api: Api, owner: Pool) -> None:
    await api.create(draft_for("diageo", "loreal", checks={"call": judged(models=[FIRST])}))
    for model in (SECOND, "openai/gpt-5.1"):
        await api.save("my_profile", checks={"call": judged(models=[model])})
    async with transaction(owner) as db:
        await db.execute("INSERT INTO client_binding VALUES ('diageo', 'my_profile', 1)")

    [old] = await uses(api, f"model={FIRST}")

    assert (old["profile_id"], old["active"], old["pinned_clients"]) == (
        "my_profile",
        False,
        ["diageo"],
    )
    assert await uses(api, f"model={SECOND}") == []
    assert await uses(api, f"model={FIRST}", STRANGER) == []


async def test_archived_and_foreign_profiles_use_nothing(api: Api) -> None:
    await api.create(draft_for("diageo", checks={"mine": judged()}), EDITOR)

    assert len(await uses(api, "check=mine", VIEWER)) == 1
    assert await uses(api, "check=mine", STRANGER) == []
    await api.call("DELETE", "/v1/profiles/my_profile", EDITOR)
    assert await uses(api, "check=mine", VIEWER) == []


@pytest.mark.parametrize("query", ["", "?check=", "?slug=a", "?model=a%00b", "?check=a&check=b"])
async def test_a_question_without_a_thing_is_refused(api: Api, query: str) -> None:
    assert (await api.get(f"/v1/profile-uses{query}")).status == 422


async def test_usage_names_the_clients_and_what_they_run(api: Api, owner: Pool) -> None:
    await api.create(draft_for("diageo", "loreal"))
    await api.save("my_profile", pass_threshold=90)
    async with transaction(owner) as db:
        await db.execute("INSERT INTO client_binding VALUES ('diageo', 'my_profile', 1)")

    usage = (await api.get("/v1/profiles/my_profile_v2/usage")).json

    assert usage["profile_id"] == "my_profile"
    assert [tuple(client.values()) for client in usage["clients"]] == [
        ("diageo", "pinned", 1, "my_profile"),
        ("loreal", "floating", 2, "my_profile_v2"),
    ]
    assert [one["id"] for one in usage["dependants"]] == ["diageo"]


async def test_usage_of_a_profile_for_all_names_the_clients_that_one_may_see(api: Api) -> None:
    every = (await api.get("/v1/profiles/general_key_visual/usage")).json["clients"]
    own = (await api.get("/v1/profiles/general_key_visual/usage", VIEWER)).json["clients"]

    assert {client["client_id"] for client in every} == {"diageo", "general", "loreal", "unilever"}
    assert [client["client_id"] for client in own] == ["diageo"]


async def test_usage_of_what_one_may_not_see_is_not_found(api: Api) -> None:
    await api.create(draft_for("diageo"), EDITOR)

    assert (await api.get("/v1/profiles/my_profile/usage", STRANGER)).status == 404
    assert (await api.get("/v1/profiles/absent/usage")).status == 404
