"""Rules of the README's section on backups: every command in it works as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.backups import environment, ran
from tests.deploy.processes import LINUX_ONLY, REPOSITORY

pytestmark = LINUX_ONLY
CRON = re.compile(r"\d+ \d+ \* \* \* cd /srv/ai-qc && ")


@pytest.fixture(scope="module")
def commands() -> list[str]:
    text = (REPOSITORY / "README.md").read_text()
    section = text.partition("\n## Backups\n")[2].partition("\n## ")[0]
    return [line.strip() for line in section.splitlines() if line.startswith("    ")]


def shell(folder: Path, script: str) -> str:
    environ = environment(folder / ".aiqc")
    ended = subprocess.run(
        ["sh", "-euc", script], cwd=folder, env=environ, capture_output=True, text=True
    )
    assert ended.returncode == 0 and "Traceback" not in ended.stderr, ended.stderr
    assert ended.stderr == "", "cron would mail it every night"
    return ended.stdout


def test_every_command_of_the_section_works_one_after_the_other(
    commands: list[str], tmp_path: Path
) -> None:
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parents[1])
    ran(environment(tmp_path / ".aiqc"), "report")
    cron = [command for command in commands if CRON.match(command)]
    typed = [command for command in commands if command not in cron]

    said = shell(tmp_path, "\n".join(typed))

    assert len(cron) == 1 and sum("aiqc" in command for command in typed) >= 5
    assert "whole" in said and "every row and total was compared" in said
    assert not (tmp_path / "drill").exists()
    assert shell(tmp_path, CRON.sub("", cron[0])) == ""
    assert len(list((tmp_path / "backups").glob("aiqc-*.tar"))) == 2
    assert "%" not in cron[0], "cron ends the command there"
