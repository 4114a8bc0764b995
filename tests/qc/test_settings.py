"""Settings of qc that are more than one value."""

import json

import pytest
from pydantic import HttpUrl

from libs.settings import BadSettings
from services.qc.app import create_app
from services.qc.settings import PREFIX, QcSettings
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
