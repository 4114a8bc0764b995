"""Settings of the gateway."""

from pydantic import HttpUrl, PositiveInt, SecretStr

from libs.settings import Port, ServiceSettings

PREFIX = "GATEWAY_"


class GatewaySettings(ServiceSettings):
    port: Port = 7183
    qc_url: HttpUrl = HttpUrl("http://127.0.0.1:7184")
    profiles_url: HttpUrl = HttpUrl("http://127.0.0.1:7185")
    usage_url: HttpUrl = HttpUrl("http://127.0.0.1:7186")
    signing_key: SecretStr | None = None
    session_idle_minutes: PositiveInt = 60
    session_hours: PositiveInt = 12
