"""What each service says of itself is true: no fault and no answer that its document lacks."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from aiohttp import ClientSession

from deploy.database import Dsns
from libs.actor import Service
from libs.contracts.access import Action
from tests.factories import admin, service
from tests.house import open_house
from tests.trust import Trust

SERVICES: tuple[Service, ...] = ("usage", "profiles", "qc", "gateway")
EVERYBODY = {"/healthz", "/readyz", "/metrics", "/openapi.json"}


async def test_every_service_is_healthy_ready_measured_and_described(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path
) -> None:
    async with open_house(dsns, trust, tmp_path) as house, ClientSession() as session:
        for name in SERVICES:
            for path in sorted(EVERYBODY):
                async with session.get(house.url(name) / path.lstrip("/")) as response:
                    assert response.status == 200, (name, path)
            async with session.get(house.url(name) / "openapi.json") as response:
                document = await response.json()
            assert document["openapi"] == "3.1.0"
            references = _references(document)
            known = {f"#/components/schemas/{n}" for n in document["components"]["schemas"]}
            assert references <= known, references - known


@pytest.mark.parametrize("name", ["usage", "profiles", "qc"])
async def test_every_route_wants_a_passport(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path, name: Service
) -> None:
    async with open_house(dsns, trust, tmp_path) as house, ClientSession() as session:
        async with session.get(house.url(name) / "openapi.json") as response:
            paths = (await response.json())["paths"]
        foreign = {"Authorization": trust.bearer("gateway", admin())}
        powerless = {"Authorization": trust.bearer(name, service())}
        routes = [(method, path) for path, methods in paths.items() for method in methods]
        assert len(routes) >= 4
        for method, path in routes:
            url = str(house.url(name)).rstrip("/") + path.replace("{", "").replace("}", "")
            for headers, status in (({}, 401), (foreign, 401), (powerless, 403)):
                async with session.request(method, url, headers=headers) as response:
                    assert response.status == status, (method, path, headers and "bearer")
            assert paths[path][method]["x-action"] in {action.value for action in Action}


def _references(node: object) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
        return own.union(*(_references(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(_references(value) for value in node))
    return set()
