"""Keys that the services under test believe, and passports signed with them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from libs.actor import ISSUERS, PASSPORT_LIFE, Issuer, Service, new_key
from libs.contracts.access import Actor


class Trust:
    def __init__(self) -> None:
        pairs = {name: new_key(name) for name in ISSUERS}
        self.private = {name: private for name, (private, _) in pairs.items()}
        self.keys: Mapping[str, object] = {"keys": [public for _, public in pairs.values()]}

    def bearer(
        self,
        service: Service,
        actor: Actor,
        issuer: str = "local",
        now: datetime | None = None,
        life: timedelta = PASSPORT_LIFE,
    ) -> str:
        """An Authorization header's value."""
        signer = Issuer(issuer, self.private[issuer])
        return f"Bearer {signer.passport(actor, service, now or datetime.now(UTC), life)}"
