"""Campaigns of one process, put together."""

from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from libs.api.profiles import ProfilesApi
from libs.settings import BadSettings
from services.qc.campaigns.driver import Driver, Pace
from services.qc.campaigns.events import Events
from services.qc.campaigns.taking import Desk
from services.qc.campaigns.webhooks import Webhooks, open_session
from services.qc.domain.webhook import AllowedHosts, read_secrets
from services.qc.leases import Worker
from services.qc.run import Bench
from services.qc.settings import QcSettings


@dataclass(frozen=True, slots=True)
class WebhookRules:
    """Where webhooks may go, and the keys that sign them."""

    hosts: AllowedHosts
    keys: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class OpenCampaigns:
    """What handlers work with, and what runs as long as the service does."""

    desk: Desk
    work: tuple[Callable[[], Coroutine[Any, Any, None]], ...]


def read_webhook_rules(settings: QcSettings) -> WebhookRules:
    """Raises BadSettings for a secret that is none, and for hosts without a secret."""
    hosts = AllowedHosts(_names(settings.webhook_hosts), _names(settings.webhook_private_hosts))
    secret = settings.webhook_secret
    try:
        keys = read_secrets(secret.get_secret_value()) if secret else []
    except ValueError as error:
        raise BadSettings(f"QC_WEBHOOK_SECRET: {error}") from None
    if (hosts.public or hosts.private) and not keys:
        raise BadSettings("QC_WEBHOOK_SECRET: webhooks are signed: set the key beside the hosts")
    return WebhookRules(hosts, tuple(keys))


def _names(given: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name.strip().lower() for name in given)


async def open_campaigns(
    stack: AsyncExitStack,
    bench: Bench,
    profiles: ProfilesApi,
    settings: QcSettings,
    rules: WebhookRules,
    worker: Worker,
) -> OpenCampaigns:
    session = await stack.enter_async_context(open_session(rules.hosts))
    driver = Driver(bench, Pace(settings.campaign_in_flight, worker.wake))
    webhooks = Webhooks(bench.pool, session, rules.hosts, rules.keys)
    events = Events(bench.pool)
    desk = Desk(bench, profiles, settings, rules.hosts, driver, worker.drop, events)
    return OpenCampaigns(desk, (driver.run, webhooks.run, webhooks.run))
