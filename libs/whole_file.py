"""Writing a file that somebody named: it is there whole, or as it was before."""

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write beside the file, then rename: a reader sees the old file or the new one.

    A link stays, and what it leads to is written. A device or a pipe, such as /dev/null, is
    written to: a rename would put a file in its place. Raises OSError.
    """
    if path.exists() and not path.is_file():
        path.write_bytes(content)
        return
    real = path.resolve()
    handle, name = tempfile.mkstemp(dir=real.parent, prefix=".aiqc-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        _give_usual_mode(name)
        Path(name).replace(real)
    except OSError:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _give_usual_mode(name: str) -> None:
    """mkstemp makes a file for its owner alone; what a person asked for has any new file's mode."""
    mask = os.umask(0)
    os.umask(mask)
    Path(name).chmod(0o666 & ~mask)
