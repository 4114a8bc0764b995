"""Who acts, and what each role may do. The gateway decides, every service checks again."""

from enum import StrEnum
from typing import Literal

from pydantic import Field

from libs.contracts.common import ClientId, Reply, Request


class Role(StrEnum):
    """Rights of a user for one brand client; each has those of the roles before it."""

    VIEWER = "viewer"
    REVIEWER = "reviewer"
    EDITOR = "editor"
    CLIENT_ADMIN = "client_admin"


class Action(StrEnum):
    """What a route does. A route without an action does not start."""

    READ_ANALYSES = "analyses:read"
    RUN_ANALYSES = "analyses:run"
    REVIEW_ANALYSES = "analyses:review"
    WRITE_ASSETS = "assets:write"
    READ_PROFILES = "profiles:read"
    WRITE_PROFILES = "profiles:write"
    RESOLVE_PROFILES = "profiles:resolve"
    APPROVE_PROFILES = "profiles:approve"
    MANAGE_CLIENTS = "clients:manage"
    READ_AUDIT = "audit:read"
    READ_USAGE = "usage:read"
    RECORD_USAGE = "usage:record"
    MANAGE_PRICES = "prices:manage"
    MANAGE_LEDGER = "ledger:manage"
    MANAGE_MODELS = "models:manage"


class Reserved(StrEnum):
    """Whom an action is kept for that no role for a client gives."""

    ADMINS = "global admins, and services with the scope"
    SERVICES = "services with the scope, and no person"


LEAST_ROLE: dict[Action, Role | Reserved] = {
    Action.READ_ANALYSES: Role.VIEWER,
    Action.RUN_ANALYSES: Role.REVIEWER,
    Action.REVIEW_ANALYSES: Role.REVIEWER,
    Action.WRITE_ASSETS: Role.EDITOR,
    Action.READ_PROFILES: Role.VIEWER,
    Action.WRITE_PROFILES: Role.EDITOR,
    Action.RESOLVE_PROFILES: Role.VIEWER,
    Action.APPROVE_PROFILES: Role.EDITOR,
    Action.MANAGE_CLIENTS: Reserved.ADMINS,
    Action.READ_AUDIT: Role.CLIENT_ADMIN,
    Action.READ_USAGE: Role.CLIENT_ADMIN,
    Action.RECORD_USAGE: Reserved.SERVICES,
    Action.MANAGE_PRICES: Reserved.ADMINS,
    Action.MANAGE_LEDGER: Reserved.ADMINS,
    Action.MANAGE_MODELS: Reserved.ADMINS,
}
"""The least role that may do an action for a client, or whom the action is kept for."""


class Actor(Reply):
    """Whoever a request acts for. `clients` counts for people, `scopes` for services."""

    subject: str = Field(min_length=1, max_length=200)
    kind: Literal["user", "service"]
    name: str = ""
    email: str = ""
    admin: bool = False
    clients: dict[ClientId, Role] = {}
    scopes: frozenset[Action] = frozenset()


class DevLogin(Request):
    """Body of `POST /api/session` while the dev login exists: the id of a seeded person."""

    user: str = Field(min_length=1, max_length=200)


class SessionView(Reply):
    """Who is signed in, for the page and the command line."""

    user_id: str
    name: str
    email: str
    admin: bool
    clients: dict[ClientId, Role]
    login: Literal["dev", "oidc"]
