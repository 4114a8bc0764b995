"""`aiqc` as a person runs it: exit codes, what it prints where, and no traceback ever."""

import csv
import io
import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from deploy.embedded_postgres import EmbeddedPostgres
from deploy.sample import Sample
from tests.deploy.processes import LINUX_ONLY
from tests.journeys.processes import (
    AIQC,
    FakeProcess,
    Up,
    bare_environment,
    fake_providers_process,
    run_aiqc,
)

pytestmark = LINUX_ONLY
NO_ONE = "01a00000-0000-7000-8000-000000000000"
PROFILE = ("--client", "diageo", "--profile", "diageo_key_visual")
GOOD = {"evidence": "A bottle.", "verdict": "pass", "score": 95, "findings": []}
BAD = {"evidence": "A child drinks.", "verdict": "fail", "score": 5, "findings": []}
SECTIONS = [
    "SUMMARY",
    "USAGE BY CLIENT",
    "USAGE BY USER",
    "USAGE BY PROFILE",
    "USAGE BY DATE",
    "TOKEN USAGE BY PROVIDER",
]


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeProcess]:
    with fake_providers_process() as fake:
        yield fake


@pytest.fixture(scope="module")
def up(fake: FakeProcess, sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with Up(tmp_path_factory.mktemp("command") / "data", fake.environment) as up:
        assert run_aiqc(up.environ, "add-logo", sample.logo, "--client", "diageo").returncode == 0
        yield up


@pytest.mark.parametrize(
    ("answer", "code", "verdict"),
    [
        ({"text": json.dumps(GOOD)}, 0, "pass"),
        ({"text": json.dumps(BAD)}, 1, "fail"),
        ({"status": 401}, 2, "incomplete"),
    ],
)
def test_exit_code_is_the_verdict_and_stdout_is_json_alone(
    up: Up, fake: FakeProcess, sample: Sample, answer: dict[str, Any], code: int, verdict: str
) -> None:
    fake.answer_all(**answer)

    ended = run_aiqc(up.environ, "check", sample.creative, *PROFILE, "--json", "--fresh")

    analysis = json.loads(ended.stdout)
    assert (ended.returncode, analysis["verdict"]) == (code, verdict), ended.stdout
    assert len(analysis["checks"]) == 11
    assert fake.calls(), "the command uses the platform that runs"


def test_person_reads_verdict_findings_time_and_cost(
    up: Up, fake: FakeProcess, sample: Sample
) -> None:
    fake.answer_all(text=json.dumps(GOOD))

    ended = run_aiqc(up.environ, "check", sample.creative, *PROFILE, "--fresh")

    lines = ended.stdout.splitlines()
    assert any(line.startswith("PASS") and "score" in line for line in lines)
    whole = next(line for line in lines if line.startswith("from upload to verdict"))
    assert " s " in whole and "$0.0" in whole
    assert "\033" not in ended.stdout, "no colours where no terminal is"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("check", "no-such-file.png", *PROFILE), "no-such-file.png"),
        (("check", "/", *PROFILE), "/"),
        (("check", "SAMPLE", "--client", "nobody", "--profile", "general_key_visual"), "nobody"),
        (("check", "SAMPLE", "--client", "diageo", "--profile", "none_such"), "none_such"),
        (("check", "SAMPLE", *PROFILE, "--as-user", "nobody"), "admin"),
        (("check", "SAMPLE", *PROFILE, "--as-user", "viewer"), "rights"),
        (("check", "SAMPLE", "--client", "diageo"), "--profile"),
        (("frobnicate",), "frobnicate"),
        (("report", "--format", "xml"), "xml"),
        (("report", "--last-days", "0"), "--last-days"),
        (("report", "--start-date", "soon"), "soon"),
        (("report", "--output", "/no/such/folder/report.csv"), "/no/such/folder/report.csv"),
        (("report", "--email", "ada@agency.example"), "AIQC_MAIL_URL"),
        (("report", "--again"), "--email"),
        (("token", "--service", "gateway"), "gateway"),
        (("override", NO_ONE, "spelling", "passed", "--reason", "x", "--score", "101"), "score"),
        (("override", NO_ONE, "spelling", "unsure", "--reason", "x", "--score", "5"), "a score"),
        (("confirm", NO_ONE, "--reason", "x" * 2_001), "reason"),
        (("rerun", NO_ONE, "--only", ""), "checks"),
        (("campaign", "run", "SAMPLE", *PROFILE, "--name", "x" * 999), "name"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_cannot_run_ends_with_3_and_says_why(
    up: Up, sample: Sample, arguments: tuple[str, ...], words: str
) -> None:
    given = [str(sample.creative) if word == "SAMPLE" else word for word in arguments]

    ended = run_aiqc(up.environ, *given)

    assert ended.returncode == 3, ended.stderr
    assert words in ended.stderr
    assert not ended.stdout


def test_report_comes_in_each_form(
    up: Up, fake: FakeProcess, sample: Sample, tmp_path: Path
) -> None:
    fake.answer_all(text=json.dumps(GOOD))
    run_aiqc(up.environ, "check", sample.creative, *PROFILE)
    file = tmp_path / "usage.json"

    text = run_aiqc(up.environ, "report", "--last-days", "2", "--client", "diageo").stdout
    table = run_aiqc(up.environ, "generate-usage-report", "--format", "csv").stdout
    written = run_aiqc(up.environ, "report", "--format", "json", "--output", file)

    found = [line for line in text.splitlines() if line in SECTIONS]
    assert found == SECTIONS
    rows = list(csv.reader(io.StringIO(table)))
    assert rows[0] == ["SUMMARY"] and ["CLIENT USAGE"] in rows
    assert str(file) in written.stdout
    report = json.loads(file.read_text())
    assert report["total_analyses"] >= 1 and report["total_cost"] > 0


def test_report_without_data_says_so(up: Up) -> None:
    ended = run_aiqc(up.environ, "report", "--client", "loreal")

    assert (ended.returncode, ended.stdout) == (0, "No usage data found\n")


@pytest.mark.parametrize(
    ("service", "path"),
    [("usage", "v1/entries"), ("qc", "v1/checks"), ("profiles", "v1/profiles")],
)
def test_token_opens_its_service_and_no_other(up: Up, service: str, path: str) -> None:
    other = {"usage": "qc", "qc": "profiles", "profiles": "usage"}[service]

    with urlopen(_request(up, service, path, up.token(service)), timeout=10) as response:
        assert json.load(response)
    with pytest.raises(HTTPError, match="401"):
        urlopen(_request(up, service, path, up.token(other)), timeout=10)


def _request(up: Up, service: str, path: str, token: str) -> Request:
    url = f"http://127.0.0.1:{up.ports[service]}/{path}"
    return Request(url, headers={"Authorization": f"Bearer {token}"})


def test_reader_that_leaves_is_no_error_of_ours(up: Up) -> None:
    ended = subprocess.run(
        f"{AIQC} --help | head -n 1; echo code ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        env=up.environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "Traceback" not in ended.stderr and "BrokenPipe" not in ended.stderr


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nonsense", "DATABASE_URL"),
        ("postgresql://me:canary-pw@127.0.0.1:9/db", "database"),
        ("postgresql://me:canary-pw@no-such-host.invalid/db", "database"),
        ("SERVER", "password"),
    ],
)
def test_wrong_database_address_is_one_sentence(
    tmp_path: Path, postgres: EmbeddedPostgres, url: str, words: str
) -> None:
    if url == "SERVER":
        url = f"postgresql://postgres:canary-pw@127.0.0.1:{postgres.port}/postgres"

    ended = run_aiqc(bare_environment(tmp_path, DATABASE_URL=url), "report")

    assert ended.returncode == 3
    assert ended.stderr.startswith("aiqc: ") and ended.stderr.count("\n") == 1, ended.stderr
    assert words in ended.stderr and "canary-pw" not in ended.stderr


def test_data_directory_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    for arguments in (("report",), ("demo",), ("token", "--service", "usage"), ("up",)):
        ended = run_aiqc(bare_environment(tmp_path / "file"), *arguments)

        assert ended.returncode == 3
        assert str(tmp_path / "file") in ended.stderr and ended.stderr.count("\n") == 1


def test_demo_can_be_run_again_and_ends_by_itself(tmp_path: Path) -> None:
    for number in (1, 2):
        ended = run_aiqc(bare_environment(tmp_path / "data"), "demo", timeout_s=120)

        assert ended.returncode == 0, ended.stderr
        assert "INCOMPLETE" in ended.stdout and "USAGE REPORT" in ended.stdout
        assert f"Total analyses:                  {number}" in ended.stdout


def test_commands_at_the_same_time_wait_for_each_other(tmp_path: Path) -> None:
    environ = bare_environment(tmp_path / "data")

    with ThreadPoolExecutor() as pool:
        endings = list(pool.map(lambda _: run_aiqc(environ, "report"), range(2)))

    assert [ended.returncode for ended in endings] == [0, 0], endings
