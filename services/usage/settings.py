"""Settings of the usage service. Each can be set as USAGE_<NAME>."""

from pydantic import PositiveInt

from libs.settings import Port, ServiceSettings

PREFIX = "USAGE_"


class UsageSettings(ServiceSettings):
    """`max_body_bytes` has room for 5,000 events with their vendors' usage blocks. `archive_url` is
    where months that leave the database go: file:///folder or s3://bucket/folder; none: nowhere.
    """

    port: Port = 7186
    max_body_bytes: PositiveInt = 32 << 20
    archive_url: str | None = None
