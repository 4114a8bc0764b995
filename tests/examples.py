"""The examples of a guide, run as a reader would: in order, in one folder, by a shell.

    ```bash       a script; every command in it must succeed
    ```text       right behind it: lines that it prints, in this order; … stands for anything
    ```crontab    its commands are run, as cron would

Other fences are not run. A guide names the services by their default ports.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.processes import REPOSITORY
from tests.journeys.processes import AIQC, Up

_FENCE = re.compile(r"^```(bash|crontab)\n(.*?)^```\n(?:\n?```text\n(.*?)^```\n)?", re.M | re.S)
_SCHEDULE = re.compile(r"(?:[\d*/,-]+ +){5}(.+)")
TOOLS = ("jq", "curl")
DEFAULT_PORTS = {"7183": "gateway", "7184": "qc", "7185": "profiles", "7186": "usage"}
_PORT = re.compile(rf"(?<=127\.0\.0\.1):({'|'.join(DEFAULT_PORTS)})\b")
TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Example:
    """One fenced block; `shows` are the lines that the guide says it prints."""

    line_no: int
    kind: str
    script: str
    shows: tuple[str, ...]


def examples(guide: Path) -> list[Example]:
    text = guide.read_text()
    return [
        Example(
            text.count("\n", 0, found.start()) + 1,
            found[1],
            found[2],
            tuple(line.strip() for line in (found[3] or "").splitlines() if line.strip()),
        )
        for found in _FENCE.finditer(text)
    ]


def run_guide(guide: Path, up: Up, folder: Path) -> None:
    """Run every example of a guide against a running platform; skips where a tool is missing."""
    all_of_it = examples(guide)
    for tool in TOOLS:
        needed = any(re.search(rf"\b{tool}\b", example.script) for example in all_of_it)
        if needed and not shutil.which(tool):
            pytest.skip(f"{guide.name} needs {tool}")
    (folder / ".venv").mkdir()
    (folder / ".venv" / "bin").symlink_to(AIQC.parent)
    for example in all_of_it:
        printed = _run(example, up, folder)
        where = f"{guide.name}, line {example.line_no}"
        assert _shows(printed, example.shows), f"{where} printed:\n{printed}"


def _run(example: Example, up: Up, folder: Path) -> str:
    environ = up.environ | {
        "PATH": f"{AIQC.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(REPOSITORY),
        "AIQC_HOME": str(folder),
    }
    printed = ""
    for shell, script in _scripts(example):
        ended = subprocess.run(
            [*shell, _PORT.sub(lambda found: f":{up.ports[DEFAULT_PORTS[found[1]]]}", script)],
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        assert ended.returncode == 0, (
            f"line {example.line_no} failed:\n{script}\n{ended.stdout}{ended.stderr}"
        )
        printed += ended.stdout
    return printed


def _scripts(example: Example) -> Iterator[tuple[list[str], str]]:
    if example.kind == "bash":
        yield ["bash", "-euo", "pipefail", "-c"], example.script
        return
    for line in example.script.splitlines():
        if scheduled := _SCHEDULE.fullmatch(line):
            yield ["sh", "-c"], scheduled[1].replace("\\%", "%")


def _shows(printed: str, lines: tuple[str, ...]) -> bool:
    """Whether the lines are among those printed, in this order."""
    rest = iter(printed.splitlines())
    patterns = [re.compile(".*".join(map(re.escape, line.split("…")))) for line in lines]
    return all(any(pattern.search(line) for line in rest) for pattern in patterns)
