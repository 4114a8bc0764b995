"""Giving profiles as files, one after the other, whatever their number."""

import json
import zipfile
from collections.abc import AsyncIterator

from libs.actor import require
from libs.contracts.access import Action, Actor
from libs.contracts.transfer import ProfileFile
from libs.postgres import Pool, transaction
from services.profiles import repository
from services.profiles.access import readable, unknown_profile
from services.profiles.domain.content import written
from services.profiles.domain.files import file_name, file_of
from services.profiles.domain.slug import parse_profile_id
from services.profiles.reading import require_client
from services.profiles.transfer.rows import slugs_in_use, versions_with_origin

File = tuple[str, ProfileFile]


async def chosen(
    pool: Pool, actor: Actor, client_id: str | None, profile_id: str | None
) -> list[str]:
    """The slugs of the profiles to export. Raises NotFound for what the actor may not see."""
    known = readable(actor)
    if client_id is not None:
        require(actor, Action.READ_PROFILES, client_id)
        known = (client_id,)
    async with transaction(pool, known) as db:
        if client_id is not None:
            await require_client(db, client_id)
        if profile_id is None:
            return await slugs_in_use(db)
        parsed = parse_profile_id(profile_id)
        if parsed is None or await repository.family(db, parsed[0]) is None:
            raise unknown_profile(profile_id)
        return [parsed[0]]


async def files_of(pool: Pool, actor: Actor, slugs: list[str]) -> AsyncIterator[File]:
    """Every version of the profiles. Each profile is read by itself: no transaction waits for
    whoever takes the files.
    """
    clients = readable(actor)
    for slug in slugs:
        async with transaction(pool, clients) as db:
            family = await repository.family(db, slug)
            versions = await versions_with_origin(db, slug) if family else []
        for version, origin in versions:
            if family:
                known = family.audience.shown_to(clients)
                yield file_name(slug, version.version), file_of(family, version, origin, known)


def text_of(file: ProfileFile) -> str:
    """The JSON of a file, to be read by people too. It leaves out what nobody said."""
    fields = file.model_dump(mode="json", exclude_none=True, exclude={"checks"})
    fields |= {"previous_version": file.previous_version}
    fields["checks"] = {check_id: written(check) for check_id, check in file.checks.items()}
    return json.dumps(fields, ensure_ascii=False, indent=2) + "\n"


async def as_lines(files: AsyncIterator[File]) -> AsyncIterator[bytes]:
    """One JSON object for each line, as an import takes them."""
    async for name, file in files:
        line = {"file": name, "profile": json.loads(text_of(file))}
        yield json.dumps(line, ensure_ascii=False).encode() + b"\n"


async def as_zip(files: AsyncIterator[File]) -> AsyncIterator[bytes]:
    """A ZIP with a folder `profiles`, in pieces."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        async for name, file in files:
            entry = zipfile.ZipInfo(f"profiles/{name}")
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text_of(file))
            yield pipe.taken()
    yield pipe.taken()


class _Pipe:
    """Keeps what is written until it is taken; it cannot seek, which zipfile respects."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def write(self, content: bytes) -> int:
        self._kept += content
        return len(content)

    def flush(self) -> None:
        pass

    def close(self) -> None:
        pass

    def taken(self) -> bytes:
        content = bytes(self._kept)
        self._kept.clear()
        return content
