"""Settings of qc that are more than one value."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import HttpUrl

from deploy.database import Dsns
from libs.settings import BadSettings
from services.qc.app import create_app
from services.qc.model_file import models_in, shipped_models
from services.qc.model_handlers import PROBER
from services.qc.settings import PREFIX, QcSettings
from tests.lasting_models import lasting_models
from tests.serving import Serving
from tests.trust import Trust

NEEDED = {"QC_POSTGRES_DSN": "postgres://nowhere"}


def load(**given: str) -> QcSettings:
    return QcSettings.load(PREFIX, {**NEEDED, **given})


def test_servers_and_their_keys_go_by_name() -> None:
    settings = load(
        QC_SERVERS="local=http://127.0.0.1:8000/v1, far=https://models.example/v1",
        QC_SERVER_KEYS="far=key=with=signs==",
    )

    assert settings.servers == {
        "local": HttpUrl("http://127.0.0.1:8000/v1"),
        "far": HttpUrl("https://models.example/v1"),
    }
    assert settings.server_keys["far"].get_secret_value() == "key=with=signs=="
    assert "signs" not in repr(settings)


def test_without_them_there_is_none() -> None:
    assert load().servers == load(QC_SERVERS="", QC_SERVER_KEYS=" ").servers == {}


@pytest.mark.parametrize(
    "written", ["http://127.0.0.1:8000", "local=", "=http://a/", "local", "a=http://a/,a=http://b/"]
)
def test_what_has_no_name_or_no_value_is_refused(written: str) -> None:
    with pytest.raises(BadSettings, match="QC_SERVERS"):
        load(QC_SERVERS=written)


def test_a_bad_list_of_keys_is_refused_without_repeating_it() -> None:
    with pytest.raises(BadSettings, match="QC_SERVER_KEYS") as refused:
        load(QC_SERVER_KEYS="sk-hunter2")

    assert "hunter2" not in str(refused.value)


def test_a_server_that_cannot_be_one_is_refused_before_anything_is_opened() -> None:
    key = json.dumps(Trust().private["qc"])
    bad = load(QC_SIGNING_KEY=key, QC_SERVERS="Local=http://127.0.0.1:8000/v1")

    with pytest.raises(BadSettings, match="QC_SERVERS"):
        create_app(bad)


@pytest.mark.parametrize("text", ["", "[]", '{"models": 7}', '{"models": [{}]}', None])
def test_a_file_of_models_that_is_none_is_refused_at_the_start(
    tmp_path: Path, text: str | None
) -> None:
    file = tmp_path / "models.json"
    if text is not None:
        file.write_text(text)
    key = json.dumps(Trust().private["qc"])

    with pytest.raises(BadSettings, match=r"QC_MODELS_FILE: .*models\.json is no file of models"):
        create_app(load(QC_SIGNING_KEY=key, QC_MODELS_FILE=str(file)))


async def test_the_file_of_models_is_read_once(
    dsns: Mapping[str, Dsns], trust: Trust, tmp_path: Path
) -> None:
    """What was looked at is what is used: a file that changes meanwhile is for the next start."""
    file = tmp_path / "models.json"
    file.write_text(lasting_models().read_text())
    settings = QcSettings.model_validate(
        {
            "postgres_dsn": dsns["qc"].run,
            "postgres_owner_dsn": dsns["qc"].owner,
            "trusted_keys": json.dumps(dict(trust.keys)),
            "signing_key": json.dumps(trust.private["qc"]),
            "store_url": f"file://{tmp_path / 'objects'}",
            "models_file": file,
        }
    )
    app = create_app(settings)
    file.write_text("no models")

    async with Serving(app):
        assert app[PROBER].registry.find("openai", "gpt-4o").shutdown_on is None


def test_a_file_of_models_stands_in_for_the_shipped_one() -> None:
    assert models_in(None) == shipped_models()
    assert models_in(lasting_models()).find("openai", "gpt-4o").shutdown_on is None
