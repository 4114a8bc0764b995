"""A ZIP as somebody sent it: looked through before anything is unpacked, then file by file.

Nothing is ever written under a name of the archive. What an archive says of itself is not
believed: bytes are counted as they come. An archive with one entry that means no good is
refused as a whole.
"""

import hashlib
import lzma
import stat
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Self
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from libs.contracts.campaigns import LeftOut
from libs.problems import Invalid, Problem, TooLarge, Unsupported
from services.qc.domain.archive_names import shown_path, why_left_out

CHUNK_BYTES = 1 << 18
MOST_ENTRIES = 10_000
MOST_DIRECTORY_BYTES = 4 << 20
MOST_TIMES = 200
FREE_BYTES = 16 << 20
"""So much of a file may be unpacked whatever it was packed into: flat colours pack well."""

END, END_BYTES, MOST_COMMENT = b"PK\x05\x06", 22, 1 << 16
END64, LOCATOR64, END64_BYTES, LOCATOR64_BYTES = b"PK\x06\x06", b"PK\x06\x07", 56, 20
ENTRY, LOCAL_HEADER_BYTES = b"PK\x01\x02", 30
ENCRYPTED, PATCHED, STRONG = 0x1, 0x20, 0x40
BROKEN = (
    BadZipFile,
    EOFError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    UnicodeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    zlib.error,
)
"""What Python's reader raises for archives that are cut, forged or of a kind it cannot read."""


@dataclass(frozen=True, slots=True)
class ZipLimits:
    """Of the files of one archive: how many, the largest, and all of them unpacked."""

    files: int
    file_bytes: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Unpacked:
    """A file of the archive, lying where it was to be written."""

    name: str
    sha256: str
    size_bytes: int


class Archive:
    """An open ZIP whose names, kinds and sizes have been looked through. Close it."""

    def __init__(self, path: Path, limits: ZipLimits) -> None:
        """Raises Invalid, TooLarge or Unsupported with a sentence for whoever made the file."""
        self._limits = limits
        self._left_bytes = limits.bytes
        self.left_out: list[LeftOut] = []
        with path.open("rb") as file:
            _refuse_large_directory(file)
        with _in_words():
            self._zip = ZipFile(path)
        try:
            self._entries = self._looked_through()
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    @property
    def names(self) -> list[str]:
        """The creatives, in the order of the archive."""
        return list(self._entries)

    def unpack(self, name: str, target: Path) -> Unpacked:
        """Write one file to `target`; its checksum and every limit are held."""
        entry = self._entries[name]
        digest, size_bytes = hashlib.sha256(), 0
        with _in_words(name), self._zip.open(entry) as packed, target.open("wb") as file:
            while chunk := packed.read(CHUNK_BYTES):
                size_bytes += len(chunk)
                self._count(name, entry, size_bytes, len(chunk))
                digest.update(chunk)
                file.write(chunk)
        if not size_bytes:
            raise Invalid("empty_file", f"{name} is empty: leave it out of the archive.")
        return Unpacked(name, digest.hexdigest(), size_bytes)

    def _count(self, name: str, entry: ZipInfo, size_bytes: int, more: int) -> None:
        self._left_bytes -= more
        if size_bytes > self._limits.file_bytes:
            raise _too_large(name, self._limits.file_bytes)
        if self._left_bytes < 0:
            raise TooLarge(
                "archive_too_large",
                f"Unpacked the files have more than {self._limits.bytes >> 20} MB: send several "
                "archives.",
            )
        if size_bytes > FREE_BYTES and size_bytes > MOST_TIMES * entry.compress_size:
            raise Invalid(
                "packed_too_much",
                f"{name} grows more than {MOST_TIMES} times when unpacked: send it by itself.",
            )

    def _looked_through(self) -> dict[str, ZipInfo]:
        entries = self._zip.infolist()
        if len(entries) > MOST_ENTRIES:
            raise _too_many_entries()
        found: dict[str, ZipInfo] = {}
        for entry in entries:
            if name := self._creative(entry):
                if name in found:
                    raise Invalid("name_twice", f"The archive has two files {name!r}.")
                found[name] = entry
        if not found:
            raise Invalid("no_creatives", "There is no creative in the archive.")
        if len(found) > self._limits.files:
            raise TooLarge(
                "too_many_files",
                f"The archive has {len(found):,} creatives and a campaign at most "
                f"{self._limits.files:,}: make several.",
            )
        _refuse_shared_bytes(found)
        return found

    def _creative(self, entry: ZipInfo) -> str | None:
        """The name of an entry that is a creative. Raises Invalid for what must not be there."""
        offered = _name_of(entry)
        mode = entry.external_attr >> 16
        is_folder = offered.endswith(("/", "\\")) or stat.S_ISDIR(mode)
        try:
            name = shown_path(offered.rstrip("/\\") if is_folder else offered)
        except ValueError as error:
            raise Invalid("bad_name", f"{offered[:80]!r} {error}: make the ZIP again.") from error
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise Invalid("link_in_archive", f"{name} is a link or a device: put the file in.")
        if is_folder:
            return None
        if why := why_left_out(name):
            self.left_out.append(LeftOut(name=name, why=why))
            return None
        self._refuse_kind(name, entry)
        return name

    def _refuse_kind(self, name: str, entry: ZipInfo) -> None:
        if entry.flag_bits & (ENCRYPTED | STRONG):
            raise Invalid("encrypted_archive", f"{name} is encrypted: make a ZIP without password.")
        if entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED) or entry.flag_bits & PATCHED:
            raise Unsupported(
                "unknown_compression",
                f"{name} is packed in an unusual way: use plain ZIP (deflate).",
            )
        if entry.file_size > self._limits.file_bytes:
            raise _too_large(name, self._limits.file_bytes)


