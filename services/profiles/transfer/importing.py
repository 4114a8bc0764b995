"""Taking profiles from files: all of them in one transaction, or none."""

from collections.abc import Sequence
from dataclasses import replace

from libs.contracts.access import Actor
from libs.contracts.transfer import FileOutcome, Imported
from libs.postgres import Connection, Pool, transaction
from libs.problems import Conflict, Problem
from services.profiles import repository
from services.profiles.access import may_change, require_author, writable
from services.profiles.approval import require_no_approval
from services.profiles.domain.family import Family
from services.profiles.domain.files import Incoming, by_family, gap
from services.profiles.domain.saving import Saving
from services.profiles.reading import exact_version
from services.profiles.transfer.rows import add_origin
from services.profiles.writing import add_first_version, require_clients, write_save

MAX_TOLD = 50


class _TakenBack(Exception):
    """Undoes the transaction."""


async def import_files(
    pool: Pool, actor: Actor, files: Sequence[Incoming], problems: Sequence[str], dry_run: bool
) -> Imported:
    """Add the versions that are not there yet; with `problems` of reading, or others, none.

    A dry run does all of it and takes it back, so what it promises holds. Raises Conflict that
    names every problem, when it is no dry run.
    """
    outcomes: list[FileOutcome] = []
    wrong = list(problems)
    try:
        async with transaction(pool, writable(actor)) as db:
            for slug, some in by_family(files):
                try:
                    outcomes += await _import_family(db, actor, slug, some)
                except ValueError as why:
                    wrong.append(str(why))
                except Problem as problem:
                    wrong.append(f"{some[0].file}: {problem.detail}")
            if wrong or dry_run:
                raise _TakenBack
    except _TakenBack:
        if not dry_run:
            raise _refused(wrong) from None
    return Imported(
        dry_run=dry_run,
        added=sum(one.outcome == "added" for one in outcomes),
        skipped=sum(one.outcome == "skipped" for one in outcomes),
        files=outcomes,
        problems=wrong,
    )


def _refused(wrong: Sequence[str]) -> Conflict:
    more = f" And {len(wrong) - MAX_TOLD} more." if len(wrong) > MAX_TOLD else ""
    return Conflict("files_refused", f"Nothing was imported. {' '.join(wrong[:MAX_TOLD])}{more}")


async def _import_family(
    db: Connection, actor: Actor, slug: str, some: list[Incoming]
) -> list[FileOutcome]:
    """Raises ValueError or a Problem that says what is in the way."""
    family = await repository.lock_family(db, slug)
    if family is None:
        family = await _new_family(db, actor, slug, some)
        if family:
            return await _add(db, actor, family, some)
        family = await repository.lock_family(db, slug)
    if family is None or not may_change(actor, family.audience):
        raise ValueError(
            f"{some[0].file}: the id {slug} is taken by a profile that you may not change: "
            "rename the files, or ask an admin."
        )
    if why := gap(some, family.last_version):
        raise ValueError(why)
    skipped = [one for one in some if one.version <= family.last_version]
    for one in skipped:
        await _require_same(db, family, one)
    added = some[len(skipped) :]
    if added and family.archived_at:
        raise ValueError(f"{added[0].file}: {slug} is archived: restore it first.")
    return [_outcome(one, "skipped") for one in skipped] + await _add(db, actor, family, added)


async def _new_family(
    db: Connection, actor: Actor, slug: str, some: list[Incoming]
) -> Family | None:
    """A family with its first version; None when somebody was faster, or it cannot be seen.

    Who may use it is what its newest file says.
    """
    if why := gap(some, 0):
        raise ValueError(why)
    audience = some[-1].audience
    require_author(actor, audience)
    await require_clients(db, audience)
    return await repository.add_family(db, slug, audience, actor.subject)


async def _require_same(db: Connection, family: Family, one: Incoming) -> None:
    there = await exact_version(db, family, one.version)
    if there.content_hash != one.content_hash:
        raise ValueError(
            f"{one.file}: {family.id_of(one.version)} is there with other content, and versions "
            f"never change: give it the next number, {family.last_version + 1}, or rename the "
            "files to make another profile."
        )


async def _add(
    db: Connection, actor: Actor, family: Family, some: list[Incoming]
) -> list[FileOutcome]:
    if some:
        await require_no_approval(db, family)
    for one in some:
        if one.version == 1:
            await add_first_version(db, family, one.content, {"note": one.note})
        else:
            family = await _add_version(db, actor, family, one)
        await add_origin(db, family.slug, one.version, one.origin)
    return [_outcome(one, "added") for one in some]


async def _add_version(db: Connection, actor: Actor, family: Family, one: Incoming) -> Family:
    after = replace(
        family,
        last_version=one.version,
        active_version=one.version,
        revision=family.revision + 1,
    )
    base = await exact_version(db, family, one.based_on or family.active_version)
    active = await exact_version(db, family, family.active_version)
    saving = Saving(family, after, base, active, one.content)
    await write_save(db, actor, saving, "import", one.note)
    return after


def _outcome(one: Incoming, outcome: str) -> FileOutcome:
    profile_id = one.file.removesuffix(".json")
    return FileOutcome.model_validate(
        {"file": one.file, "profile_id": profile_id, "outcome": outcome}
    )
