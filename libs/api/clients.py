"""Caller of the gateway for brand clients, their bindings, and the preview of a save."""

from libs.api.gateway import GatewayApi
from libs.contracts.bindings import Binding, BindingEdit, ClientProfiles, Preview
from libs.contracts.clients import ClientDetails, ClientDraft, ClientEdit
from libs.contracts.profiles import Client, ClientList, ProfileEdit

CLIENTS = "/api/clients"


class ClientsApi(GatewayApi):
    """One method for each route."""

    async def clients(self, archived: bool = False) -> list[Client]:
        """Those in use, or those that are archived."""
        params = {"archived": "true"} if archived else {}
        return (await self._caller.call("GET", CLIENTS, ClientList, params=params)).clients

    async def client(self, client_id: str) -> ClientDetails:
        return await self._caller.call("GET", f"{CLIENTS}/{client_id}", ClientDetails)

    async def add_client(self, draft: ClientDraft) -> ClientDetails:
        """Raises Conflict for an id that is taken."""
        return await self._caller.call("POST", CLIENTS, ClientDetails, draft)

    async def change_client(self, client_id: str, edit: ClientEdit) -> ClientDetails:
        return await self._caller.call("PUT", f"{CLIENTS}/{client_id}", ClientDetails, edit)

    async def archive_client(self, client_id: str, undo: bool = False) -> ClientDetails:
        """Do nothing new for it; with `undo`: use it again."""
        verb = "restore" if undo else "archive"
        return await self._caller.call("POST", f"{CLIENTS}/{client_id}/{verb}", ClientDetails)

    async def client_profiles(self, client_id: str) -> ClientProfiles:
        """What the client may use, each as the version that its analyses run."""
        return await self._caller.call("GET", f"{CLIENTS}/{client_id}/profiles", ClientProfiles)

    async def binding(self, client_id: str, slug: str) -> Binding:
        path = f"{CLIENTS}/{client_id}/bindings/{slug}"
        return await self._caller.call("GET", path, Binding)

    async def bind(self, client_id: str, slug: str, version: int | None) -> Binding:
        """Pin the client to a version; None lets it float."""
        path = f"{CLIENTS}/{client_id}/bindings/{slug}"
        return await self._caller.call("PUT", path, Binding, BindingEdit(version=version))

    async def preview_save(self, profile_id: str, edit: ProfileEdit) -> Preview:
        """What saving `edit` on that version would do. Nothing is written."""
        path = f"/api/profiles/{profile_id}/preview"
        return await self._caller.call("POST", path, Preview, edit)
