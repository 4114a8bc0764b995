"""Settings of the gateway."""

from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, HttpUrl, PositiveInt, SecretStr

from libs.settings import BadSettings, Listed, Port, ServiceSettings
from services.gateway.domain.access import Door, is_loopback, origin_of

PREFIX = "GATEWAY_"
EMPTY_IS_UNSET = BeforeValidator(lambda value: value or None)
"""Compose files and manifests pass on what nobody has set as an empty text."""


def _stripped(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word.strip() for word in words if word.strip())


class GatewaySettings(ServiceSettings):
    port: Port = 7183
    qc_url: HttpUrl = HttpUrl("http://127.0.0.1:7184")
    profiles_url: HttpUrl = HttpUrl("http://127.0.0.1:7185")
    usage_url: HttpUrl = HttpUrl("http://127.0.0.1:7186")
    signing_key: SecretStr | None = None
    session_idle_minutes: PositiveInt = 60
    session_hours: PositiveInt = 12
    oidc_issuer: Annotated[str | None, EMPTY_IS_UNSET] = None
    oidc_client_id: Annotated[str | None, EMPTY_IS_UNSET] = None
    oidc_client_secret: Annotated[SecretStr | None, EMPTY_IS_UNSET] = None
    public_url: Annotated[str | None, EMPTY_IS_UNSET] = None
    admins: Annotated[Listed, AfterValidator(_stripped)] = ()


@dataclass(frozen=True, slots=True)
class OidcClient:
    """What the identity provider knows us by. `issuer` is compared letter by letter."""

    issuer: str
    client_id: str
    client_secret: str | None = field(repr=False)
    redirect_url: str


def read_entrance(settings: GatewaySettings) -> tuple[Door, OidcClient | None]:
    """How people come in: with an identity provider, or without one by the dev login.

    Raises BadSettings for a dev login that others could reach, and for half a provider.
    """
    needed = {
        "OIDC_ISSUER": settings.oidc_issuer,
        "OIDC_CLIENT_ID": settings.oidc_client_id,
        "PUBLIC_URL": settings.public_url,
    }
    missing = [f"{PREFIX}{name}" for name, value in needed.items() if not value]
    if len(missing) == len(needed) and not settings.oidc_client_secret and not settings.admins:
        return _loopback(settings.host), None
    if missing:
        raise BadSettings(
            f"{', '.join(missing)}: missing; signing in with an identity provider takes "
            f"{', '.join(PREFIX + name for name in needed)}"
        )
    issuer, public_url = settings.oidc_issuer or "", settings.public_url or ""
    _origin("OIDC_ISSUER", issuer)
    origin = _origin("PUBLIC_URL", public_url)
    if public_url.lower().rstrip("/") not in (origin, f"{origin}:443", f"{origin}:80"):
        raise BadSettings(f"{PREFIX}PUBLIC_URL: must be scheme and host only, like {origin}")
    if "?" in issuer or "#" in issuer:
        raise BadSettings(f"{PREFIX}OIDC_ISSUER: an issuer has neither ? nor #")
    secret = settings.oidc_client_secret
    return Door(origin), OidcClient(
        issuer=issuer,
        client_id=settings.oidc_client_id or "",
        client_secret=secret.get_secret_value() if secret else None,
        redirect_url=f"{origin}/api/login/callback",
    )


def _loopback(host: str) -> Door:
    if not is_loopback(host):
        raise BadSettings(
            f"{PREFIX}HOST: {host} can be reached from outside, and the dev login is for "
            f"loopback only: listen on 127.0.0.1, or set {PREFIX}OIDC_ISSUER"
        )
    return Door()


def _origin(name: str, url: str) -> str:
    try:
        return origin_of(url)
    except ValueError as error:
        raise BadSettings(f"{PREFIX}{name}: {error}") from None
