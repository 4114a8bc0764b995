"""What the registry itself cannot tell of a profile: whether qc can carry its checks out."""

from collections.abc import Mapping

from libs.api.gateway import GatewayApi
from libs.contracts.profiles import Checks
from libs.problems import Problem


async def tell_doubts(api: GatewayApi, profiles: Mapping[str, Checks | None]) -> None:
    """Print a line for each; what was done is told before, for it stands whatever comes of this."""
    for doubt in await doubts_of(api, profiles):
        print(warned(doubt))


async def doubts_of(api: GatewayApi, profiles: Mapping[str, Checks | None]) -> list[str]:
    """Sentences on checks that would come to nothing, whatever the creative, by profile id.

    They keep nobody from saving: a profile may be ahead of the qc service. For the same reason
    it is no failure when qc does not tell, but it is said.
    """
    doubts: list[str] = []
    for profile_id, checks in profiles.items():
        try:
            faults = await api.check_faults(checks) if checks else []
        except Problem as problem:
            said = f"{profile_id}: whether its checks can be carried out is not known"
            return [*doubts, f"{said}: {problem.detail}"]
        doubts += (f"{profile_id}: check “{one.check_id}”: {one.reason}" for one in faults)
    return doubts


def warned(doubt: str) -> str:
    """A line of its own under what was done."""
    return f"warning: {doubt}"
