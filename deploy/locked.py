"""The part of requirements.lock that one service needs: `python deploy/locked.py usage`.

The lock says for each package what it is there for (`# via`), so a service's part is what
its extra reaches. It may hold one package too many, never one too few unnoticed: pip with
--require-hashes refuses a dependency that is not in its file. Standard library only, for it
runs before anything is installed.
"""

import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
SERVICES = ("gateway", "profiles", "qc", "usage")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_VIA = re.compile(r"^    #(?: via|  ) +(\S+)", re.MULTILINE)

Blocks = Mapping[str, list[str]]


def locked(service: str, lock: str, pyproject: str) -> str:
    """The blocks of `lock` (text of requirements.lock), hashes and markers included, for the
    common dependencies and the extra `service` of `pyproject` (text of pyproject.toml).

    Raises ValueError for a service without an extra and for a dependency that is not locked.
    """
    blocks = _blocks(lock)
    needed = _asked_for(service, pyproject)
    if missing := sorted(needed - blocks.keys()):
        raise ValueError(f"not in the lock: {', '.join(missing)}")
    size = 0
    while size < len(needed):
        size = len(needed)
        needed |= {name for name, texts in blocks.items() if _wanted_by(texts) & needed}
    return "".join(text for name in sorted(needed) for text in blocks[name])


def _asked_for(service: str, pyproject: str) -> set[str]:
    project = tomllib.loads(pyproject)["project"]
    extras = project["optional-dependencies"]
    if service not in SERVICES or service not in extras:
        raise ValueError(f"no service {service!r}: there are {', '.join(SERVICES)}")
    return {_name(requirement) for requirement in [*project["dependencies"], *extras[service]]}


def _blocks(lock: str) -> Blocks:
    """Each package's lines; a package has several blocks when its version depends on Python."""
    blocks: dict[str, list[str]] = {}
    for text in re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)[1:]:
        blocks.setdefault(_name(text), []).append(text)
    return blocks


def _wanted_by(texts: list[str]) -> set[str]:
    return {_normal(name) for text in texts for name in _VIA.findall(text)}


def _name(requirement: str) -> str:
    found = _NAME.match(requirement)
    if found is None:
        raise ValueError(f"not a requirement: {requirement!r}")
    return _normal(found[0])


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    service, *_ = [*sys.argv[1:], ""]
    sys.stdout.write(
        locked(
            service,
            (ROOT / "requirements.lock").read_text(),
            (ROOT / "pyproject.toml").read_text(),
        )
    )
