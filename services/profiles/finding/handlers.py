"""HTTP in, HTTP out."""

from typing import Self

from aiohttp import web
from pydantic import model_validator

from libs.contracts.common import Request
from libs.contracts.finding import ProfileUsage, ProfileUses
from libs.web import ACTOR
from services.profiles.domain.uses import Sought
from services.profiles.finding.uses import profiles_with, usage_of
from services.profiles.handlers import POOL, ProfilePath, Sentence


class UsesQuery(Request):
    check: Sentence | None = None
    model: Sentence | None = None
    asset: Sentence | None = None

    @model_validator(mode="after")
    def _asks_for_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name a check, a model or an asset")
        return self


async def get_usage(request: web.Request, path: ProfilePath) -> ProfileUsage:
    """Which clients use the profile, floating or pinned, and what keeps it from being archived."""
    return await usage_of(request.app[POOL], request[ACTOR], path.profile_id)


async def get_uses(request: web.Request, query: UsesQuery) -> ProfileUses:
    """The checks, in versions that are in use, with that id or measure, that model, that asset."""
    sought = Sought(check=query.check, model=query.model, asset=query.asset)
    return await profiles_with(request.app[POOL], request[ACTOR], sought)
