"""`aiqc prepare`: what services elsewhere need to start, the same at every run."""

import json
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from deploy.database import SERVICES
from deploy.embedded_postgres import EmbeddedPostgres
from deploy.env_file import read_env_file
from tests.deploy.processes import REPOSITORY, query
from tests.journeys.processes import bare_environment, run_aiqc


@pytest.fixture(scope="module")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database on a server of this module's own: roles belong to one database."""
    with EmbeddedPostgres(tmp_path_factory.mktemp("prepare") / "postgres") as server:
        query(server.admin_dsn, "CREATE DATABASE theirs", "SELECT 1")
        account = urlsplit(server.admin_dsn).netloc.partition("@")[0]
        yield f"postgresql://{account}@localhost:{server.port}/theirs"


@pytest.fixture
def environ(tmp_path: Path, database_url: str) -> dict[str, str]:
    return bare_environment(tmp_path / "data", DATABASE_URL=database_url)


def files_of(output: Path) -> dict[str, Path]:
    return {service: output / service / f"{service}.env" for service in SERVICES}


def contents(output: Path) -> dict[str, Mapping[str, str]]:
    return {service: read_env_file(file) for service, file in files_of(output).items()}


def test_each_service_gets_what_it_alone_may_know(environ: dict[str, str], tmp_path: Path) -> None:
    ended = run_aiqc(environ, "prepare", "--output", tmp_path / "env")

    assert ended.returncode == 0, ended.stderr
    given = contents(tmp_path / "env")
    for service, file in files_of(tmp_path / "env").items():
        signs = {"SIGNING_KEY"} if service in ("gateway", "qc") else set()
        names = {"POSTGRES_DSN", "POSTGRES_OWNER_DSN", "TRUSTED_KEYS"} | signs
        assert given[service].keys() == {f"{service.upper()}_{name}" for name in names}
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        own = given[service][f"{service.upper()}_POSTGRES_DSN"]
        assert query(own, "SELECT current_user::text") == f"{service}_run"
    keys = json.loads(given["usage"]["USAGE_TRUSTED_KEYS"])["keys"]
    assert {key["kid"] for key in keys} >= {"gateway", "qc"}
    assert not any("d" in key for key in keys), "a private key went to everybody"


def test_host_of_the_given_address_is_the_one_that_services_get(
    environ: dict[str, str], tmp_path: Path
) -> None:
    run_aiqc(environ, "prepare", "--output", tmp_path / "env")

    addresses = [
        urlsplit(value)
        for variables in contents(tmp_path / "env").values()
        for name, value in variables.items()
        if name.endswith("_DSN")
    ]
    assert len(addresses) == 8
    assert {(dsn.hostname, dsn.path) for dsn in addresses} == {("localhost", "/theirs")}


def test_second_run_changes_nothing(environ: dict[str, str], tmp_path: Path) -> None:
    run_aiqc(environ, "prepare", "--output", tmp_path / "env")
    files = files_of(tmp_path / "env").values()
    before = [(file.read_bytes(), file.stat().st_mtime_ns) for file in files]

    ended = run_aiqc(environ, "prepare", "--output", tmp_path / "env")

    assert ended.stdout.count("unchanged") == 4
    assert [(file.read_bytes(), file.stat().st_mtime_ns) for file in files] == before


def test_file_that_others_may_read_is_made_private_again(
    environ: dict[str, str], tmp_path: Path
) -> None:
    run_aiqc(environ, "prepare", "--output", tmp_path / "env")
    file = files_of(tmp_path / "env")["qc"]
    file.chmod(0o644)

    run_aiqc(environ, "prepare", "--output", tmp_path / "env")

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_lost_output_is_written_again_as_it_was(environ: dict[str, str], tmp_path: Path) -> None:
    run_aiqc(environ, "prepare", "--output", tmp_path / "env")

    run_aiqc(environ, "prepare", "--output", tmp_path / "again")

    assert contents(tmp_path / "again") == contents(tmp_path / "env")


def test_two_at_once_end_with_one_set_of_keys(environ: dict[str, str], tmp_path: Path) -> None:
    def run(_: int) -> "subprocess.CompletedProcess[str]":
        return run_aiqc(environ, "prepare", "--output", tmp_path / "env")

    with ThreadPoolExecutor() as pool:
        endings = list(pool.map(run, range(3)))

    assert {ended.returncode for ended in endings} <= {0, 3}, endings
    assert all("in use by process" in e.stderr for e in endings if e.returncode == 3)
    trusted = {
        variables[f"{service.upper()}_TRUSTED_KEYS"]
        for service, variables in contents(tmp_path / "env").items()
    }
    assert len(trusted) == 1


def test_shows_no_secret(environ: dict[str, str], tmp_path: Path, database_url: str) -> None:
    ended = run_aiqc(environ, "prepare", "--output", tmp_path / "env")

    said = ended.stdout + ended.stderr
    secrets = [urlsplit(database_url).password] + [
        urlsplit(variables[f"{service.upper()}_POSTGRES_DSN"]).password
        for service, variables in contents(tmp_path / "env").items()
    ]
    assert "theirs at localhost" in said
    assert all(secret and secret not in said for secret in secrets)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"DATABASE_URL": ""}, "DATABASE_URL is not set"),
        ({"DATABASE_URL": "postgresql://me:canary-pw@127.0.0.1:9/x"}, "cannot connect"),
        ({"AIQC_ROLE_PREFIX": "Bad-"}, "role prefix"),
    ],
)
def test_what_cannot_be_prepared_is_one_sentence_and_leaves_no_file(
    environ: dict[str, str], tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    ended = run_aiqc(environ | changes, "prepare", "--output", tmp_path / "env")

    assert ended.returncode == 3
    assert words in ended.stderr and ended.stderr.count("\n") == 1
    assert "canary-pw" not in ended.stderr
    assert not [file for file in files_of(tmp_path / "env").values() if file.exists()]


def test_output_that_is_no_folder_is_named(environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    ended = run_aiqc(environ, "prepare", "--output", tmp_path / "file")

    assert ended.returncode == 3 and str(tmp_path / "file") in ended.stderr


def test_broken_keys_are_told_and_not_replaced(environ: dict[str, str], tmp_path: Path) -> None:
    run_aiqc(environ, "prepare", "--output", tmp_path / "env")
    keys = tmp_path / "data" / "keys.json"
    keys.write_text('{"gateway": {}}')

    ended = run_aiqc(environ, "prepare", "--output", tmp_path / "env")

    assert ended.returncode == 3 and "keys.json" in ended.stderr
    assert keys.read_text() == '{"gateway": {}}'


def test_images_run_it_with_their_common_packages_only(
    environ: dict[str, str], tmp_path: Path
) -> None:
    """`-X importtime` names every module: no command line, no web framework, no wheel of ours."""
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "deploy.prepare", "--output", tmp_path / "env"],
        env=environ | {"PYTHONPATH": str(REPOSITORY)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr[-2000:]
    assert "is ready for" in ended.stdout
    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert "asyncpg" in imported
    assert not imported & {"cyclopts", "rich", "embedded_postgres", "aiohttp", "openai", "PIL"}
