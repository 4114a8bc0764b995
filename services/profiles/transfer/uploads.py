"""Reading the files of an import from a body, within bounds."""

import asyncio
import io
import zipfile
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import PurePosixPath

from aiohttp import web
from pydantic import JsonValue, ValidationError
from pydantic_core import from_json

from libs.contracts.transfer import MAX_ALL_BYTES, MAX_FILE_BYTES, MAX_FILES, FileLine
from libs.problems import BadRequest, TooLarge, Unsupported
from services.profiles.domain.files import SUFFIX, Incoming, incoming

LINES, ZIP = "application/x-ndjson", "application/zip"
ZIP_ENTRY, MAX_ZIP_ENTRIES = b"PK\x01\x02", 4 * MAX_FILES
BODY_TIMEOUT_S = 300.0


async def read_files(request: web.Request) -> tuple[list[Incoming], list[str]]:
    """The files that can be taken, and what is wrong with the others.

    Raises Unsupported, TooLarge, and BadRequest for a body that is not what it says it is.
    """
    if request.content_type not in (LINES, ZIP):
        raise Unsupported("files_wanted", f"Send the files as {LINES}, or as {ZIP}.")
    body = await _body(request)
    files = _from_zip(body) if request.content_type == ZIP else _from_lines(body)
    taken, wrong = await asyncio.to_thread(_read, files)
    if not taken and not wrong:
        raise BadRequest("no_files", "There is no file like pack.json in it.")
    return taken, wrong


def read_zip(body: bytes) -> tuple[list[Incoming], list[str]]:
    """As `read_files`, of a body that is at hand."""
    return _read(_from_zip(body))


async def _body(request: web.Request) -> bytes:
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > MAX_ALL_BYTES:
                    raise _too_large(f"all files together have {MAX_ALL_BYTES >> 20} MiB at most")
    except TimeoutError as error:
        raise BadRequest("body_stalled", "The body did not arrive in time.") from error
    return bytes(body)


def _read(files: Iterator[tuple[str, JsonValue | bytes]]) -> tuple[list[Incoming], list[str]]:
    taken: list[Incoming] = []
    wrong: list[str] = []
    for count, (file, said) in enumerate(files, 1):
        if count > MAX_FILES:
            raise _too_large(f"there are {MAX_FILES} files at most: import them in parts")
        try:
            taken.append(incoming(file, _parsed(said) if isinstance(said, bytes) else said))
        except ValueError as error:
            wrong.append(f"{file}: {error}.")
    return taken, wrong


def _parsed(content: bytes) -> JsonValue:
    """JSON, also with the mark that some editors put in front. Raises ValueError."""
    said: JsonValue = from_json(content.removeprefix(BOM_UTF8))
    return said


def _from_lines(body: bytes) -> Iterator[tuple[str, JsonValue]]:
    for number, line in enumerate(body.splitlines(), 1):
        if not line.strip():
            continue
        try:
            said = FileLine.model_validate_json(line)
        except ValidationError as error:
            raise BadRequest(
                "bad_line", f'Line {number} is not {{"file": "pack.json", "profile": {{…}}}}.'
            ) from error
        yield said.file, said.profile


def _from_zip(body: bytes) -> Iterator[tuple[str, bytes]]:
    """The JSON files in it, whatever their folder. None is read beyond what a file may have."""
    left = MAX_ALL_BYTES
    if body.count(ZIP_ENTRY) > MAX_ZIP_ENTRIES:
        raise _too_large(f"a ZIP has {MAX_ZIP_ENTRIES} entries at most")
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            for entry in archive.infolist():
                if entry.is_dir() or not entry.filename.endswith(SUFFIX):
                    continue
                with archive.open(entry) as file:
                    content = file.read(MAX_FILE_BYTES + 1)
                left -= len(content)
                if len(content) > MAX_FILE_BYTES or left < 0:
                    raise _too_large(f"a file has {MAX_FILE_BYTES >> 20} MiB at most")
                yield PurePosixPath(entry.filename).name, content
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
        raise BadRequest("bad_zip", f"The body is no ZIP that can be read: {error}.") from error


def _too_large(why: str) -> TooLarge:
    return TooLarge("files_too_large", f"Too much at once: {why}.")
