"""Real platforms to back up and to restore, through the `aiqc` command of this tree."""

import json
import subprocess
from collections.abc import Mapping
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from deploy.backup_file import open_backup
from deploy.manifest import Manifest
from tests.deploy.processes import REPOSITORY
from tests.journeys.processes import AIQC, Up, bare_environment, run_aiqc

OF_THIS_TREE = {"PYTHONPATH": str(REPOSITORY)}
PERIOD = ("--last-days", "30")


def environment(data_dir: Path, **changes: str) -> dict[str, str]:
    return bare_environment(data_dir, **OF_THIS_TREE, **changes)


def ran(environ: Mapping[str, str], *arguments: str | Path) -> str:
    """What the command prints; it must succeed."""
    ended = run_aiqc(environ, *arguments, timeout_s=120.0)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def refused(environ: Mapping[str, str], *arguments: str | Path) -> str:
    """The one sentence with which the command fails, which a person can act on."""
    ended = run_aiqc(environ, *arguments, timeout_s=120.0)
    sentence = ended.stderr.strip()
    assert (ended.returncode, ended.stdout) == (3, ""), ended.stdout
    assert sentence.startswith("aiqc: ") and "\n" not in sentence, sentence
    return sentence


def start(environ: Mapping[str, str], *arguments: str | Path) -> "subprocess.Popen[bytes]":
    """The command, to be killed."""
    return subprocess.Popen(
        [AIQC, *map(str, arguments)],
        env=environ,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def manifest_of(file: Path) -> Manifest:
    with open_backup(file) as backup:
        return backup.manifest


def reports(environ: Mapping[str, str]) -> dict[str, str]:
    """The report in each format, but for the moment at which it was made."""
    found = {kind: ran(environ, "report", *PERIOD, "--format", kind) for kind in ("text", "csv")}
    lines = ran(environ, "report", *PERIOD, "--format", "json").splitlines()
    dated = [line for line in lines if '"generated_at"' in line]
    assert len(dated) == 1
    found = {
        kind: "\n".join(line for line in text.splitlines() if "enerated" not in line)
        for kind, text in found.items()
    }
    return found | {"json": "\n".join(line for line in lines if line not in dated)}


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def sign_in(up: Up) -> str:
    """A session's cookie."""
    body = json.dumps({"user": "admin"}).encode()
    headers = {"Content-Type": "application/json"}
    with urlopen(Request(f"{up.url}api/session", body, headers, method="POST")) as response:
        cookie = SimpleCookie(response.headers["Set-Cookie"])
    return f"sid={cookie['sid'].value}"


def ask(url: str, **headers: str) -> tuple[int, Any]:
    try:
        with urlopen(Request(url, headers=headers), timeout=10) as response:
            return response.status, json.load(response)
    except HTTPError as error:
        return error.code, None
