"""Files of the system before this one, and somebody who sends and takes them."""

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import pytest

from libs.contracts.access import Actor
from tests.profiles.conftest import ADMIN, Answer, Api
from tests.profiles.factories import exact, judged
from tests.trust import Trust

Files = Mapping[str, Any]
OLD = {
    "pack.json": {
        "name": "Pack",
        "description": "",
        "version": 1,
        "visibility": "client_specific",
        "visible_to_clients": ["diageo"],
        "created_at": "2024-03-01T09:30:00.123456",
        "created_by": "anna@agency.example",
        "modified_at": "2024-03-01T09:30:00.123456",
        "modified_by": "anna@agency.example",
        "previous_version": None,
        "pass_threshold": 85,
        "checks": {"logo": exact(parameters={"deep": {"none": None, "list": [1.5, ""]}})},
    },
    "pack_v2.json": {
        "name": "Pack",
        "version": 2,
        "visibility": "client_specific",
        "visible_to_clients": ["diageo"],
        "created_at": "2024-03-01T09:30:00.123456",
        "created_by": "anna@agency.example",
        "modified_at": "2025-01-02T10:00:00+02:00",
        "modified_by": "ben@agency.example",
        "previous_version": "pack",
        "pass_threshold": 90,
        "checks": {"logo": exact(), "cta": judged()},
    },
    "pack_v3.json": {
        "name": "Pack",
        "version": 3,
        "visibility": "client_specific",
        "visible_to_clients": ["diageo"],
        "previous_version": "pack",
        "pass_threshold": 90,
        "checks": {"logo": exact(), "cta": judged()},
    },
}


class Transfer:
    """Sends and takes files as somebody."""

    def __init__(self, api: Api, trust: Trust) -> None:
        self._api = api
        self._trust = trust

    async def bring(
        self, files: Files | bytes, actor: Actor = ADMIN, query: str = "", kind: str = ""
    ) -> Answer:
        """Import files, or a body as it is."""
        body = files if isinstance(files, bytes) else lines(files)
        headers = {
            "Authorization": self._trust.bearer("profiles", actor),
            "Content-Type": kind or "application/x-ndjson",
        }
        path = f"/v1/profile-files{query}"
        async with self._api.http.post(path, data=body, headers=headers) as answer:
            return Answer(answer.status, answer.headers, await answer.json(content_type=None))

    async def take(self, query: str = "", actor: Actor = ADMIN) -> tuple[int, bytes]:
        headers = {"Authorization": self._trust.bearer("profiles", actor)}
        path = f"/v1/profile-files{query}"
        async with self._api.http.get(path, headers=headers) as answer:
            return answer.status, await answer.read()

    async def files(self, query: str, actor: Actor = ADMIN) -> dict[str, Any]:
        _, body = await self.take(f"?format=jsonl&{query}", actor)
        said = [json.loads(line) for line in body.splitlines()]
        return {one["file"]: one["profile"] for one in said}


def lines(files: Files) -> bytes:
    return b"\n".join(json.dumps({"file": k, "profile": v}).encode() for k, v in files.items())


def zipped(files: Mapping[str, bytes]) -> bytes:
    pipe = io.BytesIO()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return pipe.getvalue()


@pytest.fixture
def transfer(api: Api, trust: Trust) -> Transfer:
    return Transfer(api, trust)
