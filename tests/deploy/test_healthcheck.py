"""The image's health check says what the service in the container says."""

import asyncio
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from aiohttp import web

from tests.serving import Serving

ROOT = Path(__file__).parents[2]


@pytest.fixture
def app_folder(tmp_path: Path) -> Path:
    """Only those files of deploy/ that the image has, so that none of them needs another."""
    recipe = (ROOT / "deploy" / "Dockerfile").read_text()
    copied = [
        source
        for sources in re.findall(r"^COPY (.+) deploy/$", recipe, re.MULTILINE)
        for source in sources.split()
        if "locked" not in source
    ]
    assert "deploy/healthcheck.py" in copied
    (tmp_path / "deploy").mkdir()
    for source in copied:
        shutil.copy(ROOT / source, tmp_path / source)
    return tmp_path


def check(app_folder: Path, port: int) -> "subprocess.CompletedProcess[str]":
    """Run without what is installed: the check must not wait for large imports."""
    return subprocess.run(
        [sys.executable, "-S", "-m", "deploy.healthcheck"],
        cwd=app_folder,
        env={"SERVICE": "usage", "USAGE_PORT": str(port), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1), (404, 1)])
async def test_exit_code_follows_the_answer(app_folder: Path, status: int, code: int) -> None:
    async def answer(_request: web.Request) -> web.Response:
        return web.Response(status=status)

    app = web.Application()
    app.router.add_get("/healthz", answer)
    async with Serving(app) as serving:
        ended = await asyncio.to_thread(check, app_folder, serving.port)

    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr


async def test_nobody_listening_is_unhealthy(app_folder: Path) -> None:
    serving = Serving(web.Application())
    await serving.start()
    await serving.stop()
    ended = check(app_folder, serving.port)

    assert ended.returncode == 1
    assert "refused" in ended.stderr and "Traceback" not in ended.stderr
