"""How a picture is prepared: for models, checks and the door. Pillow in full is the ceiling.

The large pictures are drawn here; the real ones of ../shared/data are measured beside them.
"""

import asyncio
import json
import sys
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from struct import pack
from typing import Any

import psutil
import pytest
from PIL import Image

from libs.contracts.qc import Creative
from libs.problems import TooLarge
from services.qc.decoders import Decoders
from services.qc.domain.brief import Brief
from services.qc.domain.views import MOST_SIDE_PX, Showing, Sight
from tests.bench.board import Board, at_most, in_turn, typical
from tests.bench.running import Watched
from tests.bench.test_exact_checks import limits
from tests.conftest import SHARED_DATA
from tests.drawn_pictures import artwork, photograph

BENCH = "pictures"
ROUNDS = 5
TIMES = 3
"""A figure is the mean of so many: the CPU of a process is told in hundredths of a second."""

MEBIBYTE = 1 << 20
TICK_S = 0.005
Figures = dict[str, float]
CHECKED = {"blur": {"measure": "blur_upscale", "parameters": {}}}


@dataclass(frozen=True, slots=True)
class Child:
    """One warm child, as it is asked in production."""

    decoders: Decoders
    folder: Path

    @property
    def process(self) -> Watched:
        [process] = [
            process
            for process in psutil.Process().children()
            if "services.qc.child" in process.cmdline()
        ]
        return Watched(process)

    async def open(self, path: Path) -> None:
        await self.decoders.open(path, path.name)

    async def show(self, path: Path, pages: int = 1, checks: Any = None) -> list[Any]:
        """What a model gets. Alone, as when every exact result is kept, or with checks."""
        sides = dict.fromkeys(range(1, pages + 1), (MOST_SIDE_PX,))
        showing = Showing(folder=self.folder, sides_px=sides, sight=Sight())
        drawn = []
        stream = self.decoders.examine(path, _creative(path), checks or {}, Brief(), showing)
        async for message in stream:
            drawn += message.get("drawn", [])
            assert message.get("measured", {}).get("state") != "error"
        return drawn

    async def timed(self, times: int, way: Any, *arguments: Any) -> Figures:
        cpu_s, wall_s = self.process.cpu_s(), time.perf_counter()
        for _ in range(times):
            await way(*arguments)
        return {
            "cpu_s": (self.process.cpu_s() - cpu_s) / times,
            "wall_s": (time.perf_counter() - wall_s) / times,
        }


def _creative(path: Path) -> Creative:
    facts: dict[str, Any] = {"format": "PNG", "width_px": 10, "height_px": 10, "pages": 1}
    return Creative(file_name=path.name, sha256="0" * 64, bytes=1, **facts)


@asynccontextmanager
async def warm_child(folder: Path) -> AsyncIterator[Child]:
    """It has opened and shown something small: what it needs is loaded."""
    Image.new("RGB", (64, 64)).save(folder / "small.png")
    async with Decoders(1, limits()) as decoders:
        child = Child(decoders, folder)
        await child.open(folder / "small.png")
        await child.show(folder / "small.png", checks=CHECKED)
        yield child


async def pillow_full(path: Path, times: int) -> Figures:
    module = ("-m", "tests.bench.pillow_full")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, *module, str(path), str(MOST_SIDE_PX), str(times)),
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    assert process.returncode == 0
    found: Figures = json.loads(printed)
    return found


def _jpeg(image: Image.Image, path: Path) -> Path:
    image.save(path, quality=92)
    return path


def _png(image: Image.Image, path: Path) -> Path:
    image.save(path, compress_level=1)
    return path


def drawn(kind: str, folder: Path) -> Path:
    """As large as named; the PNGs have as many pixels as are allowed."""
    side_px = int(limits().max_pixels ** 0.5)
    if kind == "JPEG, photograph":
        return _jpeg(photograph(6000, 4000), folder / "photograph.jpg")
    if kind == "JPEG, artwork":
        return _jpeg(artwork(6000, 4000), folder / "artwork.jpg")
    if kind == "PNG, photograph":
        return _png(photograph(side_px, side_px, 3.0), folder / "photograph.png")
    if kind == "PNG, artwork":
        return _png(artwork(side_px, side_px), folder / "artwork.png")
    image = artwork(side_px - 1, side_px - 1)
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return _png(image, folder / "see_through.png")


