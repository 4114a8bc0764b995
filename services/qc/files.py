"""The one upload door: a multipart body becomes fields and a file on disk, under limits.

`client_max_size` of aiohttp does not cover a streamed multipart body, so bytes are counted here.
"""

import asyncio
import hashlib
import os
import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from libs.problems import BadRequest, Invalid, Problem, TooLarge, Unsupported

CHUNK_BYTES = 1 << 18
MAX_FIELD_BYTES = 4_096
MAX_PARTS = 10
"""Beside the files."""

MAX_NAME_CHARS = 200
SLACK_BYTES = 64 << 10
"""What a multipart body may hold beside the file: boundaries, headers, fields."""

MAX_HEADER_BYTES = 2 << 10
"""Of each file more: its boundary and headers."""


@dataclass(slots=True)
class Upload:
    """The file lies at `path` until the door closes behind it; `name` is safe to show.

    `offered` is its name as it was sent.
    """

    path: Path
    fields: dict[str, str] = field(default_factory=dict)
    name: str = ""
    sha256: str = ""
    size_bytes: int = 0
    offered: str = ""


@dataclass(frozen=True, slots=True)
class Door:
    """What is let in: the bytes of one file, of all `files` together, and how long it may take.

    `empty`: files without a byte too, for who tells of each by itself.
    """

    file_bytes: int
    idle_s: float
    total_s: float
    files: int = 1
    all_bytes: int = 0
    empty: bool = False

    @property
    def most_bytes(self) -> int:
        return max(self.file_bytes, self.all_bytes)


@dataclass(slots=True)
class Sent:
    """The files of one body, with the fields beside them."""

    fields: dict[str, str] = field(default_factory=dict)
    files: list[Upload] = field(default_factory=list)

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)


@asynccontextmanager
async def receive(request: web.Request, scratch: Path, door: Door) -> AsyncIterator[Upload]:
    """Read the body of `request`, which has one file. Raises as `receive_all` does."""
    async with receive_all(request, scratch, door) as sent:
        yield sent.files[0]


@asynccontextmanager
async def receive_all(request: web.Request, scratch: Path, door: Door) -> AsyncIterator[Sent]:
    """Read the body of `request`; its files are removed at the end of the context.

    Raises TooLarge as soon as a limit is passed, BadRequest for a broken body, Invalid for one
    without a file, with an empty one, or with a second where one is wanted.
    """
    _refuse_early(request, door)
    sent = Sent()
    try:
        try:
            async with asyncio.timeout(door.total_s):
                await _read_parts(request, sent, scratch, door)
        except TimeoutError as error:
            raise BadRequest(
                "upload_too_slow", f"It took more than {door.total_s:.0f} s."
            ) from error
        if not sent.files:
            raise Invalid("no_file", "Send the creative as the multipart field `file`.")
        for upload in sent.files:
            if not upload.size_bytes and not door.empty:
                raise Invalid("empty_file", f"{upload.name} is empty: export it again.")
        yield sent
    finally:
        for upload in sent.files:
            upload.path.unlink(missing_ok=True)


def _refuse_early(request: web.Request, door: Door) -> None:
    if request.content_type != "multipart/form-data":
        raise Unsupported("multipart_wanted", "Send the file as multipart/form-data.")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Unsupported("encoded_body", "Send the body without Content-Encoding.")
    slack_bytes = SLACK_BYTES + (door.files - 1) * MAX_HEADER_BYTES
    if (request.content_length or 0) > door.most_bytes + slack_bytes:
        raise _too_large(door.most_bytes) if door.files == 1 else _too_much(door)


async def _read_parts(request: web.Request, sent: Sent, scratch: Path, door: Door) -> None:
    most = MAX_PARTS + door.files
    try:
        reader = await request.multipart()
        for _ in range(most):
            part = await asyncio.wait_for(reader.next(), door.idle_s)
            if part is None:
                return
            if not isinstance(part, BodyPartReader):
                raise BadRequest("bad_multipart", "Parts inside parts are not taken.")
            if part.name == "file":
                await _read_file(part, sent, scratch, door)
            else:
                sent.fields[str(part.name)] = await _read_field(part, door.idle_s)
    except TimeoutError as error:
        raise BadRequest("upload_stalled", f"No byte came for {door.idle_s:.0f} s.") from error
    except (ValueError, ConnectionError, HttpProcessingError, web.HTTPBadRequest) as error:
        raise BadRequest("bad_multipart", "The body is not valid multipart/form-data.") from error
    raise BadRequest("bad_multipart", f"More than {most - 1} parts.")


async def _read_field(part: BodyPartReader, idle_s: float) -> str:
    value = bytearray()
    while chunk := await asyncio.wait_for(part.read_chunk(MAX_FIELD_BYTES), idle_s):
        value += chunk
        if len(value) > MAX_FIELD_BYTES:
            raise TooLarge("field_too_large", f"The field {part.name!r} is too long.")
    return value.decode("utf-8", "replace").strip()


async def _read_file(part: BodyPartReader, sent: Sent, scratch: Path, door: Door) -> None:
    if len(sent.files) == door.files:
        raise _one_too_many(door)
    handle, path = tempfile.mkstemp(dir=scratch, prefix="upload-")
    os.close(handle)
    offered = part.filename or ""
    upload = Upload(Path(path), sent.fields, safe_name(offered), offered=offered)
    left_bytes = door.most_bytes - sent.size_bytes
    sent.files.append(upload)
    digest = hashlib.sha256()
    with upload.path.open("wb") as file:
        while chunk := await asyncio.wait_for(part.read_chunk(CHUNK_BYTES), door.idle_s):
            upload.size_bytes += len(chunk)
            if upload.size_bytes > door.file_bytes:
                raise _too_large(door.file_bytes)
            if upload.size_bytes > left_bytes:
                raise _too_much(door)
            digest.update(chunk)
            file.write(chunk)
    upload.sha256 = digest.hexdigest()


def safe_name(offered: str) -> str:
    """A file name that is one word of a path and one line of text; the files it names are ours.

    The upload is stored under its content hash: this name is only ever shown.
    """
    last = re.split(r"[\\/]", offered)[-1]
    shown = "".join(c for c in last if c.isprintable()).strip().lstrip(".")
    if len(shown) > MAX_NAME_CHARS:
        stem, dot, suffix = shown.rpartition(".")
        kept = MAX_NAME_CHARS - len(suffix) - 1
        shown = (
            f"{stem[:kept]}{dot}{suffix}" if dot and len(suffix) < 12 else shown[:MAX_NAME_CHARS]
        )
    return shown or "unnamed"


def _too_large(max_bytes: int) -> TooLarge:
    return TooLarge(
        "file_too_large", f"A file may have at most {max_bytes >> 20} MB: export a smaller one."
    )


def _too_much(door: Door) -> TooLarge:
    return TooLarge(
        "too_many_bytes", f"Together at most {door.most_bytes >> 20:,} MB of files are taken."
    )


def _one_too_many(door: Door) -> Problem:
    if door.files == 1:
        return Invalid("two_files", "Send one file at a time.")
    return TooLarge("too_many_files", f"At most {door.files:,} files are taken.")
