"""Taking a creative in: from the moment the caller has its 202 the analysis is never lost."""

import re
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import structlog
from aiohttp import web
from pydantic import JsonValue, ValidationError

from libs import telemetry
from libs.actor import require
from libs.api.profiles import ProfilesApi
from libs.contracts.access import Action, Actor
from libs.contracts.profiles import Profile
from libs.contracts.qc import Accepted, Creative, ProgressEvent
from libs.contracts.usage import AnalysisStarted
from libs.ids import uuid7
from libs.postgres import Connection, transaction
from libs.problems import Invalid, NotFound
from services.qc import assets, briefing, kept, outbox, repository
from services.qc.briefing import StoredBrief, Wishes
from services.qc.earlier import find_earlier
from services.qc.files import Door, Upload, receive
from services.qc.run import Bench
from services.qc.settings import QcSettings

log = structlog.get_logger()
IDS = {
    "client": re.compile(r"[a-z0-9][a-z0-9_-]{0,62}"),
    "profile": re.compile(r"[a-z0-9][a-z0-9_-]{0,99}"),
}


async def accept(
    request: web.Request, actor: Actor, bench: Bench, profiles: ProfilesApi, settings: QcSettings
) -> Accepted:
    """Read, open, resolve, store; then write the analysis.

    The profile is resolved before the answer, not after it: a name that does not exist
    is then told to the caller at once, and the run needs no other service.
    """
    async with received(request, bench, settings) as upload:
        client_id, profile_id = id_field(upload, "client"), id_field(upload, "profile")
        require(actor, Action.RUN_ANALYSES, client_id)
        await bench.queue.refuse_when_full(client_id)
        resolved = await profiles.resolve(client_id, profile_id)
        only = chosen_checks(resolved.profile, upload.fields.get("only", ""))
        async with transaction(bench.pool, [client_id]) as db:
            brief = await briefing.settle(db, resolved, wishes_of(upload), upload.name)
            if old := await _reused(db, upload, resolved.profile, only, brief):
                telemetry.bind(analysis_id=str(old), client=client_id)
                log.info("earlier analysis reused", file=upload.name)
                return Accepted(analysis_id=old, reused=True)
        creative = await open_known(bench, client_id, upload)
        await bench.store.put(upload.sha256, upload.path)
        async with bench.queue.room(client_id), transaction(bench.pool, [client_id]) as db:
            analysis_id = await add_queued(
                db, bench, actor, client_id, resolved.profile, creative, brief, only
            )
    telemetry.bind(analysis_id=str(analysis_id), client=client_id)
    log.info("analysis accepted", profile=resolved.profile.profile_id, file=creative.file_name)
    return Accepted(analysis_id=analysis_id)


async def _reused(
    db: Connection, upload: Upload, profile: Profile, only: list[str], brief: StoredBrief
) -> UUID | None:
    """The earlier analysis that is enough, if the caller said that one would be."""
    if not briefing.flag(upload.fields.get("reuse", "")):
        return None
    if brief.given.fresh:
        raise Invalid("fresh_or_reuse", "Ask for a fresh result or for the earlier one, not both.")
    file = (upload.sha256, upload.name)
    return await find_earlier(db, upload.fields["client"], file, profile, only, brief)


def received(
    request: web.Request, bench: Bench, settings: QcSettings
) -> AbstractAsyncContextManager[Upload]:
    return receive(request, bench.scratch, door_of(settings, settings.max_upload_bytes))


def door_of(settings: QcSettings, file_bytes: int) -> Door:
    """For one file of at most so many bytes."""
    return Door(file_bytes, settings.upload_idle_s, settings.upload_s)


def id_field(upload: Upload, name: str) -> str:
    """The field's value; what can be no id is told as unknown, and never becomes part of a path."""
    value = upload.fields.get(name, "")
    if not value:
        raise Invalid("missing_field", f"Send the multipart field `{name}` beside the file.")
    if not IDS[name].fullmatch(value):
        noun = {"client": "brand client"}.get(name, name)
        raise NotFound(f"unknown_{name}", f"There is no {noun} {value[:80]!r}.")
    return value


def wishes_of(upload: Upload) -> Wishes:
    given = {field.name: upload.fields.get(field.name, "") for field in fields(Wishes)}
    return Wishes(**given)


async def open_upload(bench: Bench, upload: Upload) -> Creative:
    opened = await bench.decoders.open(Path(upload.path), upload.name)
    return Creative.model_validate(opened | _of_upload(upload))


async def open_known(bench: Bench, client_id: str, upload: Upload) -> Creative:
    """Open the file, or know from an earlier upload of the client what it is."""
    if known := await known_creative(bench, client_id, upload):
        return known
    creative = await open_upload(bench, upload)
    told = creative.model_dump(mode="json", exclude={"file_name", "sha256", "bytes"})
    key = bench.kept.file_key(upload.sha256, "facts")
    async with transaction(bench.pool, [client_id]) as db:
        await kept.keep(db, client_id, {key: told}, datetime.now(UTC))
    return creative


async def known_creative(bench: Bench, client_id: str, upload: Upload) -> Creative | None:
    """What is kept of a file that the client had opened before; nothing lies at its path."""
    key = bench.kept.file_key(upload.sha256, "facts")
    if facts := await bench.kept.find(client_id, [key]):
        with suppress(ValidationError):
            return Creative.model_validate(facts[key] | _of_upload(upload))
    return None


def _of_upload(upload: Upload) -> dict[str, JsonValue]:
    return {"file_name": upload.name, "sha256": upload.sha256, "bytes": upload.size_bytes}


def chosen_checks(profile: Profile, names: str) -> list[str]:
    """The checks of the profile that `names` lists, with commas between them; none: all.

    Raises Invalid for a name that is not among them.
    """
    wanted = {word for name in names.split(",") if (word := name.strip())}
    if unknown := sorted(wanted - profile.checks.keys()):
        raise Invalid(
            "unknown_check",
            f"The profile {profile.profile_id} has no check {unknown[0][:80]!r}. "
            f"It has: {', '.join(profile.checks)}.",
        )
    return [check_id for check_id in profile.checks if check_id in wanted]


async def add_queued(
    db: Connection,
    bench: Bench,
    actor: Actor,
    client_id: str,
    profile: Profile,
    creative: Creative,
    brief: StoredBrief,
    only: list[str],
) -> UUID:
    """Write a new analysis, with its first progress and what the ledger is told of it.

    A replay is none that reports count: the ledger hears of its calls alone.
    """
    now = datetime.now(UTC)
    analysis_id = uuid7(now)
    queued = ProgressEvent(seq=0, kind="queued", at=now, total=len(only or profile.checks))
    await repository.add_analysis(
        db,
        analysis_id,
        client_id,
        actor,
        profile,
        creative,
        telemetry.request_id() or analysis_id.hex,
        now,
        brief,
        only,
    )
    await assets.note_use(db, client_id, analysis_id, brief.given.assets)
    await bench.progress.add(db, client_id, analysis_id, queued)
    if brief.given.replay is None:
        await outbox.enqueue(db, analysis_id, _started(analysis_id, actor, client_id, profile, now))
    return analysis_id


def _started(
    analysis_id: UUID, actor: Actor, client_id: str, profile: Profile, now: datetime
) -> AnalysisStarted:
    return AnalysisStarted(
        kind="analysis_started",
        event_id=uuid7(now),
        occurred_at=now,
        client_id=client_id,
        user_id=actor.subject,
        user_email=actor.email,
        user_name=actor.name,
        analysis_id=analysis_id,
        profile_id=profile.profile_id,
        profile_version=profile.version,
    )
