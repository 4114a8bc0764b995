"""The key pairs with which services vouch for requests: made once, kept in a private file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy import CannotStart
from deploy.private_files import write_private
from libs.actor import ISSUERS, Issuer, new_key

KEYS_FILE = "keys.json"


@dataclass(frozen=True, slots=True)
class Keys:
    """`trusted` is the JWK set that every service gets; the private keys are for their owners."""

    trusted: dict[str, object]
    private: Mapping[str, dict[str, str]] = field(repr=False)

    def issuer(self, name: str) -> Issuer:
        return Issuer(name, self.private[name])

    def private_json(self, name: str) -> str:
        return json.dumps(self.private[name], separators=(",", ":"))


def load_keys(data_dir: Path) -> Keys:
    """The keys of this installation; new ones when there are none. Running services keep theirs,
    so replacing the file takes a restart of all of them. Raises CannotStart for a broken file.
    """
    file = data_dir / KEYS_FILE
    if file.exists():
        pairs = _read(file)
    else:
        pairs = {
            name: dict(zip(("private", "public"), new_key(name), strict=True)) for name in ISSUERS
        }
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(file, json.dumps(pairs))
    return Keys(
        trusted={"keys": [pair["public"] for pair in pairs.values()]},
        private={name: pair["private"] for name, pair in pairs.items()},
    )


def _read(file: Path) -> dict[str, dict[str, dict[str, str]]]:
    """Not replaced by itself: what the lost keys have signed would no longer be believed."""
    try:
        pairs = json.loads(file.read_text())
        if all({"private", "public"} <= set(pairs[name]) for name in ISSUERS):
            return dict(pairs)
    except (ValueError, TypeError, KeyError):
        pass
    raise CannotStart(f"{file} cannot be read: put it back, or remove it to have new keys made")
