"""Typed routes: what comes in, what goes out, and how it fails."""

import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

import pytest
from aiohttp import ClientError, ClientSession, web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import Field
from yarl import URL

from libs import telemetry
from libs.actor import Verifier
from libs.api.call import Caller
from libs.contracts.access import Action, Actor, Role
from libs.contracts.common import Reply, Request
from libs.problems import Conflict, NotFound, TooMany, UpstreamFailed
from libs.web import ACTOR, READY, Route, create_service
from tests.factories import user
from tests.trust import Trust

Http = TestClient[Any, Any]
UMA = user("uma", {"diageo": Role.CLIENT_ADMIN})


class Thing(Request):
    name: str = Field(max_length=10)
    size: int = 1


class Stored(Reply):
    name: str
    owner: str
    request_id: str | None = None


class ThingPath(Request):
    thing: str


class ThingQuery(Request):
    limit: int = Field(default=5, ge=1)


async def post_thing(request: web.Request, body: Thing) -> Stored:
    """Store a thing."""
    actor: Actor = request[ACTOR]
    return Stored(name=body.name, owner=actor.subject, request_id=telemetry.request_id())


async def get_thing(request: web.Request, path: ThingPath, query: ThingQuery) -> Stored:
    """Find a thing."""
    if path.thing == "busy":
        raise TooMany("busy", "Come back.", 7)
    if path.thing == "broken":
        raise RuntimeError("the password is hunter2")
    if path.thing == "sold":
        raise Conflict("sold", "Somebody was faster.", members={"to": {"id": 3}, "status": 1})
    raise NotFound("unknown_thing", f"There is no {path.thing}, of {query.limit}.")


ROUTES = [
    Route("POST", "/v1/things", post_thing, Action.READ_USAGE, HTTPStatus.CREATED),
    Route("GET", "/v1/things/{thing}", get_thing, None),
]


@pytest.fixture
async def http(trust: Trust) -> AsyncIterator[Http]:
    app = create_service("usage", ROUTES, Verifier("usage", trust.keys), max_body_bytes=1000)
    client: Http
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.fixture
def bearer(trust: Trust) -> dict[str, str]:
    return {"Authorization": trust.bearer("usage", UMA)}


async def problem(response: Any) -> dict[str, Any]:
    assert response.content_type == "application/problem+json"
    document: dict[str, Any] = await response.json(content_type=None)
    assert document["status"] == response.status
    assert document["request_id"] == response.headers["X-Request-Id"]
    return document


async def test_handler_gets_models_and_its_reply_is_json(
    http: Http, bearer: dict[str, str]
) -> None:
    response = await http.post("/v1/things", json={"name": "vase"}, headers=bearer)

    assert response.status == HTTPStatus.CREATED
    assert (await response.json())["owner"] == "uma"


@pytest.mark.parametrize(
    ("body", "kind", "status", "code"),
    [
        (b'{"name": "vase", "colour": 1}', "application/json", 422, "bad_request_body"),
        (b'{"size": 1}', "application/json", 422, "bad_request_body"),
        (b'{"name": ', "application/json", 400, "bad_json"),
        (b"[" * 900, "application/json", 400, "bad_json"),
        (b'{"name": "' + b"x" * 2000 + b'"}', "application/json", 413, "body_too_large"),
        (b"name=vase", "application/x-www-form-urlencoded", 415, "json_wanted"),
    ],
)
async def test_bad_body_is_told(
    http: Http, bearer: dict[str, str], body: bytes, kind: str, status: int, code: str
) -> None:
    response = await http.post("/v1/things", data=body, headers=bearer | {"Content-Type": kind})

    assert response.status == status
    assert (await problem(response))["code"] == code


async def test_bad_field_is_named_without_its_value(http: Http, bearer: dict[str, str]) -> None:
    response = await http.post("/v1/things", json={"name": "secret-name-x"}, headers=bearer)

    detail = (await problem(response))["detail"]
    assert detail.startswith("name: ")
    assert "secret" not in detail


async def test_packed_body_is_refused(http: Http, bearer: dict[str, str]) -> None:
    headers = bearer | {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    response = await http.post("/v1/things", data=b"\x1f\x8b", headers=headers)

    assert response.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNSUPPORTED_MEDIA_TYPE}


async def test_route_with_an_action_wants_a_passport(http: Http, trust: Trust) -> None:
    nobody = await http.post("/v1/things", json={"name": "vase"})
    other = {"Authorization": trust.bearer("qc", UMA)}
    elsewhere = await http.post("/v1/things", json={"name": "vase"}, headers=other)
    small = {"Authorization": trust.bearer("usage", user(clients={"diageo": Role.VIEWER}))}
    too_small = await http.post("/v1/things", json={"name": "vase"}, headers=small)

    assert (nobody.status, elsewhere.status, too_small.status) == (401, 401, 403)


async def test_problem_tells_when_to_come_back(http: Http) -> None:
    response = await http.get("/v1/things/busy")

    assert (response.status, response.headers["Retry-After"]) == (429, "7")


