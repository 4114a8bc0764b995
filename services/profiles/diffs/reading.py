"""The difference of any two versions that the actor may see."""

import asyncio

from libs.contracts.access import Actor
from libs.contracts.diff import ProfileDiff
from libs.postgres import Pool
from services.profiles.domain.diff import profile_diff
from services.profiles.reading import get_profile


async def diff_of(pool: Pool, actor: Actor, profile_id: str, other_id: str) -> ProfileDiff:
    """From the first to the second, which may be of another profile. Raises NotFound."""
    before = await get_profile(pool, actor, profile_id)
    after = await get_profile(pool, actor, other_id)
    return await asyncio.to_thread(profile_diff, before, after)
