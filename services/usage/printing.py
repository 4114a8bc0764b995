"""The report on A4 pages, drawn by a process of its own that has little memory and time."""

import json
import subprocess
import sys
from pathlib import Path

import structlog

from libs.problems import Unavailable
from services.usage.domain.report import Report
from services.usage.domain.report_pages import pages

PRINTER = Path(__file__).with_name("printer.py")
TIMEOUT_S = 60.0

log = structlog.get_logger()


def report_pdf(report: Report, timeout_s: float = TIMEOUT_S) -> bytes:
    """The bytes of the file: always the same for the same report and the same fonts.

    Raises Unavailable when it takes too long or too much memory: a narrower report does not.
    """
    document = json.dumps(pages(report), ensure_ascii=False).encode()
    try:
        # -I: nothing of the environment or of the folder has a say in what is imported.
        printed = subprocess.run(
            [sys.executable, "-I", PRINTER],
            input=document,
            capture_output=True,
            env={},
            timeout=timeout_s,
            check=True,
        )
    except subprocess.TimeoutExpired as error:
        raise _cannot("took too long") from error
    except subprocess.CalledProcessError as error:
        log.error("printing failed", why=error.stderr[-2000:].decode(errors="replace"))
        raise _cannot("failed") from error
    return printed.stdout


def _cannot(what: str) -> Unavailable:
    return Unavailable(
        "cannot_print", f"Printing this report {what}: take fewer days or clients, or HTML.", 60
    )
