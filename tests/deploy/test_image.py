"""What the image's recipe promises, read from it: no container engine is needed."""

import json
import re
import shlex
import tomllib
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path

import pytest

from deploy.locked import SERVICES
from deploy.ports import PORTS
from libs.settings import ServiceSettings
from services import cli

ROOT = Path(__file__).parents[2]
SECRET = re.compile(r"KEY|SECRET|PASSWORD|TOKEN|DSN|DATABASE_URL", re.IGNORECASE)

Instruction = tuple[str, str]


def stages() -> list[list[Instruction]]:
    """The instructions of each stage, from its FROM on, as (word, rest) in one line each."""
    text = (ROOT / "deploy" / "Dockerfile").read_text()
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.partition(" ") for line in text.splitlines() if line.strip()]
    found: list[list[Instruction]] = [[]]
    for word, _, rest in lines:
        if word == "FROM":
            found.append([])
        found[-1].append((word, rest.strip()))
    return found


def all_of(word: str, stage: list[Instruction]) -> list[str]:
    return [rest for found, rest in stage if found == word]


def final() -> list[Instruction]:
    return stages()[-1]


def environment() -> dict[str, str]:
    pairs = (pair.partition("=") for rest in all_of("ENV", final()) for pair in shlex.split(rest))
    return {name: value for name, _, value in pairs}


def settings(service: str) -> type[ServiceSettings]:
    module = import_module(f"services.{service}.settings")
    found: type[ServiceSettings] = getattr(module, f"{service.title()}Settings")
    return found


def test_base_is_for_the_builder_to_choose() -> None:
    before, *built = stages()

    assert all_of("ARG", before)[0].startswith("BASE=")
    assert {all_of("FROM", stage)[0].split()[0] for stage in built} == {"${BASE}"}


def test_process_is_not_root() -> None:
    [user] = all_of("USER", final())

    uid, _, gid = user.partition(":")
    assert int(uid) >= 10_000 and int(gid) >= 10_000, "a number, so that a cluster can check it"
    assert final().index(("USER", user)) < final().index(("CMD", all_of("CMD", final())[0]))


def test_nothing_is_installed_in_the_final_stage() -> None:
    assert all_of("RUN", final()) == []
    assert all(rest.startswith("--from=build ") for rest in all_of("COPY", final()))
    assert all_of("ADD", final()) == []


def test_packages_are_installed_by_hash_only() -> None:
    installs = [
        command
        for stage in stages()
        for rest in all_of("RUN", stage)
        for command in rest.split("&&")
        if re.search(r"\bpip\b.*\b(install|wheel|download)\b", command)
    ]

    assert len(installs) == 3
    for command in installs:
        assert "--require-hashes" in command or ("--no-index" in command and "--no-deps" in command)


def test_no_secret_is_built_in() -> None:
    given = [rest for stage in stages() for word in ("ENV", "ARG") for rest in all_of(word, stage)]

    assert given
    assert [rest for rest in given if SECRET.search(rest)] == []
    assert not any("--mount=type=secret" in rest for stage in stages() for _, rest in stage)


def test_starts_the_service_as_process_one_and_asks_for_its_health() -> None:
    [command] = all_of("CMD", final())
    [check] = all_of("HEALTHCHECK", final())

    assert json.loads(command) == ["python", "-m", "deploy.start"]
    assert json.loads(check.partition("CMD ")[2]) == ["python", "-m", "deploy.healthcheck"]


def test_variables_of_the_image_are_settings() -> None:
    for name in environment():
        service, _, field = name.lower().partition("_")
        if service in SERVICES:
            assert field in settings(service).model_fields, name


@pytest.mark.parametrize("service", SERVICES)
def test_health_check_asks_the_port_that_the_service_has_by_itself(service: str) -> None:
    assert PORTS[service] == settings(service).model_fields["port"].default


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_an_extra_and_can_be_started(service: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert service in project["optional-dependencies"]
    assert (ROOT / "services" / service / "__main__.py").is_file()


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_copied_exists_and_is_let_through(service: str) -> None:
    sources = [
        source.replace("${SERVICE}", service).rstrip("/")
        for rest in all_of("COPY", stages()[1])
        for source in rest.split()[:-1]
    ]

    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []
    assert [source for source in sources if not is_sent(source)] == []


@pytest.mark.parametrize(
    "path", [".git/config", ".aiqc/keys.json", ".env", "services/qc/.env", "tests/conftest.py"]
)
def test_keys_data_and_history_never_reach_the_builder(path: str) -> None:
    assert not is_sent(path)


def is_sent(path: str) -> bool:
    """Whether .dockerignore lets the path through: the last rule that fits it decides."""
    sent = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        rule = line.removeprefix("!")
        if rule and not rule.startswith("#") and _fits(path, rule):
            sent = line.startswith("!")
    return sent


def _fits(path: str, rule: str) -> bool:
    parts = path.split("/")
    if rule.startswith("**/"):
        return any(fnmatch(part, rule[3:]) for part in parts)
    return any(fnmatch("/".join(parts[: end + 1]), rule) for end in range(len(parts)))


def test_crontab_runs_what_the_command_takes() -> None:
    lines = (ROOT / "deploy" / "crontab").read_text().splitlines()
    jobs = [line.split(maxsplit=5) for line in lines if re.match(r"[\d*]", line)]
    report, proof = (_arguments(shell) for *_, shell in jobs)

    assert all(len(job) == 6 for job in jobs)
    assert not any(re.search(r"(?<!\\)%", job[5]) for job in jobs), "cron ends the command there"
    _, bound, _ = cli.app.parse_args(report, exit_on_error=False, print_error=False)
    options = bound.arguments["options"]
    assert (options.start_date, options.end_date) == ("2026-11-22", "2026-11-22")
    assert options.output == Path("reports/usage-2026-11-22.csv")
    _, bound, _ = cli.app.parse_args(proof, exit_on_error=False, print_error=False)
    assert bound.arguments == {"rollups": True, "json": True}


def _arguments(shell: str) -> list[str]:
    """What a cron line gives `aiqc`."""
    words = shlex.split(shell.replace("\\%", "%").replace("$day", "2026-11-22"))
    given = words[words.index(".venv/bin/aiqc") + 1 :]
    return given[: given.index(">")] if ">" in given else given


def test_crontab_has_mail_lines_to_be_taken_in_as_the_command_takes_them() -> None:
    lines = (ROOT / "deploy" / "crontab").read_text().splitlines()
    jobs = [line[2:] for line in lines if re.match(r"# \d", line)]

    assert len(jobs) == 2
    for job in jobs:
        shell = job.split(maxsplit=5)[5]
        assert not re.search(r"(?<!\\)%", shell), "cron ends the command there"
        words = shell.replace("$first", "2026-11-01").replace("$last", "2026-11-30")
        arguments = shlex.split(words.partition(".venv/bin/aiqc ")[2])
        _, bound, _ = cli.app.parse_args(arguments, exit_on_error=False, print_error=False)
        assert bound.arguments["options"].email == ("ada@agency.example",)
