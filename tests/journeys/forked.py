"""Services as processes that start in a blink: forked from one that has imported them.

A service takes two seconds to import, so a campaign of kills would be one of imports. What runs
in a fork is `python -m services.<name>` itself, with the environment that it is given, and it
ends with the process that forked it. `python -m tests.journeys.forked` reads
`{"module", "environ", "log"}` line by line and answers with process ids.
"""

import gc
import json
import os
import runpy
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from deploy.children import die_with_us
from tests.deploy.processes import REPOSITORY

IMPORTED = ("services.qc.app", "services.usage.app", "openai", "google.genai")


class Forker:
    """Starts services by name. Use it with `with`; it takes every one that it started along."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.forked"],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, service: str, environ: Mapping[str, str], log: str) -> int:
        """The process id; the log goes on where an earlier life of the same name ended."""
        assert self._process.stdin and self._process.stdout
        asked = {
            "module": f"services.{service}",
            "environ": dict(environ),
            "log": str(self.log(log)),
        }
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def __enter__(self) -> "Forker":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()


def main() -> None:
    for module in IMPORTED:
        import_module(module)
    assert threading.active_count() == 1, "a fork would lose the other threads"
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
    die_with_the_forker = die_with_us(signal.SIGKILL)
    for line in sys.stdin:
        asked = json.loads(line)
        process_id = os.fork()
        if not process_id:
            if die_with_the_forker:
                die_with_the_forker()
            _become(asked)
        print(process_id, flush=True)


def _become(asked: dict[str, Any]) -> NoReturn:
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        log = os.open(asked["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for standard, file in ((0, os.open(os.devnull, os.O_RDONLY)), (1, log), (2, log)):
            os.dup2(file, standard)
        os.environ.clear()
        os.environ.update(asked["environ"])
        sys.argv = [asked["module"]]
        runpy.run_module(asked["module"], run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
