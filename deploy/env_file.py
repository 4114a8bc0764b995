"""Files of variables, in the one form that all their readers take alike.

    NAME=value

docker, podman, compose, kubectl, systemd and `read_env_file` read these lines as they are
written. That holds as long as no value has quotes around it, a dollar, a backslash, white space
or a line's end, each of which one of them treats in its own way; such a value is refused.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from deploy import CannotStart

_PLAIN = re.compile(r"[^\s\"'$\\#][^\s$\\]*")
_LINE = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)")


def env_text(variables: Mapping[str, str], note: str) -> str:
    """Raises CannotStart, which names the variable and not its value."""
    for name, value in variables.items():
        if not _PLAIN.fullmatch(value):
            raise CannotStart(f"{name} has a character that an env file cannot hold")
    return "".join([f"# {note}\n", *(f"{name}={value}\n" for name, value in variables.items())])


def read_env_file(path: Path) -> dict[str, str]:
    """Raises CannotStart, which names the line's number and does not repeat it."""
    found: dict[str, str] = {}
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise CannotStart(f"{path}: {reason}; `aiqc prepare` writes it") from None
    for number, line in enumerate(lines, 1):
        if not line or line.startswith("#"):
            continue
        pair = _LINE.fullmatch(line)
        if pair is None:
            raise CannotStart(f"{path}: line {number} is not NAME=value")
        found[pair[1]] = pair[2]
    return found
