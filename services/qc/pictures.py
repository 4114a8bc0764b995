"""Pictures that show findings: into the store if they are what they say, and out of it again."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from hashlib import sha256
from pathlib import Path

import structlog

from libs.contracts.qc import Analysis, CheckResult, Preview
from libs.problems import NotFound
from services.qc.domain.report import Pictures
from services.qc.store import Store

log = structlog.get_logger()
MAX_BYTES = 4 << 20
FetchPage = Callable[[Preview], Awaitable[bytes]]
FetchCrop = Callable[[str], Awaitable[bytes]]


async def keep_pictures(store: Store, folder: Path, names: Iterable[str]) -> set[str]:
    """Store the files of `folder` that have these names; return those whose name is their hash.

    A child may have been taken over by the file that it opened: what it says is not believed.
    """
    kept = set()
    for name in set(names):
        file = folder / name
        if await asyncio.to_thread(_is_its_hash, file):
            await store.put(name, file)
            kept.add(name)
        else:
            log.error("a drawn picture is not what it should be", name=name)
    return kept


def _is_its_hash(file: Path) -> bool:
    try:
        if file.is_symlink() or file.stat().st_size > MAX_BYTES:
            return False
        return sha256(file.read_bytes()).hexdigest() == file.name
    except OSError:
        return False


def crops_of(result: CheckResult) -> set[str]:
    return {finding.crop for finding in result.findings if finding.crop}


def without_lost_crops(result: CheckResult, kept: set[str]) -> CheckResult:
    """The result whose findings name only crops that are stored."""
    findings = [
        finding if finding.crop in kept else finding.model_copy(update={"crop": None})
        for finding in result.findings
    ]
    return result.model_copy(update={"findings": findings})


async def pictures_of(analysis: Analysis, page: FetchPage, crop: FetchCrop) -> Pictures:
    """Every picture that there is of the analysis; one that is gone is left out."""
    pages, crops = {}, {}
    for preview in analysis.previews:
        if content := await _if_there(page(preview)):
            pages[preview.page] = content
    for name in sorted(set().union(*map(crops_of, analysis.checks))):
        if content := await _if_there(crop(name)):
            crops[name] = content
    return Pictures(pages, crops)


async def _if_there(content: Awaitable[bytes]) -> bytes | None:
    try:
        return await content
    except NotFound:
        return None
