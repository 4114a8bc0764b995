"""The registry as an application: who gets in, and what it says about itself."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import schemathesis

from libs.contracts.access import Action, Role
from services.profiles.app import ROUTES
from tests.factories import service, user
from tests.profiles.conftest import ADMIN, VIEWER, Api
from tests.profiles.factories import draft
from tests.trust import Trust

NAMES = {"client_id": "general"}
"""What stands for a part of a path; for all others the slug of a profile does."""


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_no_route_answers_without_a_passport(api: Api, route: Any) -> None:
    path = re.sub(r"{(\w+)}", lambda name: NAMES.get(name[1], "general_key_visual"), route.path)

    async with api.http.request(route.method, path, json=draft()) as response:
        assert response.status == 401
        assert (await response.json(content_type=None))["code"] == "no_passport"


async def test_foreign_and_expired_passports_are_refused(api: Api, trust: Trust) -> None:
    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    bearers = [
        trust.bearer("usage", ADMIN),
        Trust().bearer("profiles", ADMIN),
        trust.bearer("profiles", ADMIN, now=long_ago),
        trust.bearer("profiles", ADMIN, issuer="qc"),
    ]

    for bearer in bearers:
        headers = {"Authorization": bearer}
        async with api.http.get("/v1/profiles", headers=headers) as response:
            assert response.status == 401


async def test_a_service_does_what_its_scopes_say(api: Api) -> None:
    qc = service(Action.RESOLVE_PROFILES)

    resolved = await api.get("/v1/clients/general/resolve/general_key_visual", qc)
    listed = await api.get("/v1/profiles", qc)

    assert (resolved.status, listed.status) == (200, 403)


@pytest.mark.parametrize("actor", [VIEWER, user("rita", {"diageo": Role.REVIEWER}), user("nobody")])
async def test_a_role_that_is_too_small_may_not_write(api: Api, actor: Any) -> None:
    answer = await api.call("POST", "/v1/profiles", actor, draft())

    assert (answer.status, answer.json["code"]) == (403, "not_allowed")


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (draft(thresold=1), "thresold"),
        (draft(checks={"cta": {"kind": "judged", "prompt": "p", "llm": "x"}}), "checks.cta.llm"),
        (draft(checks={"cta": {"kind": "judged", "prompt": " "}}), "checks.cta"),
        (draft(checks={}), "checks"),
        (draft(name=" "), "name"),
        (draft(pass_threshold=101), "pass_threshold"),
        (draft(visibility="client_specific"), "visible_to_clients"),
        (draft(visibility="client_specific", visible_to_clients=["../x"]), "visible_to_clients.0"),
    ],
)
async def test_a_bad_body_is_refused_with_its_place(api: Api, body: Any, place: str) -> None:
    answer = await api.call("POST", "/v1/profiles", ADMIN, body)

    assert answer.status == 422
    assert place in answer.json["detail"]


async def test_a_number_that_would_not_come_back_is_refused(api: Api) -> None:
    body = draft(checks={"size": {"kind": "exact", "parameters": {"px": 2**60}}})

    answer = await api.call("POST", "/v1/profiles", ADMIN, body)

    assert (answer.status, answer.json["code"]) == (422, "bad_profile")
    assert "checks.size.parameters.px" in answer.json["detail"]


async def test_a_text_with_nul_is_refused(api: Api) -> None:
    answer = await api.call("POST", "/v1/profiles", ADMIN, draft(description="a\x00b"))

    assert (answer.status, answer.json["code"]) == (422, "bad_profile")


async def test_an_unknown_query_is_refused(api: Api) -> None:
    assert (await api.get("/v1/profiles?clients=diageo")).status == 422


async def test_the_openapi_document_is_valid_and_names_every_route(api: Api) -> None:
    async with api.http.get("/openapi.json") as response:
        document = await response.json()

    assert document["openapi"] == "3.1.0"
    schemathesis.openapi.from_dict(document).validate()
    described = {
        (method.upper(), path) for path, item in document["paths"].items() for method in item
    }
    assert described == {(route.method, route.path) for route in ROUTES}
    operations = [o for item in document["paths"].values() for o in item.values()]
    assert len({operation["operationId"] for operation in operations}) == len(ROUTES)


async def test_it_is_ready_when_its_database_answers(api: Api) -> None:
    async with api.http.get("/readyz") as response:
        assert response.status == 200
