"""Archives as people make them, and as people make them who mean no good."""

import io
import random
import stat
import struct
import tracemalloc
from collections.abc import Callable, Iterable
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZIP_STORED, ZipFile, ZipInfo

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


def test_creatives_come_out_and_the_rest_is_named(tmp_path: Path) -> None:
    def make(archive: ZipFile) -> None:
        archive.mkdir("de")
        archive.writestr("de/a.PNG", NOISE)
        archive.writestr("b.pdf", NOISE[:10])
        archive.writestr("__MACOSX/de/._a.PNG", b"fork")
        archive.writestr(".hidden/c.png", b"x")
        archive.writestr("read me.txt", b"x")
        archive.writestr("inner.zip", b"PK\x03\x04")
        archive.writestr("Thumbs.db", b"x")

    path = made(tmp_path / "a.zip", make)

    assert unpacked(path, tmp_path) == {"de/a.PNG": NOISE, "b.pdf": NOISE[:10]}
    with Archive(path, LIMITS) as archive:
        assert {out.name: out.why for out in archive.left_out} == {
            "__MACOSX/de/._a.PNG": "hidden",
            ".hidden/c.png": "hidden",
            "read me.txt": "no creative by its name",
            "inner.zip": "no creative by its name",
            "Thumbs.db": "hidden",
        }


def test_names_are_read_as_they_were_meant(tmp_path: Path) -> None:
    plain = tmp_path / "a.zip"
    made(plain, lambda archive: archive.writestr("gru\u0308n\u202e.png", NOISE))
    content = plain.read_bytes()
    unflagged = tmp_path / "b.zip"  # UTF-8 that does not say so, as many programs write it
    unflagged.write_bytes(content.replace(b"\x00\x08\x08\x00", b"\x00\x00\x08\x00"))

    assert list(unpacked(plain, tmp_path)) == ["grün.png"]
    assert unflagged.read_bytes() != content
    assert list(unpacked(unflagged, tmp_path)) == ["grün.png"]


@pytest.mark.parametrize("name", ["back\\slash\\a.png", "./a.png", "x//a.png", "a b/c..d.png"])
def test_odd_names_without_harm_are_taken(tmp_path: Path, name: str) -> None:
    path = made(tmp_path / "a.zip", lambda archive: archive.writestr(name, NOISE))

    assert list(unpacked(path, tmp_path)) == [
        name.replace("\\", "/").removeprefix("./").replace("//", "/")
    ]


@pytest.mark.parametrize(
    "name",
    [
        "../a.png",
        "x/../../a.png",
        "..\\..\\a.png",
        "/etc/a.png",
        "\\\\server\\a.png",
        "C:\\a.png",
        "c:a.png",
        "..",
        "../notes.txt",
        ".\u200b./a.png",
        "x/" * 13 + "a.png",
        "a" * 300 + ".png",
        "/",
    ],
)
def test_name_that_leads_anywhere_else_refuses_the_archive(tmp_path: Path, name: str) -> None:
    def make(archive: ZipFile) -> None:
        archive.writestr("good.png", NOISE)
        archive.writestr(name, NOISE)

    assert refusal(made(tmp_path / "a.zip", make), tmp_path) == "bad_name"


def test_name_with_nul_is_not_cut_there(tmp_path: Path) -> None:
    path = made(tmp_path / "a.zip", lambda archive: archive.writestr("a.pngX.exe", NOISE))
    path.write_bytes(path.read_bytes().replace(b"a.pngX.exe", b"a.png\0.exe"))

    assert refusal(path, tmp_path) == "bad_name"


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK])
def test_link_or_device_refuses_the_archive(tmp_path: Path, kind: int) -> None:
    path = made(
        tmp_path / "a.zip", lambda a: a.writestr(entry("a.png", kind | 0o777), "/etc/passwd")
    )

    assert refusal(path, tmp_path) == "link_in_archive"


def test_encrypted_archive_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "a.zip", lambda archive: archive.writestr("a.png", NOISE))
    content = bytearray(path.read_bytes())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + at] |= 1
    path.write_bytes(content)

    assert refusal(path, tmp_path) == "encrypted_archive"


@pytest.mark.parametrize("method", [ZIP_BZIP2, ZIP_LZMA])
def test_unusual_compression_is_refused(tmp_path: Path, method: int) -> None:
    path = made(tmp_path / "a.zip", lambda a: a.writestr("a.png", NOISE), method)

    assert refusal(path, tmp_path) == "unknown_compression"


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


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        path = made(tmp_path / "a.zip", holding([("a.png", b"a"), ("a.png", b"b")]))

    assert refusal(path, tmp_path) == "name_twice"


def test_more_files_than_a_campaign_takes_are_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "a.zip", holding((f"{n}.png", NOISE) for n in range(21)))

    assert refusal(path, tmp_path) == "too_many_files"


@pytest.mark.parametrize("names", [[], ["a.txt"], [".a.png"]])
def test_archive_without_a_creative_is_refused(tmp_path: Path, names: list[str]) -> None:
    path = made(tmp_path / "a.zip", holding((name, NOISE) for name in names))

    assert refusal(path, tmp_path) == "no_creatives"


def test_empty_creative_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "a.zip", lambda archive: archive.writestr("a.png", b""))

    assert refusal(path, tmp_path) == "empty_file"


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


def test_archive_written_as_a_stream_is_taken(tmp_path: Path) -> None:
    """Sizes stand behind each file, as when a program packs into a pipe; also with ZIP64."""

    class Pipe(io.RawIOBase):
        def __init__(self) -> None:
            self.content = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, more: object) -> int:
            self.content += bytes(more)  # type: ignore[call-overload]
            return len(bytes(more))  # type: ignore[call-overload]

    pipe = Pipe()
    with (
        ZipFile(pipe, "w", ZIP_DEFLATED) as archive,
        archive.open(ZipInfo("a.png"), "w", force_zip64=True) as file,
    ):
        file.write(NOISE)
    path = tmp_path / "a.zip"
    path.write_bytes(pipe.content)

    assert unpacked(path, tmp_path) == {"a.png": NOISE}


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
