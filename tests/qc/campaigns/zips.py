"""Archives as tests make them, and what comes out of them."""

import random
from collections.abc import Callable, Iterable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pytest

from libs.problems import Problem
from services.qc.campaigns.archive import Archive, ZipLimits

MB = 1 << 20
LIMITS = ZipLimits(files=20, file_bytes=40 * MB, bytes=60 * MB)
NOISE = random.Random(1).randbytes(2_000)

Make = Callable[[ZipFile], object]


def holding(files: Iterable[tuple[str, bytes]]) -> Make:
    def make(archive: ZipFile) -> None:
        for name, content in files:
            archive.writestr(name, content)

    return make


def made(path: Path, make: Make, method: int = ZIP_DEFLATED) -> Path:
    with ZipFile(path, "w", method) as archive:
        make(archive)
    return path


def entry(name: str, mode: int = 0, flags: int = 0) -> ZipInfo:
    info = ZipInfo(name)
    info.external_attr = mode << 16
    info.flag_bits |= flags
    info.compress_type = ZIP_DEFLATED
    return info


def unpacked(path: Path, folder: Path, limits: ZipLimits = LIMITS) -> dict[str, bytes]:
    """What comes out of it, by name."""
    found = {}
    with Archive(path, limits) as archive:
        for number, name in enumerate(archive.names):
            told = archive.unpack(name, folder / str(number))
            found[told.name] = (folder / str(number)).read_bytes()
            assert told.size_bytes == len(found[told.name])
    return found


def refusal(path: Path, folder: Path, limits: ZipLimits = LIMITS) -> str:
    with pytest.raises(Problem) as raised:
        unpacked(path, folder, limits)
    assert raised.value.detail.rstrip().endswith("."), raised.value.detail
    return raised.value.code
