"""What callers do with campaigns: make one, give it files, start, cancel and retry it."""

import asyncio
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import structlog
from aiohttp import web

from libs import telemetry
from libs.actor import require, visible_clients
from libs.api.profiles import ProfilesApi
from libs.contracts.access import Action, Actor
from libs.contracts.campaigns import (
    CampaignEvent,
    CampaignFile,
    CampaignOrder,
    FilesAdded,
    LeftOut,
)
from libs.ids import uuid7
from libs.postgres import Connection, transaction
from libs.problems import Conflict, NotFound, Unsupported
from services.qc import cancelling
from services.qc.accept import door_of
from services.qc.campaigns import cells, rows
from services.qc.campaigns.archive import Archive
from services.qc.campaigns.driver import Driver
from services.qc.campaigns.events import Events, add_events
from services.qc.campaigns.ordering import settle_order, wishes_in
from services.qc.campaigns.rows import CampaignRow
from services.qc.campaigns.unpacking import is_zip, kept_path, limits_of, refuse_too_much, unpacked
from services.qc.campaigns.webhooks import enqueue
from services.qc.domain.naming import kept_name
from services.qc.domain.webhook import AllowedHosts
from services.qc.files import receive
from services.qc.run import Bench
from services.qc.settings import QcSettings

log = structlog.get_logger()
UNPACKING = 2


@dataclass(frozen=True, slots=True)
class Desk:
    """What campaigns of this process work with. `drop` stops what runs under a lease here."""

    bench: Bench
    profiles: ProfilesApi
    settings: QcSettings
    hosts: AllowedHosts
    driver: Driver
    drop: Callable[[UUID], object]
    events: Events
    unpacking: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(UNPACKING))


async def visible_campaign(bench: Bench, actor: Actor, campaign_id: UUID) -> CampaignRow:
    async with transaction(bench.pool, visible_clients(actor, Action.READ_ANALYSES)) as db:
        row = await rows.CAMPAIGNS.one(db, campaign_id)
    if row is None:
        raise NotFound("unknown_campaign", f"There is no campaign {campaign_id}.")
    return row


async def own_campaign(bench: Bench, actor: Actor, campaign_id: UUID) -> CampaignRow:
    """A campaign that the actor may change."""
    row = await visible_campaign(bench, actor, campaign_id)
    require(actor, Action.RUN_ANALYSES, row.client_id)
    return row


async def create(desk: Desk, actor: Actor, order: CampaignOrder) -> CampaignRow:
    """Everything that the campaign is held against is settled now, and stays as it is."""
    settled = await settle_order(desk.bench, desk.profiles, desk.hosts, actor, order)
    async with transaction(desk.bench.pool, [order.client]) as db:
        now = datetime.now(UTC)
        row = CampaignRow(
            client_id=order.client,
            campaign_id=uuid7(now),
            name=kept_name(order.name) or f"{now:%Y-%m-%d %H:%M} UTC",
            state="open",
            user_id=actor.subject,
            user_name=actor.name,
            user_email=actor.email,
            request_id=telemetry.request_id() or uuid7(now).hex,
            profiles=settled.profiles,
            wishes=wishes_in(order),
            can_wait=order.can_wait,
            webhook_url=settled.webhook_url,
            created_at=now,
        )
        await rows.add_campaign(db, row)
    log.info("campaign made", campaign_id=str(row.campaign_id), profiles=len(row.profiles))
    return row


async def add_file(desk: Desk, row: CampaignRow, request: web.Request) -> FilesAdded:
    """Keep one file; the same again changes nothing, so that a caller may send it once more."""
    _require_open(row)
    bench, settings = desk.bench, desk.settings
    door = door_of(settings, settings.max_upload_bytes)
    async with receive(request, bench.scratch, door) as upload:
        name = kept_path(upload.fields.get("path") or upload.name)
        if await asyncio.to_thread(is_zip, upload.path):
            raise Unsupported("zip_here", f"{name} is a ZIP: send it as the campaign's archive.")
        await bench.store.put(upload.sha256, upload.path)
        file = CampaignFile(name=name, sha256=upload.sha256, bytes=upload.size_bytes)
    return await _keep(desk, row, [file], [])


async def add_archive(desk: Desk, row: CampaignRow, request: web.Request) -> FilesAdded:
    """Keep every creative of a ZIP, or none when the archive cannot be trusted."""
    _require_open(row)
    door = door_of(desk.settings, desk.settings.campaign_zip_bytes)
    async with receive(request, desk.bench.scratch, door) as upload, desk.unpacking:
        files, left_out = await _unpack(desk, upload.path)
    return await _keep(desk, row, files, left_out)


