"""The difference of two versions, over HTTP."""

from html.parser import HTMLParser

import pytest

from libs.contracts.access import Actor
from libs.contracts.diff import ProfileDiff
from tests.profiles.conftest import ADMIN, EDITOR, STRANGER, VIEWER, Api
from tests.profiles.factories import draft, draft_for, exact, judged
from tests.trust import Trust

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{ 7 * 7 }}"


class Tags(HTMLParser):
    """The names of all tags of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)


async def test_any_two_versions_are_compared_in_the_order_of_the_path(api: Api) -> None:
    await api.create(draft_for("diageo"), EDITOR)
    await api.save("my_profile", EDITOR, pass_threshold=90)
    await api.save("my_profile_v2", EDITOR, name="Renamed")

    there = (await api.get("/v1/profiles/my_profile/diff/my_profile_v3", VIEWER)).json
    back = (await api.get("/v1/profiles/my_profile_v3/diff/my_profile", VIEWER)).json
    wording = (await api.get("/v1/profiles/my_profile_v2/diff/my_profile_v3", VIEWER)).json

    assert [one["sentence"] for one in there["differences"]] == [
        "name “My profile” → “Renamed”: changes no result",
        "pass threshold 85 → 90: can change results",
    ]
    assert there["summary"] == "2 differences, 1 can change results"
    assert (there["before"]["version"], there["after"]["version"]) == (1, 3)
    assert back["differences"][1]["sentence"] == "pass threshold 90 → 85: can change results"
    assert (there["change_class"], wording["change_class"]) == ("scoring", "presentation")
    assert wording["before"]["scoring_hash"] == wording["after"]["scoring_hash"]


async def test_two_profiles_are_compared_as_well(api: Api) -> None:
    await api.create(draft(checks={"a": exact()}))
    await api.create(draft(name="Other", checks={"b": judged()}))

    diff = ProfileDiff.model_validate((await api.get("/v1/profiles/my_profile/diff/other")).json)

    assert [(one.path, one.kind) for one in diff.differences] == [
        ("name", "changed"),
        ("checks.b", "added"),
        ("checks.a", "removed"),
    ]


async def test_a_version_does_not_differ_from_itself(api: Api) -> None:
    await api.create(draft())

    same = (await api.get("/v1/profiles/my_profile/diff/my_profile")).json

    assert (same["differences"], same["change_class"]) == ([], "none")


@pytest.mark.parametrize("actor", [STRANGER, EDITOR])
async def test_a_foreign_side_looks_absent(api: Api, actor: Actor) -> None:
    await api.create(draft())
    await api.create(draft_for("unilever", name="Secret"))

    for path in ("my_profile/diff/secret", "secret/diff/my_profile", "my_profile/diff/nothing"):
        assert (await api.get(f"/v1/profiles/{path}", actor)).status == 404
        assert (await api.get(f"/v1/profiles/{path}?format=html", actor)).status == 404


async def test_an_unknown_format_is_refused(api: Api) -> None:
    await api.create(draft())

    assert (await api.get("/v1/profiles/my_profile/diff/my_profile?format=pdf")).status == 422


async def test_the_page_shows_what_people_wrote_and_runs_none_of_it(api: Api, trust: Trust) -> None:
    checks = {"a": judged(prompt=f"Old words here. {EVIL}"), "b": exact(parameters={"w": [1]})}
    await api.create(draft(checks=checks, name=EVIL))
    checks = {"a": judged(prompt=f"New words here. {EVIL}!"), "b": exact(parameters={"w": [EVIL]})}
    await api.save("script_alert_1_script_img_src_x_onerror_alert_2_7_7", checks=checks)
    slug = "script_alert_1_script_img_src_x_onerror_alert_2_7_7"
    bearer = {"Authorization": trust.bearer("profiles", ADMIN)}

    path = f"/v1/profiles/{slug}/diff/{slug}_v2?format=html"
    async with api.http.get(path, headers=bearer) as answer:
        page = await answer.text()

    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert not Tags(page).names & {"script", "img", "link", "iframe", "a"}
    assert "<del>Old</del><ins>New</ins> words here." in page
    assert "{{ 7 * 7 }}" in page


async def test_what_is_compared_is_in_the_contract(api: Api) -> None:
    document = await (await api.http.get("/openapi.json")).json()

    answer = document["paths"]["/v1/profiles/{profile_id}/diff/{other_id}"]["get"]["responses"]
    assert set(answer["200"]["content"]) == {"application/json", "text/html"}
    assert "ProfileDiff" in document["components"]["schemas"]
