"""What a PostgreSQL server says about itself in postmaster.pid, and whether to believe it.

The file outlives a server that was killed, and then still says `ready`; its process id may by
now belong to somebody else, or to a zombie that nobody reaps. PostgreSQL refuses to start over
a living process id, so ids that are not a server's of ours are taken out first.
"""

import os
import subprocess
import sys
from pathlib import Path

from deploy.private_files import write_private

PORT_LINE = 3
STATUS_LINE = 7


def is_ready(cluster: Path, process_id: int) -> bool:
    lines = _read(cluster)
    return (
        len(lines) > STATUS_LINE
        and lines[0].strip() == str(process_id)
        and lines[STATUS_LINE].strip() == "ready"
    )


def living_server(cluster: Path) -> int | None:
    """The process id of a server that runs on these data now."""
    process_id = _process_id(_read(cluster))
    if process_id is None or _name_of(process_id) != "postgres":
        return None
    try:
        if sys.platform == "linux" and not os.path.samefile(f"/proc/{process_id}/cwd", cluster):
            return None
    except PermissionError:
        return process_id
    except OSError:
        return None
    return process_id


def port_of_living(cluster: Path) -> int | None:
    """The port of a server that runs on these data now and takes connections."""
    process_id, lines = living_server(cluster), _read(cluster)
    if process_id is None or not is_ready(cluster, process_id):
        return None
    return int(lines[PORT_LINE])


def disown_pid_file(cluster: Path) -> None:
    """Put our own process id where a dead server's stands.

    PostgreSQL skips an id that is its parent's, and still looks at the shared memory that the
    file names: removing the file would also drop that guard against left-over backends.
    """
    lines = _read(cluster)
    if lines:
        write_private(cluster / "postmaster.pid", "\n".join([str(os.getpid()), *lines[1:], ""]))


def _read(cluster: Path) -> list[str]:
    try:
        return (cluster / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _process_id(lines: list[str]) -> int | None:
    return int(lines[0]) if lines and lines[0].strip().isdigit() else None


def _name_of(process_id: int) -> str | None:
    """The program's name; None for a process that is gone or a zombie."""
    if sys.platform == "linux":
        try:
            name, _, rest = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")
        except OSError:
            return None
        return None if rest.split()[0] in "ZX" else name.partition("(")[2]
    command = ["ps", "-o", "stat=,comm=", "-p", str(process_id)]
    state, _, path = subprocess.run(command, capture_output=True, text=True).stdout.partition(" ")
    return None if state.startswith("Z") else Path(path.strip()).name
