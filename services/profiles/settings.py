"""Settings of the profile registry. Every one but the database has a default."""

from libs.settings import Port, ServiceSettings

PREFIX = "PROFILES_"


class ProfilesSettings(ServiceSettings):
    port: Port = 7185
    require_if_match: bool = False