KINDS = ("JPEG, photograph", "JPEG, artwork", "PNG, photograph", "PNG, artwork")


@pytest.mark.parametrize("kind", KINDS)
async def test_preparing_beside_pillow_in_full(kind: str, tmp_path: Path, board: Board) -> None:
    path = drawn(kind, tmp_path)
    rounds, times = (ROUNDS, TIMES) if kind.startswith("JPEG") else (3, 1)
    async with warm_child(tmp_path) as child:
        ways = {
            "full": lambda: pillow_full(path, times),
            "models": lambda: child.timed(times, child.show, path),
            "both": lambda: child.timed(times, child.show, path, 1, CHECKED),
            "checks": lambda: child.timed(times, child.show, path, 0, CHECKED),
            "door": lambda: child.timed(times, child.open, path),
        }
        taken = await in_turn(ways, rounds)

    def ratio(way: str, what: str) -> float:
        return typical(
            ours[what] / full[what] for ours, full in zip(taken[way], taken["full"], strict=True)
        )

    full = {what: typical(one[what] for one in taken["full"]) for what in taken["full"][0]}
    board.write(BENCH, f"{kind}: ms CPU, Pillow full", full["cpu_s"] * 1000, rounds)
    board.write(BENCH, f"{kind}: ms wall, Pillow full", full["wall_s"] * 1000, rounds)
    floor = full["decoding_s"] / full["cpu_s"]
    board.write(BENCH, f"{kind}: Pillow's decoding alone × full", floor, rounds)
    for what, name in (("cpu_s", "CPU"), ("wall_s", "wall")):
        held = at_most(0.35)
        board.write(
            BENCH, f"{kind}: for models × full, {name}", ratio("models", what), rounds, held
        )
        added = typical(
            (both[what] - check[what]) / whole[what]
            for both, check, whole in zip(
                taken["both"], taken["checks"], taken["full"], strict=True
            )
        )
        board.write(BENCH, f"{kind}: beside a check, added, {name}", added, rounds, held)
        board.write(BENCH, f"{kind}: at the door × full, {name}", ratio("door", what), rounds)


@pytest.mark.parametrize("kind", [*KINDS, "PNG, see-through"])
async def test_peak_memory(kind: str, tmp_path: Path, board: Board) -> None:
    path = drawn(kind, tmp_path)
    whole = (await pillow_full(path, 1))["growth_bytes"] / MEBIBYTE
    for way in ("door", "models", "checks"):
        async with warm_child(tmp_path) as child:
            began = child.process.memory_bytes() / MEBIBYTE
            if way == "door":
                await child.open(path)
            else:
                ratio = {"ratio": {"measure": "aspect_ratio", "parameters": {}}}
                await child.show(path, checks=ratio if way == "checks" else None)
            peak = child.process.memory_bytes() / MEBIBYTE
        growth = f"{kind}: {way}, MiB above start ({began:.0f} to {peak:.0f})"
        board.write(BENCH, growth, peak - began, 1, at_most(400))
    board.write(BENCH, f"{kind}: Pillow full, MiB above start", whole, 1)


def _huge_png(path: Path) -> Path:
    """300 megapixels of grey, whole and well-formed."""
    width, height = 20_000, 15_000
    packed = zlib.compressobj(1)
    rows = b"".join(packed.compress(bytes(width + 1)) for _ in range(height)) + packed.flush()
    header = pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for name, content in ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b"")):
            file.write(pack(">I", len(content)) + name + content)
            file.write(pack(">I", zlib.crc32(name + content)))
    return path


