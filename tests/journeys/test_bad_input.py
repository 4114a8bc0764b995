"""What is wrong with an upload is said at once, and says what to do."""

import io
import time
import tracemalloc
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
from aiohttp import ClientSession, CookieJar, FormData
from PIL import Image

from deploy.database import Dsns
from deploy.sample import Sample
from libs.api.gateway import GatewayApi
from libs.problems import Invalid, NotFound, Problem, TooLarge, Unsupported
from tests.house import House, open_house
from tests.trust import Trust

GIGABYTE = 1 << 30


@pytest.fixture(scope="module")
def picture() -> bytes:
    file = io.BytesIO()
    Image.effect_noise((640, 640), 60).convert("RGB").save(file, "JPEG")
    return file.getvalue()


@pytest.fixture
async def api(house_without_keys: House) -> AsyncIterator[GatewayApi]:
    async with house_without_keys.signed_in() as api:
        yield api


async def refusal(
    api: GatewayApi, file: Path, client: str = "diageo", profile: str = "diageo_key_visual"
) -> Problem:
    with pytest.raises(Problem) as refused:
        await api.analyse(file, client, profile)
    return refused.value


@pytest.mark.parametrize(
    ("client", "profile", "code"),
    [
        ("nobody", "general_key_visual", "unknown_client"),
        ("diageo", "no_such_profile", "unknown_profile"),
        ("diageo", "unilever_key_visual", "unknown_profile"),
        ("diageo", "diageo_key_visual_v9", "unknown_profile"),
    ],
)
async def test_unknown_client_or_profile(
    api: GatewayApi, tmp_path: Path, picture: bytes, client: str, profile: str, code: str
) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(picture)

    problem = await refusal(api, file, client, profile)

    assert isinstance(problem, NotFound)
    assert problem.code == code
    assert (client if code == "unknown_client" else profile) in problem.detail


async def test_files_that_cannot_be_checked(
    api: GatewayApi, tmp_path: Path, picture: bytes, sample: Sample
) -> None:
    large = io.BytesIO()
    Image.new("1", (10_000, 10_000)).save(large, "PNG")
    cases: list[tuple[str, bytes, type[Problem], str]] = [
        ("note.png", b"Dear team, please find attached", Unsupported, "text"),
        ("empty.png", b"", Invalid, "empty"),
        ("large.png", large.getvalue(), TooLarge, "64,000,000"),
        ("cut.jpg", picture[: len(picture) // 2], Invalid, "cut short"),
        ("odd.gif", b"GIF89a" + b"\0" * 50, Invalid, "GIF"),
        ("rubbish.png", b"\x89PNG\r\n\x1a\n" + b"\xff" * 200, Invalid, "damaged"),
    ]
    for name, content, kind, word in cases:
        file = tmp_path / name
        file.write_bytes(content)

        problem = await refusal(api, file)

        assert isinstance(problem, kind), (name, problem)
        assert word.lower() in problem.detail.lower(), (name, problem.detail)

    assert await api.analyse(sample.creative, "diageo", "diageo_key_visual")


async def test_two_gigabytes_are_refused_at_once_and_cost_no_memory(
    house_without_keys: House,
) -> None:
    async def zeros() -> AsyncIterator[bytes]:
        chunk = bytes(1 << 20)
        for _ in range(2 * 1024):
            yield chunk

    tracemalloc.start()
    began = time.monotonic()
    async with (
        house_without_keys.signed_in() as api,
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as session,
    ):
        url = house_without_keys.url("gateway")
        async with session.post(url / "api/session", json={"user": "admin"}):
            pass
        headers = {
            "Content-Type": "multipart/form-data; boundary=x",
            "Content-Length": str(2 * GIGABYTE),
        }
        async with session.post(url / "api/analyses", data=zeros(), headers=headers) as response:
            assert response.status == 413
            problem = await response.json(content_type=None)
        assert (await api._caller.fetch("GET", "/api/checks"))[:1] == b"{"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert problem["code"] == "file_too_large"
    assert "100 MB" in problem["detail"]
    assert time.monotonic() - began < 10
    assert peak < 64 << 20


async def test_upload_without_a_declared_length_is_counted(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        for _ in range(50):
            yield bytes(1 << 20)

    async with (
        open_house(dsns, trust, tmp_path, max_upload_bytes=2 << 20, scratch_dir=tmp_path) as house,
        ClientSession(cookie_jar=CookieJar(unsafe=True)) as session,
    ):
        url = house.url("gateway")
        async with session.post(url / "api/session", json={"user": "admin"}):
            pass
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        async with session.post(url / "api/analyses", data=endless(), headers=headers) as response:
            assert response.status == 413
        assert not any(tmp_path.rglob("upload-*"))  # noqa: ASYNC240


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"client": "diageo"}, "missing_field"),
        ({"profile": "diageo_key_visual"}, "missing_field"),
        ({"client": "diageo", "profile": "x", "file2": "y"}, "no_file"),
        ({"client": "d" * 5000, "profile": "x"}, "field_too_large"),
        ({"client": "diageo\n", "profile": "../../x"}, "unknown_profile"),
    ],
)
async def test_missing_and_odd_fields_are_named(
    house_without_keys: House, picture: bytes, fields: dict[str, str], code: str
) -> None:
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:
        url = house_without_keys.url("gateway")
        async with session.post(url / "api/session", json={"user": "admin"}):
            pass
        form = FormData(default_to_multipart=True)
        for name, value in fields.items():
            form.add_field(name, value)
        if code != "no_file":
            form.add_field("file", picture, filename="a.jpg")
        async with session.post(url / "api/analyses", data=form) as response:
            assert 400 <= response.status < 500
            assert (await response.json(content_type=None))["code"] == code


async def test_body_that_is_no_multipart_is_told(house_without_keys: House) -> None:
    async with house_without_keys.signed_in() as api:
        session, url = api._session, house_without_keys.url("gateway") / "api/analyses"
        for body, kind in (
            (b"{}", "application/json"),
            (b"nonsense", "multipart/form-data; boundary=x"),
            (b"nonsense", "multipart/form-data"),
        ):
            async with session.post(url, data=body, headers={"Content-Type": kind}) as response:
                assert response.status in (400, 415, 422), (kind, await response.text())


async def test_viewer_cannot_run_and_foreign_client_looks_absent(
    house_without_keys: House, tmp_path: Path, picture: bytes
) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(picture)
    async with house_without_keys.signed_in("viewer") as viewer:
        with pytest.raises(Problem) as own:
            await viewer.analyse(file, "loreal", "loreal_key_visual")
    async with house_without_keys.signed_in("reviewer") as reviewer:
        with pytest.raises(NotFound) as foreign:
            await reviewer.analyse(file, "diageo", "diageo_key_visual")

    assert own.value.status == 403
    assert foreign.value.code == "unknown_client"


async def test_analysis_of_another_client_looks_absent(
    house_without_keys: House, sample: Sample
) -> None:
    async with house_without_keys.signed_in() as admin:
        analysis_id = await admin.analyse(sample.creative, "diageo", "diageo_key_visual")
    async with house_without_keys.signed_in("reviewer") as reviewer:
        with pytest.raises(NotFound):
            await reviewer.analysis(analysis_id)
        with pytest.raises(NotFound):
            _ = [event async for event in reviewer.events(analysis_id)]
