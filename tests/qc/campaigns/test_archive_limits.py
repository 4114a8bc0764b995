"""Archives that are larger than they look, forged or damaged."""

import random
import struct
import tracemalloc
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import pytest

from libs.problems import Problem
from services.qc.campaigns.archive import ZipLimits
from tests.qc.campaigns.zips import MB, NOISE, holding, made, refusal, unpacked


def test_bomb_is_stopped_where_it_grows_too_much(tmp_path: Path) -> None:
    path = made(tmp_path / "a.zip", lambda archive: archive.writestr("a.bmp", bytes(39 * MB)))
    assert path.stat().st_size < 60_000

    assert refusal(path, tmp_path) == "packed_too_much"
    assert (tmp_path / "0").stat().st_size < 18 * MB


def test_flat_picture_that_packs_well_is_taken(tmp_path: Path) -> None:
    path = made(tmp_path / "a.zip", lambda archive: archive.writestr("a.bmp", bytes(15 * MB)))

    assert len(unpacked(path, tmp_path)["a.bmp"]) == 15 * MB


def test_size_is_counted_and_not_believed(tmp_path: Path) -> None:
    path = made(tmp_path / "a.zip", lambda archive: archive.writestr("a.bmp", bytes(5 * MB)))
    content = path.read_bytes().replace(struct.pack("<L", 5 * MB), struct.pack("<L", 5))
    path.write_bytes(content)
    small = ZipLimits(files=5, file_bytes=4 * MB, bytes=9 * MB)

    assert refusal(path, tmp_path, small) in ("bad_archive", "file_too_large")
    assert (tmp_path / "0").stat().st_size <= 5 * MB


def test_files_together_are_bounded(tmp_path: Path) -> None:
    def make(archive: ZipFile) -> None:
        for number in range(7):
            archive.writestr(f"{number}.bmp", bytes(10 * MB))

    assert refusal(made(tmp_path / "a.zip", make), tmp_path) == "archive_too_large"


def test_files_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "a.zip", holding((f"{n}.png", NOISE) for n in "ab"))
    content = bytearray(path.read_bytes())
    second = content.rindex(b"PK\x01\x02")
    content[second + 42 : second + 46] = struct.pack("<L", 0)
    path.write_bytes(content)

    with pytest.raises(Problem, match="shares bytes"):
        unpacked(path, tmp_path)


def test_more_files_than_a_campaign_takes_are_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "a.zip", holding((f"{n}.png", NOISE) for n in range(21)))

    assert refusal(path, tmp_path) == "too_many_files"


def test_very_many_entries_are_refused_before_they_are_read(tmp_path: Path) -> None:
    one = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", *[0] * 18) + b""
    directory = one * 300_000
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(directory), 0, 0)
    path = tmp_path / "a.zip"
    path.write_bytes(directory + end)
    small = tmp_path / "b.zip"
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(one) * 80_000, 0, 0)
    small.write_bytes(one * 80_000 + end)

    tracemalloc.start()
    codes = [refusal(path, tmp_path), refusal(small, tmp_path)]
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert codes == ["too_many_files"] * 2
    assert peak_bytes < 16 * MB


def test_large_directory_behind_a_64_bit_record_is_refused(tmp_path: Path) -> None:
    one = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", *[0] * 18)
    directory = one * 80_000
    end64 = struct.pack(
        "<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 80_000, 80_000, len(directory), 0
    )
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(directory), 1)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 46, 0, 0)
    path = tmp_path / "a.zip"
    path.write_bytes(directory + end64 + locator + end)

    assert refusal(path, tmp_path) == "too_many_files"


@pytest.mark.parametrize("seed", range(8))
def test_archive_that_was_damaged_or_forged_anywhere_is_told_as_a_problem(
    tmp_path: Path, seed: int
) -> None:
    """A thousand archives with bytes changed, cut or doubled: what comes out has its checksum."""
    chance = random.Random(seed)
    method = chance.choice([ZIP_STORED, ZIP_DEFLATED])
    original = made(
        tmp_path / "a.zip",
        holding((f"de/{n}.png", NOISE[: 50 * n + 1]) for n in range(5)),
        method,
    ).read_bytes()
    good = {f"de/{n}.png": NOISE[: 50 * n + 1] for n in range(5)}
    path = tmp_path / "b.zip"
    taken = 0
    for _ in range(125):
        content = bytearray(original)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(content))
            if chance.random() < 0.6:  # most headers are at the end
                at = chance.randrange(len(content) - 400, len(content))
            what = chance.random()
            if what < 0.7:
                content[at] = chance.randrange(256)
            elif what < 0.85:
                del content[at : at + chance.randint(1, 40)]
            else:
                content[at:at] = content[at : at + chance.randint(1, 60)]
        path.write_bytes(content)
        try:
            found = unpacked(path, tmp_path)
        except Problem as problem:
            assert problem.status < 500
            continue
        taken += 1
        assert all(content in good.values() for content in found.values())
    assert taken < 125
