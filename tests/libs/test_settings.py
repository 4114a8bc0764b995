"""Settings from the environment."""

import pytest
from pydantic import PositiveInt, SecretStr

from libs.settings import BadSettings, Listed, Settings


class Some(Settings):
    port: PositiveInt = 80
    names: Listed = ()
    api_key: SecretStr | None = None


def test_default_holds_where_nothing_is_set() -> None:
    assert Some.load("SOME_", {"OTHER_PORT": "1"}).port == 80


def test_prefix_and_case_make_the_name() -> None:
    assert Some.load("SOME_", {"SOME_PORT": "81", "SOME_NAMES": "a,b"}).names == ("a", "b")


def test_misspelt_name_is_refused() -> None:
    with pytest.raises(BadSettings, match="SOME_PROT"):
        Some.load("SOME_", {"SOME_PROT": "81"})


def test_bad_value_names_the_variable_and_hides_the_value() -> None:
    with pytest.raises(BadSettings) as error:
        Some.load("SOME_", {"SOME_PORT": "hunter2"})

    assert "SOME_PORT" in str(error.value)
    assert "hunter2" not in str(error.value)


def test_name_that_a_vendor_chose_is_read_too() -> None:
    settings = Some.load("SOME_", {"OPENAI_API_KEY": "k"}, also={"OPENAI_API_KEY": "api_key"})

    assert settings.api_key == SecretStr("k")
    assert "k" not in repr(settings.api_key)