async def test_a_picture_above_the_limit_is_refused_unseen(tmp_path: Path, board: Board) -> None:
    path = _huge_png(tmp_path / "huge.png")
    async with warm_child(tmp_path) as child:
        began = child.process.memory_bytes()
        began_s = time.perf_counter()
        with pytest.raises(TooLarge, match="pixels"):
            await child.open(path)
        refused_s = time.perf_counter() - began_s
        growth = (child.process.memory_bytes() - began) / MEBIBYTE
    limit = f"{limits().max_pixels:,}"
    board.write(BENCH, "PNG of 300 megapixels: ms until refused", refused_s * 1000, 1)
    board.write(BENCH, "PNG of 300 megapixels: MiB above start", growth, 1, at_most(1))
    board.note(BENCH, f"more than {limit} pixels are refused with 413 before they are decoded.")


async def _worst_pause_s(stop: asyncio.Event) -> float:
    worst = 0.0
    while not stop.is_set():
        began_s = time.perf_counter()
        await asyncio.sleep(TICK_S)
        worst = max(worst, time.perf_counter() - began_s - TICK_S)
    return worst


async def test_the_event_loop_goes_on(tmp_path: Path, board: Board) -> None:
    path = drawn("JPEG, photograph", tmp_path)
    async with warm_child(tmp_path) as child:
        pauses: dict[str, float] = {}
        for name in ("idle", "preparing"):
            stop = asyncio.Event()
            watch = asyncio.create_task(_worst_pause_s(stop))
            began_s = time.perf_counter()
            if name == "idle":
                await asyncio.sleep(1)
            else:
                await child.timed(1, child.show, path, 1, CHECKED)
            took_s = time.perf_counter() - began_s
            stop.set()
            pauses[name] = await watch
    board.write(BENCH, "event loop: ms of its longest pause, idle", pauses["idle"] * 1000, 1)
    board.write(BENCH, "event loop: the same, while preparing", pauses["preparing"] * 1000, 1)
    board.write(BENCH, "event loop: ms of preparing meanwhile", took_s * 1000, 1)


async def test_ten_a3_pages(tmp_path: Path, board: Board) -> None:
    pages = [artwork(3508, 2480, seed) for seed in range(10)]
    rest: dict[str, Any] = {"save_all": True, "append_images": pages[1:], "resolution": 212.1}
    pages[0].save(tmp_path / "a3.pdf", quality=92, **rest)
    path = tmp_path / "a3.pdf"
    async with warm_child(tmp_path) as child:
        assert len(await child.show(path, 10)) == 10
        ways = {
            "bare": lambda: pillow_full(path, 1),
            "show": lambda: child.timed(1, child.show, path, 10),
            "shared": lambda: child.timed(1, child.show, path, 10, CHECKED),
            "door": lambda: child.timed(1, child.open, path),
        }
        taken = await in_turn(ways, 3)
    for what, name in (("cpu_s", "CPU"), ("wall_s", "wall")):
        of = {way: typical(one[what] for one in taken[way]) for way in taken}
        board.write(BENCH, f"ten A3 pages: s {name}, pypdfium2 alone (floor)", of["bare"], 3)
        for way, said in (
            ("show", "rasterised and drawn for models"),
            ("shared", "the same, shared with a check"),
            ("door", "opened at the door"),
        ):
            board.write(BENCH, f"ten A3 pages: {said} × floor, {name}", of[way] / of["bare"], 3)


async def test_real_pictures(tmp_path: Path, board: Board) -> None:
    files = sorted((SHARED_DATA / "creative" / "pictures").glob("*"))
    if not files:
        board.note(BENCH, "../shared/data is not here: no real pictures were prepared.")
        pytest.skip("../shared/data is not here")
    async with warm_child(tmp_path) as child:
        ours, full = [], []
        for path in files:
            full.append(await pillow_full(path, TIMES))
            ours.append(await child.timed(TIMES, child.show, path))
    ratio = sum(one["cpu_s"] for one in ours) / sum(one["cpu_s"] for one in full)
    board.write(BENCH, f"{len(files)} real pictures, all small: CPU × full", ratio, 1)
