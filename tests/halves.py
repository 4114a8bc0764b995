"""The whole suite as two runs side by side: `python -m tests.halves [arguments of pytest]`.

One half mostly waits for processes that start, answer and die, the other mostly measures
pictures: together they take little longer than the longer of them. What the second half says
is printed when the first has ended.
"""

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

TESTS = Path(__file__).parent
WAITING = ("journeys",)
NOT_IN_THE_SUITE = "bench"
INTERRUPTED = 2


def halves() -> tuple[list[str], list[str]]:
    """Folders and files of tests; each is in one of the halves."""
    found = sorted(
        path.name
        for path in TESTS.iterdir()
        if (path / "__init__.py").exists() or path.match("test_*.py")
    )
    rest = [name for name in found if name not in (*WAITING, NOT_IN_THE_SUITE)]
    return list(WAITING), rest


def main(arguments: Sequence[str]) -> int:
    first, second = halves()
    with tempfile.TemporaryFile() as said:
        other = subprocess.Popen(_pytest(second, arguments), stdout=said, stderr=said)
        try:
            code = subprocess.call(_pytest(first, arguments))
        except KeyboardInterrupt:
            code = INTERRUPTED  # and so is the other half: the terminal tells both
        other_code = other.wait()
        said.seek(0)
        sys.stdout.flush()
        sys.stdout.buffer.write(said.read())
    return code or other_code


def _pytest(names: Sequence[str], arguments: Sequence[str]) -> list[str]:
    paths = [str(TESTS / name) for name in names]
    return [sys.executable, "-m", "pytest", *arguments, *paths]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
