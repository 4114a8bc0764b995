"""The file of a backup: an ordinary tar of plain files, with its manifest at the end.

A tar, because dumps and pictures are compressed already: one file to copy, written in one pass,
and `tar xf` gets everything out of it without AI QC. It is read by rules of our own that know
no links, devices, long names or other extensions, so that a hostile file finds nothing to abuse.

    database/SCHEMA.dump    pg_dump's custom format
    objects/…, archive/…    originals and archived months, by their names in the store
    secrets/…               keys and role passwords
    manifest.json           with size and SHA-256 of all that stands before it
    manifest.sha256         of the manifest, as sha256sum writes it
"""

import hashlib
import os
import re
import tarfile
from asyncio import sleep
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from deploy import CannotStart
from deploy.database import PASSWORDS_FILE, SERVICES
from deploy.keys import KEYS_FILE
from deploy.manifest import MANIFEST, Manifest, Member, read_manifest

BLOCK = 512
CHUNK_BYTES = 1 << 20
MAX_BYTES = {
    "manifest.": 256 << 20,
    "secrets/": 1 << 20,
    "database/": 1 << 60,
    "objects/": 1 << 60,
    "archive/": 1 << 60,
}
"""By how a member's name starts: what is read into memory is small."""
END = bytes(2 * BLOCK)
MANIFEST_SUM = "manifest.sha256"
PRIVATE_FILES = (KEYS_FILE, PASSWORDS_FILE)
_PART = r"(?!\.\.?(?:/|$))[^/\\\x00-\x1f\x7f]+"
_ALLOWED = re.compile(
    rf"(?:manifest\.json|manifest\.sha256|database/(?:{'|'.join(SERVICES)})\.dump"
    rf"|secrets/(?:{'|'.join(map(re.escape, PRIVATE_FILES))})"
    rf"|(?:objects|archive)/{_PART}(?:/{_PART})*)"
)

Show = Callable[[str, int, int], None]
"""Told what is being done, how many bytes of it are done, and of how many (0: unknown)."""


class BackupWriter:
    """Writes members one after the other, each of a size that nobody knows beforehand."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.members: dict[str, Member] = {}

    def restart(self) -> None:
        self._file.seek(0)
        self._file.truncate()
        self.members.clear()

    async def add(self, name: str, chunks: AsyncIterator[bytes]) -> None:
        start, digest, size = self._file.tell(), hashlib.sha256(), 0
        _header(name, 0)
        self._file.write(bytes(BLOCK))
        async for chunk in chunks:
            digest.update(chunk)
            size += len(chunk)
            self._file.write(chunk)
        self._file.write(bytes(-size % BLOCK))
        end = self._file.tell()
        self._file.seek(start)
        self._file.write(_header(name, size))
        self._file.seek(end)
        self.members[name] = Member(sha256=digest.hexdigest(), size_bytes=size)

    def finish(self, manifest: Manifest) -> None:
        text = manifest.model_dump_json(indent=1).encode()
        for name, content in ((MANIFEST, text), (MANIFEST_SUM, _sum_of(text))):
            self._file.write(_header(name, len(content)) + content + bytes(-len(content) % BLOCK))
        self._file.write(END)
        self._file.flush()
        os.fsync(self._file.fileno())


def _sum_of(manifest: bytes) -> bytes:
    return f"{hashlib.sha256(manifest).hexdigest()}  {MANIFEST}\n".encode()


def _header(name: str, size: int) -> bytes:
    """One block: GNU's form writes sizes above 8 GiB into it, too."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    header = member.tobuf(tarfile.GNU_FORMAT, "utf-8", "strict")
    if len(header) != BLOCK or not _ALLOWED.fullmatch(name):
        raise CannotStart(f"{name} cannot be kept in a backup: its name is too long or odd")
    return header


