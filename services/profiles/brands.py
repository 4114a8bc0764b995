"""Reading and saving what a client says once for all of its checks."""

from libs import telemetry
from libs.actor import require
from libs.contracts.access import Action, Actor
from libs.contracts.brand import BrandData, ClientBrand
from libs.postgres import CLASHES, Connection, Pool, transaction
from libs.problems import Conflict, Invalid, PreconditionFailed
from services.profiles import repository
from services.profiles.brand_rows import add_brand, newest_brand
from services.profiles.domain.brand import BrandVersion, brand_hash, client_brand
from services.profiles.domain.etag import matches
from services.profiles.domain.family import Change
from services.profiles.reading import require_client, require_client_in_use

TRIES = 5
NOTHING_SAID = brand_hash(BrandData())


async def get_brand(pool: Pool, actor: Actor, client_id: str) -> ClientBrand:
    """The brand data that counts. Raises NotFound for a client that the actor may not see."""
    require(actor, Action.READ_PROFILES, client_id)
    async with transaction(pool, [client_id]) as db:
        await require_client(db, client_id)
        return client_brand(await newest_brand(db, client_id))


async def save_brand(
    pool: Pool, actor: Actor, client_id: str, brand: BrandData, if_match: str | None
) -> ClientBrand:
    """Save it as the next version, with its audit row; the same again makes none.

    Raises NotFound, Forbidden, Invalid, and PreconditionFailed when `if_match` is not the tag
    of the version that counts.
    """
    require(actor, Action.WRITE_PROFILES, client_id)
    try:
        content_hash = brand_hash(brand)
    except ValueError as error:
        raise Invalid("bad_brand", str(error)) from error
    for _ in range(TRIES):
        try:
            async with transaction(pool, [client_id]) as db:
                await require_client_in_use(db, client_id)
                before = await newest_brand(db, client_id)
                if if_match is not None and not matches(if_match, before.etag):
                    raise _stale(before)
                if content_hash == (before.content_hash or NOTHING_SAID):
                    return client_brand(before)
                after = await _write(db, actor, before, brand, content_hash)
                return client_brand(after, changed=True)
        except CLASHES:
            continue
    raise Conflict("busy_brand", "The brand data is being changed by others; try again.", 1)


async def _write(
    db: Connection, actor: Actor, before: BrandVersion, brand: BrandData, content_hash: str
) -> BrandVersion:
    client_id, number = before.client_id, before.version + 1
    await add_brand(db, client_id, number, brand, actor.subject)
    change = Change(
        object_kind="brand",
        object_id=client_id,
        revision=number,
        action="brand.save",
        actor=actor.subject,
        before_hash=before.content_hash,
        after_hash=content_hash,
        request_id=telemetry.request_id(),
        details={"version": number},
    )
    await repository.add_audit_event(db, change)
    return await newest_brand(db, client_id)


def _stale(before: BrandVersion) -> PreconditionFailed:
    saved = "" if before.created_by is None else f", saved by {before.created_by}"
    return PreconditionFailed(
        "stale_brand",
        f"Version {before.version} of the brand data counts by now{saved}: load it and make your "
        "change there.",
    )
