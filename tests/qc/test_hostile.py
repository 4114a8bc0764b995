"""No file takes the service down: a result or a clear problem, in ten seconds and a gibibyte."""

import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from libs.contracts.qc import Creative
from libs.problems import Invalid, Problem, TooLarge, Unsupported
from services.qc.decoder_process import ChildLimits
from services.qc.decoders import Decoders
from services.qc.domain.brief import Brief
from services.qc.domain.file_types import EXTENSIONS
from services.qc.domain.views import Showing
from tests.qc.mutator import Malformed, malformed, sound_files

GIB = 1 << 30
SEED = 20_261_127
LIMITS = ChildLimits(
    memory_bytes=GIB,
    max_pixels=64_000_000,
    max_pages=100,
    open_timeout_s=9.0,
    examine_timeout_s=9.0,
)
CHECKS = (
    "animation_transitions",
    "audio_loudness",
    "color_format",
    "file_naming",
    "image_resolution",
    "layer_organization",
    "video_format",
)
HOSTILE = Path(__file__).parents[3] / "shared" / "data" / "creative" / "hostile"
ENDINGS = sorted({ending for endings in EXTENSIONS.values() for ending in endings})


@pytest.fixture(scope="module")
async def decoders() -> AsyncIterator[Decoders]:
    async with Decoders(1, LIMITS) as decoders:
        yield decoders


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return sound_files(tmp_path_factory.mktemp("sound"))


async def outcome(decoders: Decoders, path: Path, name: str) -> dict[str, Any]:
    """What a file ends in: states by check, or the problem; fails where neither is clear."""
    began = time.monotonic()
    try:
        opened = await decoders.open(path, name)
    except Problem as problem:
        assert isinstance(problem, Invalid | TooLarge | Unsupported), (name, problem)
        assert len(problem.detail) > 20 and problem.detail.endswith("."), (name, problem.detail)
        assert str(path.parent) not in problem.detail
        assert time.monotonic() - began < 10, name
        return {"problem": problem.code, "detail": problem.detail}
    creative = Creative(file_name=name, sha256="", bytes=1, **_facts(opened))
    began = time.monotonic()
    checks = {check: {"measure": check, "parameters": {}} for check in CHECKS}
    showing = Showing(folder=path.parent, sides_px={1: (2048,)}, seen_px={1: 512})
    stream = decoders.examine(path, creative, checks, Brief(), showing)
    told = [message async for message in stream]
    assert time.monotonic() - began < 10, name
    states = {m["check_id"]: m["measured"] for m in told if "check_id" in m}
    assert set(states) == set(CHECKS), (name, told)
    for measured in states.values():
        assert measured["state"] != "error" or len(measured["reason"]) > 20, (name, measured)
    return {check: measured["state"] for check, measured in states.items()}


def _facts(opened: dict[str, Any]) -> dict[str, Any]:
    return {key: opened[key] for key in ("format", "width_px", "height_px", "pages")}


def peak_bytes() -> Iterator[int]:
    for child in psutil.Process().children():
        if "services.qc.child" in child.cmdline():
            status = Path(f"/proc/{child.pid}/status").read_text()
            yield int(status.split("VmHWM:")[1].split()[0]) * 1024


async def assert_alive(decoders: Decoders, folder: Path, sound: dict[str, bytes]) -> None:
    assert all(peak < GIB for peak in peak_bytes())
    path = folder / "sound"
    path.write_bytes(sound["png"])
    assert (await decoders.open(path, "a.png"))["format"] == "PNG"


async def test_every_sound_file_of_each_kind_is_measured(
    decoders: Decoders, sound: dict[str, bytes], tmp_path: Path
) -> None:
    """What the mutator hurts is sound before."""
    for extension, content in sound.items():
        path = tmp_path / "upload"
        path.write_bytes(content)
        ended = await outcome(decoders, path, f"a.{extension}")
        assert ended.get("file_naming") == "passed", (extension, ended)
        assert "error" not in ended.values(), (extension, ended)


@pytest.mark.skipif(not HOSTILE.exists(), reason="the shared creatives are not here")
async def test_hostile_files_under_any_name_end_clearly(
    decoders: Decoders, sound: dict[str, bytes], tmp_path: Path
) -> None:
    for file in sorted(HOSTILE.iterdir()):
        copied = tmp_path / file.name  # what is shown of a file is written beside it
        copied.write_bytes(file.read_bytes())
        first = await outcome(decoders, copied, file.name)
        for ending in ENDINGS:
            renamed = tmp_path / f"renamed.{ending}"
            renamed.write_bytes(file.read_bytes())
            try:
                ended = await decoders.open(renamed, renamed.name)
                assert "problem" not in first, (file.name, ending, first)
                assert ended["pages"] >= 1
            except Problem as problem:
                assert first.get("problem") == problem.code, (file.name, ending, first)
            renamed.unlink()
    await assert_alive(decoders, tmp_path, sound)


async def test_malformed_files_end_clearly(
    decoders: Decoders, sound: dict[str, bytes], tmp_path: Path
) -> None:
    files = list(malformed(sound, SEED))
    assert len(files) >= 90
    for number, file in enumerate(files):
        path = tmp_path / f"upload-{number}"
        path.write_bytes(file.content)
        await outcome(decoders, path, file.name)
        path.unlink()
    await assert_alive(decoders, tmp_path, sound)


def test_the_same_seed_makes_the_same_files(sound: dict[str, bytes]) -> None:
    def made(seed: int) -> list[Malformed]:
        return list(malformed(sound, seed))

    assert made(1) == made(1)
    assert made(1) != made(2)
