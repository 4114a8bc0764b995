"""Searching the list of profiles, over HTTP and in a real database."""

import pytest

from libs.contracts.access import Actor
from libs.postgres import Pool, transaction
from tests.profiles.conftest import ADMIN, EDITOR, STRANGER, Api
from tests.profiles.factories import draft, draft_for, exact, judged

SUMMER = draft(
    name="L'Oréal Été 夏の広告",
    description="For the long days.",
    checks={
        "logo_visibility": exact(parameters={"assets": ["Red Crest"], "min_width_px": 80}),
        "small_words": judged(
            title="Legal line",
            prompt="Is the disclaimer on https://example.com/terms readable? Größe zählt. ΟΔΟΣ",
            models=["openai/gpt-4o", "google/gemini-2.5-pro"],
        ),
        "sharp": exact(measure="blur_upscale"),
    },
)


async def found(api: Api, query: str, actor: Actor = ADMIN) -> set[str]:
    answer = await api.get(f"/v1/profiles?{query}", actor)
    assert answer.status == 200, answer.json
    return {line["profile_id"] for line in answer.json["profiles"]}


@pytest.mark.parametrize(
    "q",
    [
        *("été", "ÉTÉ", "réal", "の広", "loreal", "long days", "disclaim", "legal READ"),
        *("example terms", "größ", "red crest", "logo_vis", "visibility"),
        *("blur", "'oréal'", "ΟΔΟΣ"),
    ],
)
async def test_words_are_found_by_their_beginning_wherever_they_stand(api: Api, q: str) -> None:
    profile_id = await api.create(SUMMER)
    await api.create(draft())

    assert await found(api, f"q={q}") & {profile_id, "my_profile"} == {profile_id}


@pytest.mark.parametrize("q", ["標誌", "必須", "標誌 claim", "โลโก้", "ロゴ", "包裝", "看得"])
async def test_words_that_no_space_divides_are_found_inside_a_text(api: Api, q: str) -> None:
    prompt = "品牌標誌必須清晰可見。ต้องเห็นโลโก้ชัดเจน。商品のロゴを確認する。"
    checks = {"claim": judged(prompt=prompt, title="讓人看得懂")}
    profile_id = await api.create(draft(name="Asia", description="所有包裝", checks=checks))
    await api.create(draft())

    assert await found(api, f"q={q}") == {profile_id}
    assert await found(api, "q=標誌 winter") == set()


@pytest.mark.parametrize(
    "q",
    ["claimer", "legal winter", "judged", "100%25", "a' | 'b", "a:*&!(", "\\", "***", "_", "<->"],
)
async def test_what_is_not_there_is_not_found(api: Api, q: str) -> None:
    profile_id = await api.create(SUMMER)

    assert profile_id not in await found(api, f"q={q.replace('&', '%26')}")


async def test_only_what_an_active_version_says_is_found(api: Api) -> None:
    await api.create(draft(name="Old words"))
    await api.save("old_words", name="New ones")

    assert await found(api, "q=new ones") == {"old_words_v2"}
    assert "old_words_v2" in await found(api, "q=old")  # by its slug, which is for ever
    assert await found(api, "q=old words new nothing") == set()


async def test_with_a_client_its_own_version_is_searched(api: Api, owner: Pool) -> None:
    await api.create(draft_for("diageo", "loreal", name="Pack", description="before"))
    await api.save("pack", description="afterwards")
    async with transaction(owner) as db:
        await db.execute("INSERT INTO client_binding VALUES ('diageo', 'pack', 1)")

    assert await found(api, "client=diageo&q=before") == {"pack"}
    assert await found(api, "client=loreal&q=before") == set()
    assert await found(api, "client=loreal&q=afterwards") == {"pack_v2"}


@pytest.mark.parametrize(
    "query",
    [
        *("check=logo_visibility", "check=blur_upscale", "check=sharp", "asset=red%20CREST"),
        *("model=openai/gpt-4o", "model=google/gemini-2.5-pro", "q=legal&check=sharp"),
    ],
)
async def test_filters_find_what_uses_it(api: Api, query: str) -> None:
    profile_id = await api.create(SUMMER)
    await api.create(draft())

    assert await found(api, query) & {profile_id, "my_profile"} == {profile_id}


@pytest.mark.parametrize("query", ["model=openai/gpt-4", "asset=crest", "check=logo", "model=x"])
async def test_filters_want_the_whole_name(api: Api, query: str) -> None:
    assert await api.create(SUMMER) not in await found(api, query)


async def test_archived_profiles_are_listed_when_asked_for(api: Api) -> None:
    await api.create(draft())
    await api.call("DELETE", "/v1/profiles/my_profile")

    assert "my_profile" not in await found(api, "q=profile")
    assert await found(api, "state=archived") == {"my_profile"}
    assert "my_profile" in await found(api, "q=profile&state=all")
    [line] = (await api.get("/v1/profiles?state=archived")).json["profiles"]
    assert line["archived_at"] is not None


async def test_a_search_finds_nothing_of_others(api: Api) -> None:
    await api.create(draft_for("diageo", name="Secret"), EDITOR)

    assert await found(api, "q=secret", EDITOR) == {"secret"}
    assert await found(api, "q=secret", STRANGER) == set()


@pytest.mark.parametrize("query", ["q=", "q=%20", "q=a%00", f"q={'a' * 201}", "state=gone", "Q=a"])
async def test_a_bad_search_is_refused(api: Api, query: str) -> None:
    assert (await api.get(f"/v1/profiles?{query}")).status == 422


async def test_more_words_than_are_searched_are_kept_and_the_first_are_found(api: Api) -> None:
    words = (" ".join(f"{check:02x}{word:03x}b" for word in range(1_140)) for check in range(100))
    checks = {f"check_{n}": judged(prompt=prompt) for n, prompt in enumerate(words)}

    profile_id = await api.create(draft(name="Vast", checks=checks))

    assert await found(api, "q=vast 00000b") == {profile_id}
    kept = (await api.get(f"/v1/profiles/{profile_id}")).json["checks"]
    assert kept["check_99"]["prompt"].endswith("63473b")
