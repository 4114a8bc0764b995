"""The data directory of an installation: where it is, and that one process at a time uses it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from deploy import CannotStart
from deploy.data_dir import lock
from deploy.unfinished import refuse_unfinished

RUNNING_FILE = "running.json"


class DataDirInUse(CannotStart):
    """Another process runs the platform on the data directory, or starts it just now."""


def data_dir(environ: Mapping[str, str]) -> Path:
    return Path(environ.get("AIQC_DATA_DIR") or ".aiqc").resolve()


STORES = {"objects": "QC_STORE_URL", "archive": "USAGE_ARCHIVE_URL"}
"""Folders of files that the database refers to, and the settings that put them elsewhere."""


def store_url(environ: Mapping[str, str], folder: str) -> str:
    return environ.get(STORES[folder]) or f"file://{data_dir(environ) / folder}"


@contextmanager
def held_data_dir(environ: Mapping[str, str], *, restoring: bool = False) -> Iterator[Path]:
    """The data directory, made if need be and ours alone; only a restore may have an unfinished
    one. Raises CannotStart, or DataDirInUse.
    """
    folder = data_dir(environ)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = lock(folder)
    except OSError as error:
        raise CannotStart(
            f"cannot use {folder}: {error.strerror}; choose another folder with AIQC_DATA_DIR"
        ) from error
    except CannotStart as error:
        raise DataDirInUse(str(error)) from None
    try:
        (folder / RUNNING_FILE).unlink(missing_ok=True)  # a kill -9 left it behind
        if not restoring:
            refuse_unfinished(folder)
        yield folder
    finally:
        os.close(held)
