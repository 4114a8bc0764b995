"""What containers are given, read from the files that start them, and whether it is enough."""

import re
import shlex
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

from deploy.database import SERVICES, Dsns
from deploy.environments import secrets_of
from deploy.keys import load_keys
from libs.settings import BadSettings

ROOT = Path(__file__).parents[2]
COMMON = {"SERVICE", "PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "AIQC_ENV_FILE"}
_VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


def image_environment(service: str) -> dict[str, str]:
    """What the image of `service` sets by itself."""
    text = (ROOT / "deploy" / "Dockerfile").read_text().replace("\\\n", " ")
    [line] = re.findall(r"^ENV (.+)$", text, re.MULTILINE)
    pairs = (pair.partition("=") for pair in shlex.split(line))
    return {name: value.replace("${SERVICE}", service) for name, _, value in pairs}


def prepared_secrets(folder: Path) -> dict[str, dict[str, str]]:
    """What prepare hands to each service, in its form."""
    keys = load_keys(folder)
    dsn = "postgresql://user:password@postgres/aiqc"
    return {service: secrets_of(service, Dsns(dsn, dsn), keys) for service in SERVICES}


def refuse_or_build(service: str, environ: Mapping[str, str]) -> None:
    """Do what `python -m services.<service>` does before it connects to anything.

    Raises BadSettings as it would, and for a variable that reaches the service and means nothing.
    """
    module = import_module(f"services.{service}.settings")
    kind = getattr(module, f"{service.title()}Settings")
    native: Mapping[str, str] = getattr(module, "SDK_NATIVE", {})
    images_own = {name for name in image_environment(service) if name not in COMMON}
    strange = {
        name
        for name in environ.keys() - COMMON - native.keys() - images_own
        if not name.startswith(module.PREFIX)
    }
    if strange:
        raise BadSettings(f"{service} does not read {', '.join(sorted(strange))}")
    settings = kind.load(module.PREFIX, environ, also=native)
    import_module(f"services.{service}.app").create_app(settings)


def interpolated(text: str, given: Mapping[str, str]) -> str:
    """As compose replaces variables. Raises LookupError with the message for a missing one."""

    def value(found: "re.Match[str]") -> str:
        name, how, rest = found.groups()
        if given.get(name):
            return given[name]
        if how == "?":
            raise LookupError(rest)
        return rest or ""

    return _VARIABLE.sub(value, text)