@dataclass(frozen=True)
class Backup:
    """An open backup whose parts are there in the sizes that its manifest says."""

    path: Path
    manifest: Manifest
    _file: BinaryIO
    _starts: Mapping[str, int]

    @property
    def size_bytes(self) -> int:
        return sum(member.size_bytes for member in self.manifest.members.values())

    def names(self, folder: str) -> list[str]:
        return [name for name in self.manifest.members if name.startswith(f"{folder}/")]

    async def read(self, name: str) -> AsyncIterator[bytes]:
        """The content of a member. Raises CannotStart at its end when it is not the one written."""
        member, digest = self.manifest.members[name], hashlib.sha256()
        position, left = self._starts[name], member.size_bytes
        while left:
            self._file.seek(position)
            chunk = self._file.read(min(left, CHUNK_BYTES))
            if not chunk:
                raise CannotStart(f"{self.path} ends in the middle of {name}")
            digest.update(chunk)
            position, left = position + len(chunk), left - len(chunk)
            yield chunk
            await sleep(0)
        if digest.hexdigest() != member.sha256:
            raise CannotStart(f"{self.path} is damaged: {name} is not what was backed up")

    async def verify(self, show: Show) -> None:
        """Read everything. Raises CannotStart when a byte is not as it was written."""
        done = 0
        for name in self.manifest.members:
            async for chunk in self.read(name):
                done += len(chunk)
                show("checking", done, self.size_bytes)


@contextmanager
def open_backup(path: Path) -> Iterator[Backup]:
    """Raises CannotStart for a file that is not a whole backup."""
    path = path.absolute()
    try:
        file = path.open("rb")
    except OSError as error:
        raise CannotStart(f"cannot read {path}: {error.strerror}") from None
    with file:
        found = dict(_members(path, file))
        manifest = read_manifest(_manifest_text(path, file, found))
        sizes = {name: member.size_bytes for name, member in manifest.members.items()}
        if sizes != {name: size for name, (_, size) in found.items()}:
            raise CannotStart(f"{path} is damaged: it does not hold what its manifest lists")
        yield Backup(path, manifest, file, {name: start for name, (start, _) in found.items()})


def _manifest_text(path: Path, file: BinaryIO, found: dict[str, tuple[int, int]]) -> bytes:
    texts = []
    for name in (MANIFEST, MANIFEST_SUM):
        start, size = found.pop(name, (0, 0))
        file.seek(start)
        texts.append(file.read(size))
    if texts[1] != _sum_of(texts[0]):
        raise CannotStart(f"{path} is damaged: its manifest is not the one that was written")
    return texts[0]


def _members(path: Path, file: BinaryIO) -> Iterator[tuple[str, tuple[int, int]]]:
    """Name, start and size of each member; nothing may follow the manifest's sum."""
    total, names = os.fstat(file.fileno()).st_size, set[str]()
    position = 0
    while MANIFEST_SUM not in names:
        file.seek(position)
        name, size = _parse(path, file.read(BLOCK))
        end = position + BLOCK + size
        file.seek(min(end, total))
        padding = file.read(-size % BLOCK)
        if name in names or end > total or padding != bytes(-size % BLOCK):
            raise CannotStart(f"{path} is no whole backup: it goes wrong at {name}")
        names.add(name)
        yield name, (position + BLOCK, size)
        position = end + len(padding)
    file.seek(position)
    if file.read(len(END) + 1) != END:
        raise CannotStart(f"{path} is no whole backup: it goes on after its end, or has none")


def _parse(path: Path, block: bytes) -> tuple[str, int]:
    try:
        member = tarfile.TarInfo.frombuf(block, "utf-8", "strict")
    except (tarfile.HeaderError, ValueError):
        raise CannotStart(f"{path} is no whole backup: it is cut off or not from AI QC") from None
    [limit] = [limit for start, limit in MAX_BYTES.items() if member.name.startswith(start)] or [0]
    if member.type != tarfile.REGTYPE or not _ALLOWED.fullmatch(member.name):
        raise CannotStart(f"{path} is no backup: it holds {member.name!r}, which no backup has")
    if not 0 <= member.size <= limit:
        raise CannotStart(f"{path} is no backup: {member.name} has an impossible size")
    if block != _header(member.name, member.size):
        raise CannotStart(f"{path} is no backup: {member.name} was not written by AI QC")
    return member.name, member.size
