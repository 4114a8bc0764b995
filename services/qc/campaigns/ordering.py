"""What a campaign is held against, settled from what its maker ordered."""

from dataclasses import dataclass

from yarl import URL

from libs.actor import require
from libs.api.profiles import ProfilesApi
from libs.contracts.access import Action, Actor
from libs.contracts.campaigns import CampaignOrder
from libs.contracts.profiles import Resolved
from libs.postgres import transaction
from libs.problems import Invalid, NotFound
from services.qc import briefing
from services.qc.accept import IDS
from services.qc.briefing import Wishes
from services.qc.domain.webhook import AllowedHosts
from services.qc.run import Bench


@dataclass(frozen=True, slots=True)
class Settled:
    profiles: list[Resolved]
    webhook_url: str | None


async def settle_order(
    bench: Bench, profiles: ProfilesApi, hosts: AllowedHosts, actor: Actor, order: CampaignOrder
) -> Settled:
    """Raises Forbidden, NotFound or Invalid for what could not be run, whatever the files are."""
    require(actor, Action.RUN_ANALYSES, order.client)
    webhook_url = _webhook(hosts, order.webhook)
    resolved = await _resolved(profiles, order)
    async with transaction(bench.pool, [order.client]) as db:
        for one in resolved:
            await briefing.settle(db, one, Wishes(**wishes_in(order)), "")
    return Settled(resolved, webhook_url)


def wishes_in(order: CampaignOrder) -> dict[str, str]:
    return {"placement": order.placement, "market": order.market}


def _webhook(hosts: AllowedHosts, url: str | None) -> str | None:
    if not url:
        return None
    try:
        written = str(URL(url))
    except ValueError:
        written = ""
    if refusal := hosts.refusal(url) or hosts.refusal(written):
        raise Invalid("bad_webhook", refusal)
    return written


async def _resolved(profiles: ProfilesApi, order: CampaignOrder) -> list[Resolved]:
    resolved: dict[str, Resolved] = {}
    for name in order.profiles:
        if not IDS["profile"].fullmatch(name):
            raise NotFound("unknown_profile", f"There is no profile {name[:80]!r}.")
        found = await profiles.resolve(order.client, name)
        if resolved.setdefault(found.profile.profile_id, found) is not found:
            raise Invalid("profile_twice", f"The profile {name} is named twice.")
    return list(resolved.values())
