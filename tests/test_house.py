"""Rules of the house that no linter checks."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(
    path
    for folder in ("services", "libs", "deploy", "tests")
    for path in (ROOT / folder).rglob("*.py")
)
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40

BROKEN_WALLS = {
    "a service imports another": ("services/usage/handlers.py", "import services.qc.run\n"),
    "a library imports a service": ("libs/web.py", "import services.usage.record\n"),
    "a contract knows the web": ("libs/contracts/common.py", "import aiohttp\n"),
    "domain code does I/O": ("services/usage/domain/pricing.py", "import asyncpg\n"),
    "domain code waits": ("services/qc/domain/scoring.py", "import asyncio\n"),
    "a handler knows an SDK": ("services/qc/handlers.py", "import openai\n"),
    "a repository knows the driver": ("services/qc/repository.py", "import asyncpg\n"),
    "a repository calls its handlers": (
        "services/profiles/repository.py",
        "import services.profiles.handlers\n",
    ),
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_file_is_small_and_says_what_it_is(path: Path) -> None:
    source = path.read_text()
    tree = ast.parse(source)
    functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]

    assert source.count("\n") <= MAX_FILE_LINES
    assert not source or ast.get_docstring(tree), "the first line says what lives here"
    for function in functions:
        length = (function.end_lineno or 0) - function.lineno + 1
        assert length <= MAX_FUNCTION_LINES, function.name
    if "domain" in path.parts and "services" in path.parts:
        assert not any(isinstance(f, ast.AsyncFunctionDef) for f in functions), "domain is pure"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_environment_is_read_at_the_edges_only(path: Path) -> None:
    relative = path.relative_to(ROOT)
    at_the_edge = relative.parts[0] in {"deploy", "tests"} or relative.name in {
        "__main__.py",
        "cli.py",
    }
    reads = any(
        isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
        for node in ast.walk(ast.parse(path.read_text()))
    )

    assert at_the_edge or not reads


@pytest.mark.parametrize("wall", BROKEN_WALLS)
def test_breaking_a_wall_is_caught(wall: str, tmp_path: Path) -> None:
    for folder in ("services", "libs", "deploy"):
        for source in (ROOT / folder).rglob("*.py"):
            copy = tmp_path / source.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(source.read_text())
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())

    where, line = BROKEN_WALLS[wall]
    file = tmp_path / where
    file.write_text(file.read_text() + "\n" + line)
    found = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert found.returncode == 1, found.stdout
    assert "BROKEN" in found.stdout