def _name_of(entry: ZipInfo) -> str:
    """The name as its maker wrote it: much software writes UTF-8 and does not say so."""
    name = entry.orig_filename
    if entry.flag_bits & 0x800:
        return name
    try:
        return name.encode("cp437").decode("utf-8")
    except UnicodeError:
        return name


def _refuse_shared_bytes(found: dict[str, ZipInfo]) -> None:
    """Entries that share packed bytes are how a small file becomes a very large one."""
    end = 0
    for name, entry in sorted(found.items(), key=lambda item: item[1].header_offset):
        if entry.header_offset < end:
            raise Invalid("bad_archive", f"{name} shares bytes with another file: not a real ZIP.")
        end = entry.header_offset + LOCAL_HEADER_BYTES + entry.compress_size


def _refuse_large_directory(file: BinaryIO) -> None:
    """Before Python reads the whole list of entries into memory, whatever its length."""
    size = file.seek(0, 2)
    from_byte = max(0, size - END_BYTES - MOST_COMMENT - LOCATOR64_BYTES - END64_BYTES)
    file.seek(from_byte)
    tail = file.read()
    at = len(tail) - END_BYTES
    if not tail[max(at, 0) :].startswith(END) or tail[-2:] != b"\0\0":
        at = tail.rfind(END)
    if at < 0 or len(tail) - at < END_BYTES:
        raise Invalid("bad_archive", "This is no ZIP, or it is cut off: send it again.")
    directory_bytes: int = struct.unpack_from("<L", tail, at + 12)[0]
    locator, end64 = at - LOCATOR64_BYTES, at - LOCATOR64_BYTES - END64_BYTES
    if end64 >= 0 and tail[locator:].startswith(LOCATOR64) and tail[end64:].startswith(END64):
        directory_bytes = struct.unpack_from("<Q", tail, end64 + 40)[0]
        at = end64
    if directory_bytes > MOST_DIRECTORY_BYTES:
        raise _too_many_entries()
    file.seek(max(0, from_byte + at - directory_bytes))
    if file.read(directory_bytes).count(ENTRY) > MOST_ENTRIES:
        raise _too_many_entries()


@contextmanager
def _in_words(name: str = "The archive") -> Iterator[None]:
    try:
        yield
    except Problem:
        raise
    except BROKEN as error:
        raise Invalid("bad_archive", f"{name} cannot be unpacked: make the ZIP again.") from error


def _too_large(name: str, most_bytes: int) -> TooLarge:
    return TooLarge(
        "file_too_large",
        f"{name}: a file may have at most {most_bytes >> 20} MB: export a smaller one.",
    )


def _too_many_entries() -> TooLarge:
    return TooLarge(
        "too_many_files", f"A ZIP may have at most {MOST_ENTRIES:,} entries: make several."
    )
