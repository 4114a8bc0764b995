"""What the documents say is there, and what is there stands in the documents."""

import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path

import pytest

from libs.settings import ServiceSettings
from libs.web import Route
from services import cli

ROOT = Path(__file__).parents[1]
SERVICES = ("gateway", "profiles", "qc", "usage")
READMES = sorted(
    path
    for path in ROOT.rglob("README.md")
    if not {part for part in path.relative_to(ROOT).parts if part.startswith(".")}
    and "node_modules" not in path.parts
)
TOP_README_MAX_LINES = 150
SERVICE_README_MAX_LINES = 130
TOP_LEVEL = ("services", "libs", "deploy", "tests")
TOP_FILES = (
    "README.md",
    "CHANGELOG.md",
    "Makefile",
    "pyproject.toml",
    "requirements.lock",
    ".ci/run",
)
OLD_NAMES = {"generate-usage-report"}
"""Commands that scripts of the system before this one still call."""

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_ROUTE = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE) (/(?:[\w/{}.-]*[\w}])?)(?![\w/{…])")
_COMMAND = re.compile(r"\baiqc ([a-z][a-z-]*)")
_MAKE = re.compile(r"\bmake ([a-z]+)\b")
_CODE = re.compile(r"```.*?```|`[^`]+`|^    .*$", re.DOTALL | re.MULTILINE)


def routes(service: str) -> list[Route]:
    found: list[Route] = import_module(f"services.{service}.app").ROUTES
    return found


def settings_of(service: str) -> tuple[str, type[ServiceSettings]]:
    """The prefix of its variables, and its settings."""
    module = import_module(f"services.{service}.settings")
    [kind] = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, ServiceSettings)
        and value is not ServiceSettings
    ]
    return module.PREFIX, kind


def variables(service: str) -> Iterator[tuple[str, ...]]:
    """Of each own setting all the names of its variable, one of which must be documented."""
    prefix, kind = settings_of(service)
    native: dict[str, str] = getattr(
        import_module(f"services.{service}.settings"), "SDK_NATIVE", {}
    )
    for field in kind.model_fields.keys() - ServiceSettings.model_fields.keys():
        others = (name for name, meant in native.items() if meant == field)
        yield (prefix + field.upper(), *sorted(others))


def readme(service: str) -> str:
    """Empty while it is not written: everything is then missing from it."""
    path = ROOT / "services" / service / "README.md"
    return path.read_text() if path.exists() else ""


def code(text: str) -> str:
    """Only what a person could type: code spans and blocks."""
    return "\n".join(found[0] for found in _CODE.finditer(text))


def parameters_renamed(path: str) -> str:
    """`{id}` in a document stands for whatever the parameter is called in the code."""
    return re.sub(r"{[^}]*}", "{}", path)


def is_named(name: str, text: str) -> bool:
    """Whether the whole word stands there: QC_PORT is not QC_PORTS."""
    return re.search(rf"(?<![A-Z0-9_]){re.escape(name)}(?![A-Z0-9_])", text) is not None


def listed(missing: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(sorted(" ".join(words) for words in missing))


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_a_readme_of_eighty_lines_at_most(service: str) -> None:
    length = readme(service).count("\n")

    assert 0 < length <= SERVICE_README_MAX_LINES


def test_top_readme_is_short() -> None:
    assert (ROOT / "README.md").read_text().count("\n") <= TOP_README_MAX_LINES


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_is_in_its_services_readme(service: str) -> None:
    named = {(method, parameters_renamed(path)) for method, path in _ROUTE.findall(readme(service))}
    served = {(route.method, parameters_renamed(route.path)) for route in routes(service)}

    assert not served - named, listed(served - named)


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_that_a_readme_names_is_served(service: str) -> None:
    served = {
        (route.method, parameters_renamed(route.path))
        for name in SERVICES
        for route in routes(name)
    }
    own = "/api/" if service == "gateway" else "/v1/"
    named = {
        (method, parameters_renamed(path))
        for method, path in _ROUTE.findall(readme(service))
        if path.startswith(own)
    }

    lost = {route for route in named - served if not is_forwarded(route[1])}
    assert not lost, listed(lost)


def is_forwarded(path: str) -> bool:
    """Whether the gateway passes the path on, to a route that the owner's README names."""
    prefixes = import_module("services.gateway.forward").PREFIXES
    return path.startswith("/api/") and path.split("/")[2] in prefixes


@pytest.mark.parametrize("service", SERVICES)
def test_every_setting_is_in_a_readme(service: str) -> None:
    text = readme(service) + (ROOT / "README.md").read_text()

    undocumented = {
        names[:1] for names in variables(service) if not any(is_named(name, text) for name in names)
    }
    assert not undocumented, listed(undocumented)


@pytest.mark.parametrize("service", SERVICES)
def test_every_setting_that_a_readme_names_exists(service: str) -> None:
    texts = [path.read_text() for path in READMES]
    prefix, kind = settings_of(service)
    pattern = re.compile(rf"(?<![A-Z0-9_]){prefix}[A-Z0-9_]*[A-Z0-9]")
    named = {name for text in texts for name in pattern.findall(text)}

    strange = named - {prefix + field.upper() for field in kind.model_fields}
    assert not strange, listed((name,) for name in strange)


@pytest.mark.parametrize("path", READMES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    targets = [target.partition("#")[0] for target in _LINK.findall(path.read_text())]
    relative = [target for target in targets if target and "://" not in target]

    assert [target for target in relative if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("path", READMES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_that_a_readme_names_exists(path: Path) -> None:
    named = set(_COMMAND.findall(code(path.read_text())))

    assert sorted(named - set(cli.app)) == []


def test_every_command_is_in_the_top_readme() -> None:
    text = code((ROOT / "README.md").read_text())
    shown = set(_COMMAND.findall(text)) | set(_MAKE.findall(text))
    commands = {name for name in cli.app if not name.startswith("-")} - OLD_NAMES

    assert sorted(commands - shown) == []


def test_every_make_target_that_the_readme_names_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(_MAKE.findall(code((ROOT / "README.md").read_text())))

    assert named and sorted(named - targets) == []


def test_top_level_is_as_designed() -> None:
    assert [name for name in TOP_LEVEL if not (ROOT / name).is_dir()] == []
    assert [name for name in TOP_FILES if not (ROOT / name).is_file()] == []


def test_changelog_has_what_is_not_released_yet_on_top() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()
    sections = re.findall(r"^## (.+)$", text, re.MULTILINE)

    assert text.startswith("# Changelog\n")
    assert sections[0] == "[Unreleased]"
