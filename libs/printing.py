"""Pages as PDF, drawn by a process of its own that has little memory and time."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import structlog

from libs.problems import Unavailable

PRINTER = Path(__file__).with_name("printer.py")
TIMEOUT_S = 60.0

log = structlog.get_logger()


def print_pdf(
    layout: Path,
    document: Mapping[str, object],
    pictures: Mapping[str, bytes] | None = None,
    *,
    instead: str,
    timeout_s: float = TIMEOUT_S,
) -> bytes:
    """The bytes of the file: always the same for the same document and the same fonts.

    `document` is what the layout draws, with `made_at` as an ISO instant; `pictures` are JPEGs by
    the name under which the layout asks for them. Raises Unavailable when it takes too long or
    too much memory; `instead` says what to do then.
    """
    given = json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
    with tempfile.TemporaryDirectory(prefix="printed-") as folder:
        for name, content in (pictures or {}).items():
            (Path(folder) / name).write_bytes(content)
        try:
            # -I: nothing of the environment or of the folder has a say in what is imported.
            printed = subprocess.run(
                [sys.executable, "-I", PRINTER, layout, folder],
                input=given,
                capture_output=True,
                env={},
                timeout=timeout_s,
                check=True,
            )
        except subprocess.TimeoutExpired as error:
            raise _cannot("took too long", instead) from error
        except subprocess.CalledProcessError as error:
            log.error("printing failed", why=error.stderr[-2000:].decode(errors="replace"))
            raise _cannot("failed", instead) from error
    return printed.stdout


def _cannot(what: str, instead: str) -> Unavailable:
    return Unavailable("cannot_print", f"Printing this report {what}: {instead}", 60)
