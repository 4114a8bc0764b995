"""Routes of profiles as files."""

from libs.contracts.access import Action
from libs.web import Route
from services.profiles.transfer import handlers

ROUTES = [
    Route(
        "GET",
        "/v1/profile-files",
        handlers.get_profile_files,
        Action.READ_PROFILES,
        produces=("application/zip", "application/x-ndjson"),
    ),
    Route(
        "POST",
        "/v1/profile-files",
        handlers.post_profile_files,
        Action.WRITE_PROFILES,
    ),
    Route(
        "GET",
        "/v1/profile-schema",
        handlers.get_profile_schema,
        Action.READ_PROFILES,
        produces=("application/schema+json",),
    ),
]
