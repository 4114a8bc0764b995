"""Creatives that somebody offers to know what they would cost: named, opened, kept nowhere."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from libs.contracts.campaigns import CampaignOrder, LeftOut
from libs.contracts.qc import Creative
from libs.invalid import invalid
from libs.problems import (
    BadRequest,
    Conflict,
    Problem,
    TooLarge,
    TooMany,
    Unavailable,
    UpstreamFailed,
)
from services.qc.accept import open_known
from services.qc.campaigns.archive import Archive
from services.qc.campaigns.taking import Desk
from services.qc.campaigns.unpacking import is_zip, kept_path, limits_of, refuse_too_much, unpacked
from services.qc.files import Door, Sent, Upload, safe_name
from services.qc.settings import QcSettings

AT_ONCE = 4
NOT_OF_THE_FILE = (TooMany, Unavailable, UpstreamFailed)

Given = TypeVar("Given")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Opened:
    """By name in the campaign; `refused` says why the others cannot be checked."""

    creatives: dict[str, Creative] = field(default_factory=dict)
    refused: dict[str, Problem] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)


def door_for_all(settings: QcSettings) -> Door:
    """For the files of a whole campaign at once."""
    return Door(
        max(settings.max_upload_bytes, settings.campaign_zip_bytes),
        settings.upload_idle_s,
        settings.upload_s,
        settings.campaign_files,
        settings.campaign_bytes,
        empty=True,
    )


def order_in(sent: Sent) -> CampaignOrder:
    """The field `order`: what `POST /v1/campaigns` takes as its body."""
    try:
        return CampaignOrder.model_validate_json(sent.fields.get("order", ""))
    except ValidationError as error:
        if any(one["type"] == "json_invalid" for one in error.errors(include_url=False)):
            raise BadRequest(
                "bad_json", "Send the order of the campaign as JSON in the field `order`."
            ) from error
        raise invalid(error, "bad_order") from error


async def open_all(desk: Desk, client_id: str, sent: Sent) -> Opened:
    """Open every file, and every creative of an archive.

    Raises what a campaign raises for an archive that means no good, a name that is there with
    another content, and too many files.
    """
    with tempfile.TemporaryDirectory(dir=desk.bench.scratch, prefix="unpacked-") as folder:
        uploads, left_out = await _named(desk, sent, Path(folder))

        async def opened(upload: Upload) -> Creative:
            if upload.size_bytes > desk.settings.max_upload_bytes:
                most = desk.settings.max_upload_bytes >> 20
                raise TooLarge("file_too_large", f"A file may have at most {most} MB.")
            return await open_known(desk.bench, client_id, upload)

        found = await each_of(opened, uploads.values())
    told = Opened(left_out=left_out)
    for name, one in zip(uploads, found, strict=True):
        if isinstance(one, Problem):
            told.refused[name] = one
        else:
            told.creatives[name] = one
    return told


async def each_of(
    work: Callable[[Given], Awaitable[Found]], given: Iterable[Given]
) -> list[Found | Problem]:
    """What came of each, a few at a time. What is no fault of the thing itself is raised."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(thing: Given) -> Found:
        async with places:
            return await work(thing)

    results = await asyncio.gather(*map(one, given), return_exceptions=True)
    kept: list[Found | Problem] = []
    for result in results:
        if isinstance(result, NOT_OF_THE_FILE) or (
            isinstance(result, BaseException) and not isinstance(result, Problem)
        ):
            raise result
        kept.append(result)
    return kept


async def _named(desk: Desk, sent: Sent, folder: Path) -> tuple[dict[str, Upload], list[LeftOut]]:
    found: dict[str, Upload] = {}
    left_out: list[LeftOut] = []
    for number, upload in enumerate(sent.files):
        uploads = [upload]
        if await asyncio.to_thread(is_zip, upload.path):
            uploads, others = await _unpacked(desk, upload, folder, f"{number}-")
            left_out += others
        for one in uploads:
            name = kept_path(one.offered or one.name)
            one.name = safe_name(name)
            if found.setdefault(name, one).sha256 != one.sha256:
                raise Conflict("name_taken", f"There is another file {name!r}: rename one.")
        refuse_too_much(desk.settings, len(found), sum(one.size_bytes for one in found.values()))
    return found, left_out


async def _unpacked(
    desk: Desk, upload: Upload, folder: Path, prefix: str
) -> tuple[list[Upload], list[LeftOut]]:
    async with desk.unpacking:
        with await asyncio.to_thread(Archive, upload.path, limits_of(desk.settings)) as archive:
            uploads = [
                Upload(lying, {}, "", one.sha256, one.size_bytes, offered=one.name)
                async for one, lying in unpacked(archive, folder, prefix)
            ]
            return uploads, archive.left_out
