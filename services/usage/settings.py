"""Settings of the usage service. Each can be set as USAGE_<NAME>."""

from pydantic import PositiveInt

from libs.settings import Port, ServiceSettings

PREFIX = "USAGE_"


class UsageSettings(ServiceSettings):
    """`max_body_bytes` has room for 5,000 events with their vendors' usage blocks."""

    port: Port = 7186
    max_body_bytes: PositiveInt = 32 << 20
