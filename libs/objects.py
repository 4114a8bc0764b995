"""Where files that are no rows lie: a local folder, or a bucket by its URL."""

import os
from pathlib import Path

from obstore.store import LocalStore, ObjectStore, from_url

FILE = "file://"


def open_store(url: str) -> ObjectStore:
    """`url` is `file://` and a folder, which is made, or any URL that obstore takes: s3://…"""
    if url.startswith(FILE):
        return LocalStore(Path(url.removeprefix(FILE)).absolute(), mkdir=True)
    return from_url(url)


def sync(url: str, name: str) -> None:
    """Have an object of a local folder outlive a power cut; a bucket sees to that itself."""
    if not url.startswith(FILE):
        return
    root = Path(url.removeprefix(FILE)).absolute()
    path = root / name
    for place in (path, *(folder for folder in path.parents if folder.is_relative_to(root))):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
