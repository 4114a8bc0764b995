"""Settings come from the environment, are read once, and are passed by hand from then on.

pydantic-settings is not used: it reads the environment wherever a settings class is made and
takes a misspelt variable for a default. Here both are mistakes.
"""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Json,
    SecretStr,
    ValidationError,
)

Port = Annotated[int, Field(ge=0, le=65_535)]
Listed = Annotated[
    tuple[str, ...],
    BeforeValidator(lambda v: tuple(filter(None, v.split(","))) if isinstance(v, str) else v),
]
"""Several words in one variable, with commas between them."""

EXIT_BAD_SETTINGS = 3


class Settings(BaseModel):
    """Base for a service's settings."""

    # A secret must not end up in an error message.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @classmethod
    def load(
        cls, prefix: str, environ: Mapping[str, str], also: Mapping[str, str] | None = None
    ) -> Self:
        """Read every variable that starts with `prefix`: USAGE_PORT is `port`.

        `also` maps names that others chose to fields: {"OPENAI_API_KEY": "openai_api_key"}.
        Raises BadSettings, with a line for each mistake, for a bad value and for a
        variable that is no setting: a misspelt name must not pass for a default.
        """
        given = {
            name.removeprefix(prefix).lower(): value
            for name, value in environ.items()
            if name.startswith(prefix)
        }
        for name, field in (also or {}).items():
            if environ.get(name):
                given[field] = environ[name]
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            lines = [
                f"{prefix}{'_'.join(map(str, e['loc'])).upper()}: {_said(e['type'], e['msg'])}"
                for e in error.errors(include_url=False, include_input=False)
            ]
            raise BadSettings("\n".join(lines)) from None


def _said(kind: str, message: str) -> str:
    return "there is no such setting" if kind == "extra_forbidden" else message


class ServiceSettings(Settings):
    """What every service is told: where to listen, its database, whom to believe."""

    host: str = "127.0.0.1"
    port: Port
    postgres_dsn: SecretStr
    postgres_owner_dsn: SecretStr | None = None
    trusted_keys: Json[dict[str, Any]] = {"keys": []}
    log_format: Literal["text", "json"] = "text"


class BadSettings(ValueError):
    """Settings, or files that stand for them, that no restart will mend."""


def read_jwk(secret: SecretStr) -> dict[str, str]:
    """The key in a setting. Raises BadSettings, which does not repeat it."""
    try:
        key = json.loads(secret.get_secret_value())
    except ValueError:
        key = None
    if not isinstance(key, dict):
        raise BadSettings("the signing key is not a JSON object")
    return key
