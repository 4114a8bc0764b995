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

from libs.problems import BadRequest, Invalid, TooLarge, Unsupported

CHUNK_BYTES = 1 << 18
MAX_FIELD_BYTES = 4_096
MAX_PARTS = 10
MAX_NAME_CHARS = 200
SLACK_BYTES = 64 << 10
"""What a multipart body may hold beside the file: boundaries, headers, fields."""


@dataclass(slots=True)
class Upload:
    """The file lies at `path` until the door closes behind it; `name` is safe to show."""

    path: Path
    fields: dict[str, str] = field(default_factory=dict)
    name: str = ""
    sha256: str = ""
    size_bytes: int = 0


@asynccontextmanager
async def receive(
    request: web.Request, scratch: Path, max_bytes: int, idle_s: float, total_s: float
) -> AsyncIterator[Upload]:
    """Read the body of `request`; the file is removed at the end of the context.

    Raises TooLarge as soon as the limit is passed, BadRequest for a broken body,
    Invalid for one without a file, with an empty one, or with two.
    """
    _refuse_early(request, max_bytes)
    handle, name = tempfile.mkstemp(dir=scratch, prefix="upload-")
    os.close(handle)
    upload = Upload(Path(name))
    try:
        try:
            async with asyncio.timeout(total_s):
                await _read_parts(request, upload, max_bytes, idle_s)
        except TimeoutError as error:
            raise BadRequest("upload_too_slow", f"It took more than {total_s:.0f} s.") from error
        if not upload.name:
            raise Invalid("no_file", "Send the creative as the multipart field `file`.")
        if not upload.size_bytes:
            raise Invalid("empty_file", f"{upload.name} is empty: export it again.")
        yield upload
    finally:
        upload.path.unlink(missing_ok=True)


def _refuse_early(request: web.Request, max_bytes: int) -> None:
    if request.content_type != "multipart/form-data":
        raise Unsupported("multipart_wanted", "Send the file as multipart/form-data.")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Unsupported("encoded_body", "Send the body without Content-Encoding.")
    if (request.content_length or 0) > max_bytes + SLACK_BYTES:
        raise _too_large(max_bytes)


async def _read_parts(request: web.Request, upload: Upload, max_bytes: int, idle_s: float) -> None:
    try:
        reader = await request.multipart()
        for _ in range(MAX_PARTS + 1):
            part = await asyncio.wait_for(reader.next(), idle_s)
            if part is None:
                return
            if not isinstance(part, BodyPartReader):
                raise BadRequest("bad_multipart", "Parts inside parts are not taken.")
            await _read_part(part, upload, max_bytes, idle_s)
    except TimeoutError as error:
        raise BadRequest("upload_stalled", f"No byte came for {idle_s:.0f} s.") from error
    except (ValueError, ConnectionError, HttpProcessingError, web.HTTPBadRequest) as error:
        raise BadRequest("bad_multipart", "The body is not valid multipart/form-data.") from error
    raise BadRequest("bad_multipart", f"More than {MAX_PARTS} parts.")


async def _read_part(part: BodyPartReader, upload: Upload, max_bytes: int, idle_s: float) -> None:
    if part.name != "file":
        value = bytearray()
        while chunk := await asyncio.wait_for(part.read_chunk(MAX_FIELD_BYTES), idle_s):
            value += chunk
            if len(value) > MAX_FIELD_BYTES:
                raise TooLarge("field_too_large", f"The field {part.name!r} is too long.")
        upload.fields[str(part.name)] = value.decode("utf-8", "replace").strip()
        return
    if upload.name:
        raise Invalid("two_files", "Send one file at a time.")
    upload.name = safe_name(part.filename or "")
    digest = hashlib.sha256()
    with upload.path.open("wb") as file:
        while chunk := await asyncio.wait_for(part.read_chunk(CHUNK_BYTES), idle_s):
            upload.size_bytes += len(chunk)
            if upload.size_bytes > max_bytes:
                raise _too_large(max_bytes)
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
