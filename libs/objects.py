"""Where files that are no rows lie: a local folder, or a bucket by its URL."""

from pathlib import Path

from obstore.store import LocalStore, ObjectStore, from_url

FILE = "file://"


def open_store(url: str) -> ObjectStore:
    """`url` is `file://` and a folder, which is made, or any URL that obstore takes: s3://…"""
    if url.startswith(FILE):
        return LocalStore(Path(url.removeprefix(FILE)).absolute(), mkdir=True)
    return from_url(url)
