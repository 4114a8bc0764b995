"""The upload door: names of files, and how much comes in."""

import asyncio
import os
from pathlib import Path

import pytest
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st

from libs.problems import Problem
from services.qc.files import MAX_NAME_CHARS, Door, receive_all, safe_name


@pytest.mark.parametrize(
    ("offered", "shown"),
    [
        ("key visual.png", "key visual.png"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ada\\logo.png", "logo.png"),
        ("a\r\nSet-Cookie: x.png", "aSet-Cookie: x.png"),
        ("\x1b[31mred.png", "[31mred.png"),
        ("gnp.\u202eexe.png", "gnp.exe.png"),
        (".hidden", "hidden"),
        ("", "unnamed"),
        ("///", "unnamed"),
        ("été_größe_写真.png", "été_größe_写真.png"),
    ],
)
def test_name_is_one_word_of_a_path_and_one_line(offered: str, shown: str) -> None:
    assert safe_name(offered) == shown


def test_long_name_keeps_its_ending() -> None:
    name = safe_name("x" * 5000 + ".png")

    assert len(name) == MAX_NAME_CHARS
    assert name.endswith(".png")


@given(st.text(max_size=600))
def test_any_name_ends_up_safe(offered: str) -> None:
    name = safe_name(offered)

    assert 0 < len(name) <= MAX_NAME_CHARS
    assert name.isprintable() and "/" not in name and "\\" not in name
    assert not name.startswith(".")


async def _sent(files: list[bytes], door: Door, scratch: Path) -> tuple[int, str]:
    """Status, and the code or the names that came through, of a body with these files."""

    async def take(request: web.Request) -> web.Response:
        try:
            async with receive_all(request, scratch, door) as sent:
                lying = [file.path.read_bytes() for file in sent.files]
                assert lying == files and sent.fields == {"order": "x"}
                return web.Response(text=" ".join(file.offered for file in sent.files))
        except Problem as problem:
            return web.Response(status=problem.status, text=problem.code)

    app = web.Application(client_max_size=1)
    app.router.add_post("/", take)
    form = FormData({"order": "x"}, quote_fields=False)
    for number, content in enumerate(files):
        form.add_field("file", content, filename=f"de/{number}.png")
    async with TestClient(TestServer(app)) as client, client.post("/", data=form) as answer:
        return answer.status, await answer.text()


@pytest.mark.parametrize(
    ("files", "door", "told"),
    [
        ([b"a", b"bb"], Door(9, 5, 5, files=2), (200, "de/0.png de/1.png")),
        ([b"a", b"b", b"c"], Door(9, 5, 5, files=2), (413, "too_many_files")),
        ([b"a", b"b"], Door(9, 5, 5), (422, "two_files")),
        ([b"a" * 10], Door(9, 5, 5, files=2, all_bytes=90), (413, "file_too_large")),
        ([b"a" * 9, b"b" * 9], Door(9, 5, 5, files=2, all_bytes=17), (413, "too_many_bytes")),
        ([b"a" * 9, b"b" * 9], Door(9, 5, 5, files=2, all_bytes=18), (200, "de/0.png de/1.png")),
        ([b"a", b""], Door(9, 5, 5, files=2), (422, "empty_file")),
    ],
)
async def test_so_many_files_and_bytes_come_in_and_nothing_stays(
    files: list[bytes], door: Door, told: tuple[int, str], tmp_path: Path
) -> None:
    assert await _sent(files, door, tmp_path) == told
    assert not await asyncio.to_thread(os.listdir, tmp_path)
