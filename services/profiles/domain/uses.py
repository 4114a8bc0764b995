"""What is looked for among profiles, and where a version uses a check, a model or an asset."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

from libs.contracts.profiles import Check

State = Literal["active", "archived", "all"]
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)
"""Thai, Lao, Burmese, Khmer, Japanese and Chinese: words that no space divides."""

SIGNS = re.compile(r"[!-/:-@\[-`{-~]")
BEGINNING = "(^|[^[:alnum:]])"


@dataclass(frozen=True, slots=True)
class Sought:
    """What a profile in a list must have; None asks for nothing.

    `q` are beginnings of words of its name, prompts and checks, or any part of its name.
    In a script without spaces they are any part of that.
    `check` is an id, or what an exact check measures. `asset` is the name of a reference asset.
    """

    q: str | None = None
    check: str | None = None
    model: str | None = None
    asset: str | None = None
    state: State = "active"

    @property
    def parts(self) -> list[tuple[str, str]]:
        """The words of `q`, each with the regular expression of PostgreSQL that it must match
        beside: that it begins there, or nothing for one that may stand inside others.
        Small letters are left to PostgreSQL, which made those that are searched.
        """
        words = SIGNS.sub(" ", unicodedata.normalize("NFC", self.q or "")).split()
        return [(one, "" if UNSPACED.search(one) else BEGINNING + re.escape(one)) for one in words]


@dataclass(frozen=True, slots=True)
class Use:
    """One check that uses it; `position` and `parameter` as in `libs.contracts.finding`."""

    check_id: str
    check: Check
    position: int | None = None
    parameter: str | None = None


def uses_in(checks: Mapping[str, Check], sought: Sought) -> Iterator[Use]:
    """Each check that has all of what is sought, in the order of the profile."""
    for check_id, check in checks.items():
        if sought.check not in (None, check_id, check.measure):
            continue
        if sought.model is not None and sought.model not in check.models:
            continue
        parameter = path_of(check.parameters, sought.asset) if sought.asset else None
        if sought.asset and parameter is None:
            continue
        position = check.models.index(sought.model) + 1 if sought.model else None
        yield Use(check_id, check, position, parameter)


def path_of(value: JsonValue, text: str, path: str = "") -> str | None:
    """Where `text` stands as a whole among the values, whatever its capitals; the first place."""
    if isinstance(value, str):
        return path if _plain(value) == _plain(text) else None
    if isinstance(value, dict):
        members = ((f"{path}.{key}" if path else key, inner) for key, inner in value.items())
    elif isinstance(value, list):
        members = ((f"{path}[{at}]", inner) for at, inner in enumerate(value))
    else:
        return None
    found = (path_of(inner, text, inner_path) for inner_path, inner in members)
    return next((place for place in found if place is not None), None)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFC", text).lower().strip()
