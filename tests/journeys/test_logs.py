"""What the platform writes down: one request id through all services, and no secret anywhere."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from aiohttp import ClientSession, CookieJar, FormData
from yarl import URL

from deploy.sample import Sample
from libs.api.gateway import GatewayApi
from tests.deploy.processes import LINUX_ONLY
from tests.journeys.processes import (
    GEMINI_KEY,
    OPENAI_KEY,
    SERVICES,
    FakeProcess,
    Up,
    descendants,
    fake_providers_process,
    run_aiqc,
)

pytestmark = LINUX_ONLY
REQUEST_ID = "canary-request-0123456789"
FORGED = "qc       | 00:00:00 INFO  forged"
EVIL_NAMES = [
    'filename="a\x1b[31mred\x1b]0;title\x07\u2028\u202egpj.exe"',
    f'filename="a%0a{FORGED}.jpg"',
    f"filename*=UTF-8''a%0A{quote(FORGED)}%0D%0A%1B%5B31m.jpg",
]


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeProcess]:
    with fake_providers_process() as fake:
        yield fake


@pytest.fixture(scope="module")
def up(fake: FakeProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    forms = {f"{name.upper()}_LOG_FORMAT": "json" for name in SERVICES}
    with Up(tmp_path_factory.mktemp("logs") / "data", fake.environment | forms) as up:
        yield up


@pytest.fixture(scope="module")
def readable(fake: FakeProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """The same with the log that a person reads."""
    with Up(tmp_path_factory.mktemp("text") / "data", fake.environment) as up:
        yield up


@asynccontextmanager
async def browser(up: Up) -> AsyncIterator[tuple[ClientSession, GatewayApi]]:
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        api = GatewayApi(session, up.url)
        await api.sign_in("admin")
        yield session, api


def form(file: Path) -> FormData:
    """Asked anew: no answer of an earlier test spares the calls."""
    data = FormData({"client": "diageo", "profile": "diageo_key_visual", "fresh": "true"})
    data.add_field("file", file.read_bytes(), filename=file.name)
    return data


def evil_form(file: Path, name: str) -> tuple[bytes, dict[str, str]]:
    """A body that no honest client writes."""
    fields = "".join(
        f'--cut\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
        for field, value in (("client", "diageo"), ("profile", "diageo_key_visual"))
    )
    head = f'{fields}--cut\r\nContent-Disposition: form-data; name="file"; {name}\r\n\r\n'
    body = head.encode() + file.read_bytes() + b"\r\n--cut--\r\n"
    return body, {"Content-Type": "multipart/form-data; boundary=cut"}


def records(up: Up) -> list[dict[str, Any]]:
    """The services' log lines; each of them is one JSON object."""
    said = [line.split(" | ", 1) for line in up.log.splitlines() if " | " in line]
    return [json.loads(text) for name, text in said if name.strip() in SERVICES]


async def test_one_request_id_goes_through_all_services(up: Up, sample: Sample) -> None:
    async with browser(up) as (session, api):
        headers = {"X-Request-Id": REQUEST_ID}
        async with session.post(
            up.url / "api/analyses", data=form(sample.creative), headers=headers
        ) as response:
            analysis_id = (await response.json())["analysis_id"]
            assert response.headers["X-Request-Id"] == REQUEST_ID
        assert [event async for event in api.events(analysis_id)][-1].kind == "finished"
        await up.entries(analysis_id, at_least=1)

    of_request = [record for record in records(up) if record.get("request_id") == REQUEST_ID]
    assert {record["service"] for record in of_request} == set(SERVICES)
    said = {record["event"] for record in of_request if record["service"] == "qc"}
    assert {"analysis accepted", "check finished", "analysis finished"} <= said
    ledger = [record["event"] for record in of_request if record["service"] == "usage"]
    assert "POST /v1/events" in ledger


async def test_malformed_request_id_is_replaced(up: Up) -> None:
    async with browser(up) as (session, _):
        headers = {"X-Request-Id": "short"}
        async with session.get(up.url / "api/clients", headers=headers) as response:
            assert re.fullmatch(r"[0-9a-f]{32}", response.headers["X-Request-Id"])


