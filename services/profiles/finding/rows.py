"""The statements that find what is in use."""

from dataclasses import dataclass

from libs.contracts.finding import UsingClient
from libs.contracts.profiles import StoredCheck
from libs.postgres import Connection
from services.profiles.domain.audience import Audience
from services.profiles.domain.family import Line
from services.profiles.domain.slug import profile_id_of
from services.profiles.domain.uses import Sought
from services.profiles.repository import STORED_CHECKS, line_of


@dataclass(frozen=True, slots=True)
class InUse:
    """A version that somebody runs: the active one, or one to which clients are pinned."""

    slug: str
    version: int
    name: str
    audience: Audience
    active: bool
    pinned_clients: list[str]
    checks: dict[str, StoredCheck]


async def lines(db: Connection, client_id: str | None, sought: Sought) -> list[Line]:
    """The active version of each profile or, for a client that pinned another, that one."""
    rows = await db.fetch(
        """
        SELECT slug, version, version = active_version AS active, visibility,
               visible_to_clients, name, description, pass_threshold, check_count, based_on,
               content_hash, scoring_hash, v.created_at, v.created_by, archived_at
          FROM profile
          JOIN profile_version AS v USING (slug)
         WHERE version = coalesce(
                   (SELECT pinned_version FROM client_binding AS b
                     WHERE b.client_id = $1 AND b.slug = profile.slug),
                   active_version)
           AND ($2 = 'all' OR (archived_at IS NULL) = ($2 = 'active'))
           AND ($3::text IS NULL OR $3 = ANY (check_names))
           AND ($4::text IS NULL OR $4 = ANY (model_names))
           AND ($5::text IS NULL OR lower(normalize(btrim($5))) = ANY (texts))
           AND ($6::text IS NULL
                OR strpos(lower(normalize(name)), lower(normalize(btrim($6)))) > 0
                OR (SELECT bool_and(strpos(whole, lower(part)) > 0 AND whole ~ lower(pattern))
                      FROM unnest($7::text[], $8::text[]) AS sought (part, pattern),
                           concat_ws(' ', said, array_to_string(texts, ' ')) AS whole))
         ORDER BY lower(name), slug
        """,
        client_id,
        sought.state,
        sought.check,
        sought.model,
        sought.asset,
        sought.q,
        [part for part, _ in sought.parts],
        [pattern for _, pattern in sought.parts],
    )
    return [line_of(row) for row in rows]


async def versions_in_use(db: Connection, sought: Sought, limit: int) -> list[InUse]:
    """Those that have all of what is sought; of profiles that are not archived."""
    rows = await db.fetch(
        """
        SELECT slug, version, name, visibility, visible_to_clients,
               version = active_version AS active, coalesce(pinned, '{}') AS pinned, checks
          FROM profile
          JOIN profile_version USING (slug)
          LEFT JOIN LATERAL (
               SELECT array_agg(client_id ORDER BY client_id) AS pinned
                 FROM client_binding AS b
                WHERE b.slug = profile.slug AND b.pinned_version = profile_version.version
                  AND (visibility = 'all' OR client_id = ANY (visible_to_clients))) AS b ON true
         WHERE archived_at IS NULL AND (version = active_version OR pinned IS NOT NULL)
           AND ($1::text IS NULL OR $1 = ANY (check_names))
           AND ($2::text IS NULL OR $2 = ANY (model_names))
           AND ($3::text IS NULL OR lower(normalize(btrim($3))) = ANY (texts))
         ORDER BY slug, version DESC
         LIMIT $4
        """,
        sought.check,
        sought.model,
        sought.asset,
        limit,
    )
    return [
        InUse(
            row["slug"],
            row["version"],
            row["name"],
            Audience(row["visibility"], tuple(row["visible_to_clients"])),
            row["active"],
            row["pinned"],
            STORED_CHECKS.validate_json(row["checks"]),
        )
        for row in rows
    ]


async def brands_with(db: Connection, asset: str) -> list[str]:
    """The clients whose brand data has a logo with that id."""
    rows = await db.fetch(
        """
        SELECT client_id
          FROM (SELECT DISTINCT ON (client_id) client_id, brand
                  FROM brand_version ORDER BY client_id, version DESC) AS newest
         WHERE EXISTS (SELECT FROM json_array_elements_text(brand -> 'logos') AS logo
                        WHERE logo = lower(btrim($1)))
         ORDER BY client_id
        """,
        asset,
    )
    return [row["client_id"] for row in rows]


async def using_clients(db: Connection, slug: str) -> list[UsingClient]:
    """The clients that may use the profile, of those that this transaction may see."""
    rows = await db.fetch(
        """
        SELECT client_id, pinned_version, coalesce(pinned_version, active_version) AS version
          FROM profile
          JOIN client ON visibility = 'all' OR client_id = ANY (visible_to_clients)
          LEFT JOIN client_binding USING (slug, client_id)
         WHERE slug = $1 AND client.archived_at IS NULL
         ORDER BY client_id
        """,
        slug,
    )
    return [
        UsingClient(
            client_id=row["client_id"],
            binding="pinned" if row["pinned_version"] else "floating",
            version=row["version"],
            profile_id=profile_id_of(slug, row["version"]),
        )
        for row in rows
    ]
