"""The routes of brand clients."""

from http import HTTPStatus

from libs.contracts.access import Action
from libs.web import Route
from services.profiles.clients import handlers

CLIENTS = "/v1/clients"
CLIENT = f"{CLIENTS}/{{client_id}}"
READ, MANAGE = Action.READ_PROFILES, Action.MANAGE_CLIENTS

CLIENT_ROUTES = [
    Route("POST", CLIENTS, handlers.post_client, MANAGE, HTTPStatus.CREATED),
    Route("GET", CLIENT, handlers.get_client, READ),
    Route(
        "PUT",
        CLIENT,
        handlers.put_client,
        MANAGE,
        headers=("If-Match",),
        fails=(HTTPStatus.PRECONDITION_FAILED,),
    ),
    Route("POST", f"{CLIENT}/archive", handlers.post_client_archive, MANAGE),
    Route("POST", f"{CLIENT}/restore", handlers.post_client_restore, MANAGE),
]