async def test_fault_of_ours_leaks_nothing(http: Http) -> None:
    response = await http.get("/v1/things/broken")

    assert response.status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "hunter2" not in await response.text()


async def test_answer_that_breaks_off_is_never_taken_for_whole(trust: Trust) -> None:
    async def get_half(request: web.Request) -> web.StreamResponse:
        """Half of what was promised."""
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"x" * 900)
        raise NotFound("gone", "It went away.")

    routes = [Route("GET", "/half", get_half, None, produces=("text/plain",))]
    app = create_service("usage", routes, Verifier("usage", trust.keys))
    client: Http
    async with TestClient(TestServer(app)) as client:
        with pytest.raises(ClientError):
            await (await client.get("/half")).read()


async def test_unknown_query_parameter_is_refused(http: Http) -> None:
    response = await http.get("/v1/things/x?limti=3")

    assert (await problem(response))["code"] == "bad_query"


async def test_wrong_method_says_which_is_allowed(http: Http) -> None:
    response = await http.delete("/v1/things")

    assert response.status == HTTPStatus.METHOD_NOT_ALLOWED
    assert response.headers["Allow"] == "POST"


async def test_well_formed_request_id_is_kept_and_any_other_replaced(http: Http) -> None:
    kept = await http.get("/healthz", headers={"X-Request-Id": "abc-12345678"})
    replaced = await http.get("/healthz", headers={"X-Request-Id": "a b{evil}"})

    assert kept.headers["X-Request-Id"] == "abc-12345678"
    assert replaced.headers["X-Request-Id"] != "a b{evil}"


async def test_readiness_names_what_is_wrong(trust: Trust) -> None:
    async def ready() -> list[str]:
        return ["the database does not answer"]

    app = create_service("usage", [], Verifier("usage", trust.keys))
    app[READY] = ready
    client: Http
    async with TestClient(TestServer(app)) as client:
        response = await client.get("/readyz")
        assert response.status == HTTPStatus.SERVICE_UNAVAILABLE
        assert "database" in await response.text()
        assert (await client.get("/healthz")).status == HTTPStatus.OK


async def test_metrics_count_by_route_not_by_path(http: Http) -> None:
    await http.get("/v1/things/some-very-particular-name")

    text = await (await http.get("/metrics")).text()
    assert 'route="/v1/things/{thing}"' in text
    assert "some-very-particular-name" not in text


async def test_openapi_is_made_of_the_handlers(http: Http) -> None:
    document = await (await http.get("/openapi.json")).json()

    assert document["openapi"] == "3.1.0"
    post = document["paths"]["/v1/things"]["post"]
    assert post["summary"] == "Store a thing."
    assert post["responses"]["201"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/Stored"
    }
    parameters = document["paths"]["/v1/things/{thing}"]["get"]["parameters"]
    assert [(p["name"], p["in"]) for p in parameters] == [("thing", "path"), ("limit", "query")]
    json.dumps(document)


async def test_problem_crosses_the_wire_as_the_exception_it_was(http: Http) -> None:
    async with ClientSession() as session:
        caller = Caller(session, URL(str(http.make_url("/"))))
        with pytest.raises(NotFound, match="There is no vase"):
            await caller.call("GET", "/v1/things/vase", Stored)
        with pytest.raises(TooMany) as busy:
            await caller.call("GET", "/v1/things/busy", Stored)

    assert busy.value.retry_after_s == 7


async def test_further_members_of_a_problem_cross_the_wire_beside_the_standard_ones(
    http: Http,
) -> None:
    document = await problem(await http.get("/v1/things/sold"))
    with pytest.raises(Conflict) as raised:
        async with ClientSession() as session:
            caller = Caller(session, URL(str(http.make_url("/"))))
            await caller.call("GET", "/v1/things/sold", Stored)

    assert (document["to"], document["status"]) == ({"id": 3}, 409)
    assert raised.value.members == {"to": {"id": 3}}


async def test_unreachable_service_is_a_problem() -> None:
    async with ClientSession() as session:
        with pytest.raises(UpstreamFailed):
            await Caller(session, URL("http://127.0.0.1:9")).call("GET", "/x", Stored)


async def test_reply_that_nobody_understands_is_a_problem() -> None:
    async def html(_request: web.Request) -> web.Response:
        return web.Response(text="<html>", status=200)

    app = web.Application()
    app.router.add_get("/x", html)
    async with TestServer(app) as server, ClientSession() as session:
        with pytest.raises(UpstreamFailed):
            await Caller(session, server.make_url("/")).call("GET", "/x", Stored)


async def test_request_id_travels_with_the_call(http: Http, trust: Trust) -> None:
    telemetry.begin_request("from-upstream-1")
    async with ClientSession() as session:
        caller = Caller(session, http.make_url("/"), lambda: trust.bearer("usage", UMA).split()[1])
        stored = await caller.call("POST", "/v1/things", Stored, Thing(name="vase"))

    assert stored.request_id == "from-upstream-1"


def test_conflict_is_known_by_its_status() -> None:
    assert Conflict("a", "b").status == HTTPStatus.CONFLICT
