"""All exact checks on a creative of 2048 by 2048 pixels, in the child process that measures."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from deploy.sample import SIDE_PX, Sample, write_sample
from libs.contracts.qc import Creative
from services.qc.checks import CHECKS
from services.qc.decoder_process import ChildLimits
from services.qc.decoders import Decoders
from services.qc.settings import QcSettings
from tests.bench.board import ROUNDS, Board, at_least, at_most, in_turn, typical
from tests.bench.running import Watched
from tests.qc.factories import brief_with

BENCH = "exact checks"
READ_THE_TEXT = {name for name, check in CHECKS.items() if check.reads_words} - {
    "dark_mode_legibility"
}
"""Those that need OCR, which is run once for all of them; the one left out reads only what is
transparent, and this creative is not."""

MEBIBYTE = 1 << 20
Found = tuple[float, dict[str, Any]]
"""Seconds of the child's CPU, and what each check measured."""


@dataclass(frozen=True, slots=True)
class Examiner:
    """One warm child, asked again and again."""

    decoders: Decoders
    sample: Sample

    @property
    def child(self) -> Watched:
        [process] = [
            process
            for process in psutil.Process().children()
            if "services.qc.child" in process.cmdline()
        ]
        return Watched(process)

    async def examine(self, names: set[str]) -> Found:
        began_s = self.child.cpu_s()
        measured = await self.measure(names)
        return self.child.cpu_s() - began_s, measured

    async def measure(self, names: set[str]) -> dict[str, Any]:
        file = self.sample.creative
        creative = Creative(
            file_name=file.name,
            sha256="0" * 64,
            bytes=file.stat().st_size,
            format="JPEG",
            width_px=SIDE_PX,
            height_px=SIDE_PX,
            pages=1,
        )
        checks = {name: {"measure": name, "parameters": {}} for name in sorted(names)}
        brief = brief_with(logo=[self.sample.logo])
        measured = {}
        async for message in self.decoders.examine(file, creative, checks, brief, None):
            if "measured" in message:
                measured[message["check_id"]] = message["measured"]
        return measured

    async def open(self) -> Found:
        """Decode the picture and nothing else."""
        began_s = self.child.cpu_s()
        opened = await self.decoders.open(self.sample.creative, self.sample.creative.name)
        return self.child.cpu_s() - began_s, opened


def limits() -> ChildLimits:
    """As the service sets them when nobody says otherwise."""
    usual = {name: field.default for name, field in QcSettings.model_fields.items()}
    return ChildLimits(
        memory_bytes=usual["decoder_memory_bytes"],
        max_pixels=usual["max_pixels"],
        max_pages=usual["max_pages"],
        open_timeout_s=usual["open_timeout_s"],
        examine_timeout_s=usual["examine_timeout_s"],
    )


async def test_all_exact_checks_with_and_without_reading_text(tmp_path: Path, board: Board) -> None:
    sample = write_sample(tmp_path)
    every = set(CHECKS)
    assert every >= READ_THE_TEXT
    async with Decoders(1, limits()) as decoders:
        examiner = Examiner(decoders, sample)
        await decoders.open(sample.creative, sample.creative.name)
        before_mib = examiner.child.memory_bytes() / MEBIBYTE
        first_s, first = await examiner.examine(every)
        ways: Mapping[str, Callable[[], Awaitable[Found]]] = {
            "decode": examiner.open,
            "all": lambda: examiner.examine(every),
            "no text": lambda: examiner.examine(every - READ_THE_TEXT),
        }
        taken = await in_turn(ways)
        after_mib = examiner.child.memory_bytes() / MEBIBYTE

    assert first.keys() == every
    assert [name for name, found in first.items() if found["state"] == "error"] == []
    for way in ("all", "no text"):
        for _, measured in taken[way]:
            assert measured == {name: first[name] for name in measured}
    cpu_s = {way: typical(seconds for seconds, _ in found) for way, found in taken.items()}
    board.write(BENCH, "CPU s, decoding the picture alone (floor)", cpu_s["decode"], ROUNDS)
    board.write(BENCH, f"CPU s, all {len(every)}, first time in a child", first_s, 1)
    board.write(BENCH, f"CPU s, all {len(every)}", cpu_s["all"], ROUNDS, at_most(3))
    board.write(BENCH, "CPU s, those without OCR", cpu_s["no text"], ROUNDS, at_most(0.6))
    board.write(BENCH, "all × decoding alone", cpu_s["all"] / cpu_s["decode"], ROUNDS)
    board.write(BENCH, "without OCR × all", cpu_s["no text"] / cpu_s["all"], ROUNDS)
    board.write(BENCH, "MiB of the child at most, before any check", before_mib, 1)
    board.write(BENCH, "MiB of the child at most, after all rounds", after_mib, 1)
    board.note(
        BENCH,
        "the sample has a logo to compare with and no approved picture; comparing with one takes "
        "about as long as all others without OCR.",
    )


async def test_throughput_of_all_processors(tmp_path: Path, board: Board) -> None:
    """Creatives a second with a child for each processor, beside one child alone."""
    cores = os.cpu_count() or 1
    sample = write_sample(tmp_path)

    async def pace(children: int) -> float:
        async with Decoders(children, limits()) as decoders:
            examiner = Examiner(decoders, sample)
            await asyncio.gather(*(examiner.measure(set(CHECKS)) for _ in range(children)))
            began_s = time.perf_counter()
            await asyncio.gather(*(examiner.measure(set(CHECKS)) for _ in range(4 * children)))
            return 4 * children / (time.perf_counter() - began_s)

    taken = await in_turn({"one": lambda: pace(1), "all": lambda: pace(cores)}, rounds=3)
    ratio = typical(taken["all"]) / typical(taken["one"]) / cores
    board.write(BENCH, "creatives a second, one child", typical(taken["one"]), 3)
    board.write(BENCH, "throughput × one child × processors", ratio, 3, at_least(0.9))
