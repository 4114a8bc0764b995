"""Where creatives and reference assets lie: by content hash, in a local folder or a bucket."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import obstore
from obstore.exceptions import NotFoundError

from libs.objects import open_store
from libs.problems import NotFound


class Store:
    """`url` as `libs.objects` takes it; files are fetched into the folder `scratch`."""

    def __init__(self, url: str, scratch: Path) -> None:
        self._scratch = scratch
        self._store = open_store(url)

    async def put(self, sha256: str, path: Path) -> None:
        """Store the file at `path`; storing the same content again changes nothing."""
        await obstore.put_async(self._store, _key(sha256), path)

    async def has(self, sha256: str) -> bool:
        try:
            await obstore.head_async(self._store, _key(sha256))
        except (NotFoundError, FileNotFoundError):
            return False
        return True

    @asynccontextmanager
    async def fetch(self, sha256: str) -> AsyncIterator[Path]:
        """The content as a file of its own, removed at the end. Raises NotFound."""
        with tempfile.NamedTemporaryFile(dir=self._scratch, prefix="fetched-") as file:
            try:
                found = await obstore.get_async(self._store, _key(sha256))
                async for chunk in found.stream():
                    file.write(chunk)
            except (NotFoundError, FileNotFoundError) as error:
                raise NotFound("file_gone", "The stored file is no longer there.") from error
            file.flush()
            yield Path(file.name)


def _key(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"
