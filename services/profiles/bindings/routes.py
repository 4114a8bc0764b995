"""The routes of bindings and of the preview."""

from libs.contracts.access import Action
from libs.web import Route
from services.profiles.bindings import handlers

BINDING = "/v1/clients/{client_id}/bindings/{slug}"
READ, WRITE = Action.READ_PROFILES, Action.WRITE_PROFILES

BINDING_ROUTES = [
    Route("GET", "/v1/clients/{client_id}/profiles", handlers.get_client_profiles, READ),
    Route("GET", BINDING, handlers.get_binding, READ),
    Route("PUT", BINDING, handlers.put_binding, WRITE),
    Route("DELETE", BINDING, handlers.delete_binding, WRITE),
    Route(
        "POST",
        "/v1/profiles/{profile_id}/preview",
        handlers.post_preview,
        READ,
        headers=("If-Match",),
    ),
]
