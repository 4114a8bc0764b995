"""Passports for one request each."""

from datetime import UTC, datetime

from libs.actor import Issuer, Service
from libs.contracts.access import Actor


class Passports:
    def __init__(self, issuer: Issuer) -> None:
        self._issuer = issuer

    def header(self, actor: Actor, audience: Service) -> dict[str, str]:
        """The Authorization header with which `audience` takes a request for `actor`."""
        passport = self._issuer.passport(actor, audience, datetime.now(UTC))
        return {"Authorization": f"Bearer {passport}"}
