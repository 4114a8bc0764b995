"""The published schema of a profile's file."""

import json
from typing import Any

import jsonschema_rs
import pytest

from services.profiles.app import FOLDER
from services.profiles.transfer.handlers import profile_schema
from tests.profiles.conftest import VIEWER, Api
from tests.profiles.factories import draft, exact


def errors(document: Any) -> list[str]:
    """Where it is wrong."""
    validator = jsonschema_rs.Draft202012Validator(profile_schema())
    return [".".join(map(str, error.instance_path)) for error in validator.iter_errors(document)]


async def test_the_schema_is_published(api: Api) -> None:
    answer = await api.get("/v1/profile-schema", VIEWER)

    assert answer.headers["Content-Type"].startswith("application/schema+json")
    assert answer.json == profile_schema()
    jsonschema_rs.meta.validate(answer.json)


def test_starter_profiles_are_valid_files() -> None:

    for file in sorted((FOLDER / "starters").glob("*.json")):
        assert errors(json.loads(file.read_text())) == []


@pytest.mark.parametrize(
    ("document", "path"),
    [
        (draft(owner="anna"), ""),
        (draft(checks={}), "checks"),
        (draft(checks={"logo": exact(enabled=True)}), "checks.logo"),
        (draft(checks={"logo": exact(weight=-1)}), "checks.logo.weight"),
        (draft(pass_threshold=101), "pass_threshold"),
        (draft(name=""), "name"),
    ],
)
def test_what_an_import_refuses_the_schema_refuses(document: Any, path: str) -> None:
    assert path in errors(document)
