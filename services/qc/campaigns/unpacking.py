"""Files of a campaign as they come: their names, their limits, and what is in an archive."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from libs.problems import Invalid, TooLarge
from services.qc.campaigns.archive import Archive, Unpacked, ZipLimits
from services.qc.domain.archive_names import shown_path
from services.qc.settings import QcSettings

ZIP, EMPTY_ZIP = b"PK\x03\x04", b"PK\x05\x06"


def limits_of(settings: QcSettings) -> ZipLimits:
    return ZipLimits(settings.campaign_files, settings.max_upload_bytes, settings.campaign_bytes)


def refuse_too_much(settings: QcSettings, files: int, size_bytes: int) -> None:
    """Raises TooLarge for more than a campaign may have."""
    if files > settings.campaign_files:
        most = settings.campaign_files
        raise TooLarge("too_many_files", f"A campaign has at most {most:,} files.")
    if size_bytes > settings.campaign_bytes:
        most = settings.campaign_bytes >> 20
        raise TooLarge("too_many_bytes", f"A campaign has at most {most:,} MB of files.")


async def unpacked(
    archive: Archive, folder: Path, prefix: str = ""
) -> AsyncIterator[tuple[Unpacked, Path]]:
    """Each creative of the archive, and where in the folder it lies; it is the caller's."""
    for number, name in enumerate(archive.names):
        lying = folder / f"{prefix}{number}"
        yield await asyncio.to_thread(archive.unpack, name, lying), lying


def is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(ZIP)) in (ZIP, EMPTY_ZIP)


def kept_path(offered: str) -> str:
    """The name that a file has in the campaign. Raises Invalid for one that no file may have."""
    try:
        return shown_path(offered)
    except ValueError as error:
        raise Invalid(
            "bad_name", f"{offered[:80]!r} {error}: name the file differently."
        ) from error