async def test_no_secret_is_written_or_shown(up: Up, fake: FakeProcess, sample: Sample) -> None:
    told: list[str] = []
    fake.answer_all(status=401, body={"error": {"message": f"bad key {OPENAI_KEY} {GEMINI_KEY}"}})
    async with browser(up) as (session, api):
        cookie = next(iter(session.cookie_jar)).value
        async with session.post(up.url / "api/analyses", data=form(sample.creative)) as response:
            analysis_id = (await response.json())["analysis_id"]
        _ = [event async for event in api.events(analysis_id)]
        assert await asyncio.to_thread(fake.calls), "providers have refused the key"
        told.append((await api.analysis(analysis_id)).model_dump_json())
        told += [await text for text in _refusals(up, session, cookie)]
    arguments = "\n".join(descendants(up.process_id).values())

    for secret in [*secrets_of(up), cookie, OPENAI_KEY, GEMINI_KEY]:
        assert secret not in up.log, "no log line holds a secret"
        assert not any(secret in text for text in told), "no answer holds a secret"
        assert secret not in arguments, "every user of the machine sees arguments"
        assert secret not in logs_in(up.data_dir)


def _refusals(up: Up, session: ClientSession, cookie: str) -> Iterator[Any]:
    """Answers to requests that carry secrets to where they do not belong."""

    async def said(port: int, path: str, **headers: str) -> str:
        url = f"http://127.0.0.1:{port}/{path}"
        async with ClientSession() as bare, bare.get(url, headers=headers) as response:
            return await response.text()

    wrong = up.token("usage")
    yield said(up.ports["qc"], "v1/checks", Authorization=f"Bearer {wrong}")
    yield said(up.ports["usage"], "v1/entries?limit=x", Authorization=f"Bearer {wrong}")
    yield said(up.ports["gateway"], "api/clients", Cookie=f"sid={cookie}x")
    yield said(up.ports["gateway"], f"api/nothing/{OPENAI_KEY[:3]}", Cookie=f"sid={cookie}")


def secrets_of(up: Up) -> list[str]:
    """Passwords of the roles and the private parts of the keys, as the data directory has them."""
    passwords = json.loads((up.data_dir / "service.passwords").read_text())
    keys = json.loads((up.data_dir / "keys.json").read_text())
    found = [*passwords.values(), *(pair["private"]["d"] for pair in keys.values())]
    found.append(up.token("usage"))
    assert len(found) > 8 and all(len(secret) > 20 for secret in found)
    return found


def logs_in(folder: Path) -> str:
    files = [path for path in folder.rglob("*.log*") if path.is_file()]
    assert files, "there is the log of PostgreSQL at least"
    return "\n".join(path.read_text(errors="replace") for path in files)


def test_person_can_read_the_log(readable: Up, sample: Sample) -> None:
    run_aiqc(readable.environ, "check", sample.creative, "--client", "diageo", "--profile", "x")

    line = re.compile(
        r"(gateway |qc      |profiles|usage   |aiqc    ) \| \d\d:\d\d:\d\d [A-Z]+ +\S"
    )
    lines = [text for text in readable.log.splitlines() if " | " in text]
    assert lines and not [text for text in lines if not line.match(text)]


async def test_text_of_a_user_cannot_make_a_log_line(up: Up, readable: Up, sample: Sample) -> None:
    statuses = [await _upload_evil(platform, sample) for platform in (up, readable)]

    assert 202 in statuses[0], "at least one of the names is taken in, and logged"
    assert records(up), "every line of the JSON log is JSON"
    for platform in (up, readable):
        lines = platform.log.split("\n")
        assert not any(line.startswith(FORGED) for line in lines)
        assert all(line.isprintable() for line in lines)


async def _upload_evil(platform: Up, sample: Sample) -> set[int]:
    statuses = set[int]()
    async with browser(platform) as (session, _):
        for name in EVIL_NAMES:
            body, headers = evil_form(sample.creative, name)
            url = platform.url / "api/analyses"
            async with session.post(url, data=body, headers=headers) as response:
                statuses.add(response.status)
        path = URL(f"{platform.url}api/%0A{quote(FORGED)}%1B%5B31m", encoded=True)
        async with session.get(path) as response:
            assert response.status == 404
    return statuses


async def test_control_character_in_a_part_header_is_the_callers_fault(
    up: Up, sample: Sample
) -> None:
    body, headers = evil_form(sample.creative, EVIL_NAMES[0])
    async with browser(up) as (session, _):
        url = up.url / "api/analyses"
        async with session.post(url, data=body, headers=headers) as response:
            assert response.status == 400