async def _unpack(desk: Desk, path: Path) -> tuple[list[CampaignFile], list[LeftOut]]:
    """Each file to the store; they lie there under the hash of their content, for nobody yet."""
    files = []
    with (
        await asyncio.to_thread(Archive, path, limits_of(desk.settings)) as archive,
        tempfile.TemporaryDirectory(dir=desk.bench.scratch, prefix="unpacked-") as folder,
    ):
        async for found, lying in unpacked(archive, Path(folder)):
            await desk.bench.store.put(found.sha256, lying)
            lying.unlink()
            files.append(CampaignFile(name=found.name, sha256=found.sha256, bytes=found.size_bytes))
        return files, archive.left_out


async def _keep(
    desk: Desk, row: CampaignRow, files: list[CampaignFile], left_out: list[LeftOut]
) -> FilesAdded:
    async with transaction(desk.bench.pool, [row.client_id]) as db:
        held = await _locked(db, row)
        _require_open(held)
        there = {file.name: file for file in await rows.files(db, row)}
        for file in files:
            if file.name in there and there[file.name].sha256 != file.sha256:
                raise Conflict(
                    "name_taken", f"The campaign has another file {file.name!r}: rename one."
                )
        new = [file for file in files if file.name not in there]
        size_bytes = sum(file.bytes for file in [*there.values(), *new])
        refuse_too_much(desk.settings, len(there) + len(new), size_bytes)
        await rows.add_files(db, row, len(there), new)
    return FilesAdded(
        added=new,
        known=len(files) - len(new),
        left_out=left_out,
        files=len(there) + len(new),
    )


async def start(desk: Desk, row: CampaignRow) -> None:
    """From now on the campaign comes to its end, whatever dies. Started twice it runs once."""
    now = datetime.now(UTC)
    async with transaction(desk.bench.pool, [row.client_id]) as db:
        held = await _locked(db, row)
        if held.state != "open":
            return
        if not await rows.files(db, row):
            raise Conflict("no_files", "The campaign has no file yet: add some, then start it.")
        await cells.add_cells(db, row)
        await rows.set_state(db, row, "running", now)
        await add_events(db, row, CampaignEvent(kind="started", at=now))
    desk.driver.wake()


async def cancel(desk: Desk, row: CampaignRow, actor: Actor) -> None:
    """Start nothing more, and end what waits or runs. Cancelled twice changes nothing."""
    now = datetime.now(UTC)
    async with transaction(desk.bench.pool, [row.client_id]) as db:
        held = await _locked(db, row)
        if held.state == "open":
            await rows.set_state(db, row, "cancelled", now)
            await add_events(db, row, CampaignEvent(kind="finished", at=now, state="cancelled"))
            await enqueue(db, row, now)
        elif held.state == "running":
            await cells.cancel_waiting(db, row)
            await rows.set_state(db, row, "cancelling", now)
            await add_events(db, row, CampaignEvent(kind="cancelling", at=now))
        running = await cells.running_analyses(db, row) if held.state != "open" else []
    for analysis in running:
        with suppress(Conflict):  # it has ended meanwhile
            if lease := await cancelling.cancel(desk.bench, analysis, actor):
                desk.drop(lease)
    desk.driver.wake()


async def retry(desk: Desk, row: CampaignRow) -> int:
    """Run again what could not be run, was cancelled, or has a check that broke."""
    now = datetime.now(UTC)
    async with transaction(desk.bench.pool, [row.client_id]) as db:
        held = await _locked(db, row)
        if held.state in ("open", "cancelling"):
            raise Conflict("not_ended", "The campaign has not ended: wait for its end, then retry.")
        retried = await cells.retry(db, row)
        if not retried:
            raise Conflict("nothing_failed", "Nothing of the campaign failed: nothing to retry.")
        await rows.set_state(db, row, "running", now)
        await add_events(db, row, CampaignEvent(kind="retried", at=now))
    desk.driver.wake()
    return retried


async def _locked(db: Connection, row: CampaignRow) -> CampaignRow:
    held = await rows.CAMPAIGNS.one(db, row.campaign_id, lock=True)
    if held is None:
        raise AssertionError("a campaign is never deleted")
    return held


def _require_open(row: CampaignRow) -> None:
    if row.state != "open":
        raise Conflict(
            "campaign_started", "The campaign was started: make a new one for more files."
        )
