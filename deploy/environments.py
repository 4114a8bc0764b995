"""What each service is told by whoever starts it: its own secrets, and where the others are."""

import json
from collections.abc import Mapping

from deploy.database import Dsns
from deploy.keys import Keys

SIGNERS = frozenset({"gateway", "qc"})
CALLS: Mapping[str, tuple[str, ...]] = {
    "gateway": ("qc", "profiles", "usage"),
    "qc": ("profiles", "usage"),
}


def secrets_of(service: str, dsns: Dsns, keys: Keys) -> dict[str, str]:
    """Variables for `service` alone: database, whom to believe, and what it signs with."""
    prefix = service.upper()
    variables = {
        f"{prefix}_POSTGRES_DSN": dsns.run,
        f"{prefix}_POSTGRES_OWNER_DSN": dsns.owner,
        f"{prefix}_TRUSTED_KEYS": json.dumps(keys.trusted, separators=(",", ":")),
    }
    if service in SIGNERS:
        variables[f"{prefix}_SIGNING_KEY"] = keys.private_json(service)
    return variables


def addresses_of(service: str, urls: Mapping[str, str]) -> dict[str, str]:
    """Variables that tell `service` where those are that it calls."""
    return {
        f"{service.upper()}_{other.upper()}_URL": urls[other] for other in CALLS.get(service, ())
    }
