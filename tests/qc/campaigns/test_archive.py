"""Archives as people make them, and names and kinds that mean no good."""

import io
import stat
from pathlib import Path
from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZipFile, ZipInfo

import pytest

from services.qc.campaigns.archive import Archive
from tests.qc.campaigns.zips import LIMITS, NOISE, entry, holding, made, refusal, unpacked


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


def test_two_files_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        path = made(tmp_path / "a.zip", holding([("a.png", b"a"), ("a.png", b"b")]))

    assert refusal(path, tmp_path) == "name_twice"


@pytest.mark.parametrize("names", [[], ["a.txt"], [".a.png"]])
def test_archive_without_a_creative_is_refused(tmp_path: Path, names: list[str]) -> None:
    path = made(tmp_path / "a.zip", holding((name, NOISE) for name in names))

    assert refusal(path, tmp_path) == "no_creatives"


def test_empty_creative_is_refused(tmp_path: Path) -> None:
    path = made(tmp_path / "a.zip", lambda archive: archive.writestr("a.png", b""))

    assert refusal(path, tmp_path) == "empty_file"


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
