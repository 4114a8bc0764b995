"""Env files mean the same to everybody who reads them, and the image starts from one."""

import subprocess
import sys
from pathlib import Path

import pytest

from deploy import CannotStart
from deploy.env_file import env_text, read_env_file
from tests.deploy.processes import REPOSITORY

JSON = '{"keys":[{"kid":"qc","x":"a-b_c"}]}'


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    variables = {"QC_TRUSTED_KEYS": JSON, "QC_POSTGRES_DSN": "postgresql://u:p%20w@h/d?a=b&c=d"}
    (tmp_path / "env").write_text(env_text(variables, "A note."))

    assert read_env_file(tmp_path / "env") == variables


@pytest.mark.parametrize(
    "value", ["", "a b", "$HOME", "a\nB=c", "'a'", '"a"', "a\\n", "#a", "a\tb", "x${y}"]
)
def test_value_that_readers_disagree_on_is_refused_without_being_told(value: str) -> None:
    with pytest.raises(CannotStart, match="QC_THING") as refusal:
        env_text({"QC_THING": value}, "A note.")
    assert not value or value not in str(refusal.value)


@pytest.mark.parametrize("line", ["s3cret", "A B=s3cret", "=s3cret", "export A=s3cret"])
def test_line_of_another_form_is_refused_by_its_number(tmp_path: Path, line: str) -> None:
    (tmp_path / "env").write_text(f"A=1\n{line}\n")

    with pytest.raises(CannotStart, match="line 2") as refusal:
        read_env_file(tmp_path / "env")
    assert "s3cret" not in str(refusal.value)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A folder like /app with a service that tells its process id and what it was given."""
    (tmp_path / "services" / "told").mkdir(parents=True)
    (tmp_path / "services" / "__init__.py").touch()
    (tmp_path / "services" / "told" / "__main__.py").write_text(
        "import os\n"
        "print(os.getpid(), os.environ['TOLD_A'], os.environ['TOLD_B'],\n"
        "      'AIQC_ENV_FILE' in os.environ)\n"
    )
    return tmp_path


def start(image: Path, **environ: str) -> tuple[int, "subprocess.CompletedProcess[str]"]:
    with subprocess.Popen(
        [sys.executable, "-m", "deploy.start"],
        env={"PYTHONPATH": f"{image}:{REPOSITORY}", "PATH": "/usr/bin:/bin"} | environ,
        cwd=image,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        output, errors = process.communicate(timeout=30)
        ended = subprocess.CompletedProcess([], process.returncode, output, errors)
        return process.pid, ended


def test_service_takes_the_place_of_its_starter_with_the_files_settings(image: Path) -> None:
    (image / "told.env").write_text("TOLD_A=file\nTOLD_B=file\n")

    process_id, ended = start(
        image, SERVICE="told", AIQC_ENV_FILE=str(image / "told.env"), TOLD_B="direct"
    )

    assert ended.stdout.split() == [str(process_id), "file", "direct", "False"], ended.stderr


def test_without_a_file_the_environment_is_all(image: Path) -> None:
    process_id, ended = start(image, SERVICE="told", TOLD_A="a", TOLD_B="b")

    assert ended.stdout.split() == [str(process_id), "a", "b", "False"], ended.stderr


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"SERVICE": "told", "AIQC_ENV_FILE": "/no/such.env"}, "/no/such.env: No such file"),
        ({"SERVICE": "../x"}, "SERVICE"),
        ({}, "SERVICE"),
    ],
)
def test_start_that_cannot_be_is_one_sentence(
    image: Path, environ: dict[str, str], words: str
) -> None:
    _, ended = start(image, **environ)

    assert (ended.returncode, ended.stdout) == (3, "")
    assert words in ended.stderr and ended.stderr.count("\n") == 1
