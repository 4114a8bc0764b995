"""Commands by the names that scripts of the system before this one call."""

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import import_module

import pytest

from tests.deploy.processes import LINUX_ONLY, REPOSITORY
from tests.journeys.processes import Up

pytestmark = LINUX_ONLY
SCRIPTS: dict[str, str] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"][
    "scripts"
]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("old") / "data"
    with Up(folder, {"PYTHONPATH": str(REPOSITORY)}) as up:
        yield up


def _run(up: Up, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What the installed script does, without its being installed."""
    module, _, function = SCRIPTS[script].partition(":")
    code = f"from {module} import {function}; {function}()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=up.environ,
        cwd=up.data_dir,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("script", SCRIPTS)
def test_script_leads_to_a_function(script: str) -> None:
    module, _, function = SCRIPTS[script].partition(":")

    assert callable(getattr(import_module(module), function))


def test_old_names_do_what_the_commands_do(up: Up) -> None:
    report = _run(up, "generate-usage-report", "--last-days", "7")
    validated = _run(up, "validate-pricing", "--at", "2026-11-27")

    assert (report.returncode, report.stdout) == (0, "No usage data found\n"), report.stderr
    assert (validated.returncode, validated.stderr) == (0, "")
    assert validated.stdout.splitlines()[-1].startswith("0 errors, ")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--at", "2026-02-30"), "aiqc: --at: write a day as YYYY-MM-DD"),
        (("--litellm", "nowhere.json"), "aiqc: Cannot read nowhere.json: No such file"),
        (("--format", "xml"), "Invalid value"),
        (("2026-11-27",), "Unused Tokens"),
    ],
)
def test_mistake_is_told_and_is_not_taken_for_a_wrong_price(
    up: Up, arguments: tuple[str, ...], says: str
) -> None:
    ended = _run(up, "validate-pricing", *arguments)

    assert ended.returncode == 3
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


def test_wrong_price_ends_with_one(up: Up) -> None:
    price = ("gpt-4o", "--provider", "openai", "--input", "25", "--output", "10")
    assert _run(up, "aiqc", "prices", "set", *price).returncode == 0

    ended = _run(up, "validate-pricing")

    assert ended.returncode == 1
    assert "openai gpt-4o standard: input: ours $25, genai-prices" in ended.stdout
