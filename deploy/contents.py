"""What the services' schemas hold: measured when they are backed up and again after a restore.

No table is named here but the ledger and the list of migrations, which every schema has: whatever
a service adds is measured too.
"""

from collections.abc import Iterable
from decimal import Decimal, localcontext

from deploy.database import SERVICES, Connection
from deploy.manifest import Contents, Ledger, Table

LEDGER = "usage.ledger_entry"
SESSION = """
    SET search_path = pg_catalog;
    SET row_security = off;
    SET statement_timeout = 0;
    SET lock_timeout = '30s';
    SET idle_in_transaction_session_timeout = 0;
"""
"""Without row security a query that it would narrow fails: rows are never missed silently."""

# A materialized view is not among them: pg_restore makes it afresh.
TABLES = """
    SELECT format('%I.%I', n.nspname, c.relname) AS sql,
           n.nspname || '.' || c.relname AS name,
           pg_partition_root(c.oid)::text AS root,
           ARRAY(SELECT a.attname::text FROM pg_attribute a
                  WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                    AND a.atttypid = 'numeric'::regtype
                  ORDER BY a.attnum) AS numerics
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY ($1) AND c.relkind = 'r'
     ORDER BY 2
"""

STRUCTURE = """
    WITH ours AS (
        SELECT oid, nspname, nspowner, pg_get_userbyid(nspowner) AS owner
          FROM pg_namespace WHERE nspname = ANY ($1)),
    relation AS (
        SELECT c.*, n.nspname, n.nspname || '.' || c.relname AS name
          FROM pg_class c JOIN ours n ON n.oid = c.relnamespace
         WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'i', 'I')),
    function AS (
        SELECT p.*, n.nspname, p.oid::regprocedure::text AS name
          FROM pg_proc p JOIN ours n ON n.oid = p.pronamespace),
    acl AS (
        SELECT nspname, name, relowner AS owner, relacl AS acl FROM relation
         UNION ALL
        SELECT r.nspname, r.name || '.' || a.attname, r.relowner, a.attacl
          FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid
         UNION ALL
        SELECT nspname, name, proowner, coalesce(proacl, acldefault('f', proowner)) FROM function
         UNION ALL
        SELECT n.nspname, format('default of %s in %s', d.defaclobjtype, n.nspname),
               d.defaclrole, d.defaclacl
          FROM pg_default_acl d JOIN ours n ON n.oid = d.defaclnamespace),
    granted AS (
        SELECT acl.name, a.privilege_type AS privilege, a.is_grantable, n.owner,
               CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END AS grantee
          FROM acl JOIN ours n USING (nspname), aclexplode(acl.acl) a
         WHERE a.grantee NOT IN (acl.owner, n.nspowner) AND a.privilege_type <> 'MAINTAIN')
    SELECT format('relation %s %s %s row security %s %s', name, relkind, relpersistence,
                  relrowsecurity, relforcerowsecurity) AS line, NULL AS role
      FROM relation
     UNION ALL
    SELECT format('index %s valid %s', r.name, i.indisvalid), NULL
      FROM relation r JOIN pg_index i ON i.indexrelid = r.oid
     UNION ALL
    SELECT format('partition %s of %s', r.name, i.inhparent::regclass), NULL
      FROM relation r JOIN pg_inherits i ON i.inhrelid = r.oid
     UNION ALL
    SELECT format('constraint %s of %s %s valid %s', c.conname, r.name, c.contype, c.convalidated),
           NULL
      FROM relation r JOIN pg_constraint c ON c.conrelid = r.oid
     WHERE c.contype <> 'n' AND c.conparentid = 0 AND c.conislocal
     UNION ALL
    SELECT format('trigger %s of %s calls %s %s', t.tgname, r.name, t.tgfoid::regproc,
                  t.tgenabled), NULL
      FROM relation r JOIN pg_trigger t ON t.tgrelid = r.oid
     WHERE NOT t.tgisinternal
     UNION ALL
    SELECT format('policy %s of %s for %s permissive %s', p.polname, r.name, p.polcmd,
                  p.polpermissive), NULL
      FROM relation r JOIN pg_policy p ON p.polrelid = r.oid
     UNION ALL
    SELECT format('policy %s of %s', p.polname, r.name), pg_get_userbyid(role)
      FROM relation r JOIN pg_policy p ON p.polrelid = r.oid, unnest(p.polroles) role
     WHERE role <> 0
     UNION ALL
    SELECT format('function %s security definer %s %s', name, prosecdef, proconfig), NULL
      FROM function
     UNION ALL
    SELECT format('grant %s on %s grantable %s', privilege, name, is_grantable), grantee
      FROM granted
"""

DEFAULT_PRIVILEGES = """
    WITH global AS (
        SELECT n.nspname, n.nspowner, d.defaclobjtype AS kind, d.defaclacl AS acl,
               acldefault(replace(d.defaclobjtype::text, 'S', 's')::"char", n.nspowner) AS usual
          FROM pg_namespace n JOIN pg_default_acl d
            ON d.defaclrole = n.nspowner AND d.defaclnamespace = 0
         WHERE n.nspname = ANY ($1)),
    given AS (
        SELECT nspname, kind, a.privilege_type, a.grantee, a.is_grantable
          FROM global, aclexplode(acl) a WHERE a.grantee <> nspowner),
    usual AS (
        SELECT nspname, kind, a.privilege_type, a.grantee, a.is_grantable
          FROM global, aclexplode(usual) a WHERE a.grantee <> nspowner),
    change AS (
        SELECT 'GRANT %s ON %s TO %s%s' AS form, added.* FROM (TABLE given EXCEPT TABLE usual) added
         UNION ALL
        SELECT 'REVOKE %s ON %s FROM %s', gone.* FROM (TABLE usual EXCEPT TABLE given) gone)
    SELECT nspname::text AS schema,
           'ALTER DEFAULT PRIVILEGES ' || format(form, privilege_type,
               CASE kind WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS'
                         WHEN 'T' THEN 'TYPES' WHEN 'n' THEN 'SCHEMAS' ELSE 'LARGE OBJECTS' END,
               CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END,
               CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) AS statement
      FROM change ORDER BY 1, 2
"""
"""Those of an owner's that are for no schema alone, which pg_dump leaves out of a schema's dump."""

FORCED = """
    SELECT format('%I.%I', n.nspname, c.relname) AS sql
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname = ANY ($1) AND c.relforcerowsecurity
"""


async def server_major(db: Connection) -> int:
    return int(await db.fetchval("SHOW server_version_num")) // 10_000


async def measure(
    db: Connection, schemas: Iterable[str], role_prefix: str, *, as_owner: bool = False
) -> tuple[Contents, set[str]]:
    """What the schemas hold, and which roles but the services' may do something there.

    An owner, too, is held by row security that is forced: in a transaction that the caller
    rolls back it is not, while it counts.
    """
    schemas = list(schemas)
    structure, roles = await _structure(db, schemas, role_prefix)
    if as_owner:
        for row in await db.fetch(FORCED, schemas):
            await db.execute(f"ALTER TABLE {row['sql']} NO FORCE ROW LEVEL SECURITY")
    tables, ledger = dict[str, Table](), Ledger()
    for row in await db.fetch(TABLES, schemas):
        table = tables[row["name"]] = await _measure_table(db, row["sql"], row["numerics"])
        if LEDGER in (row["name"], row["root"]):
            ledger = _add(ledger, table)
    migrations = {schema: await _migrations(db, schema, tables) for schema in schemas}
    defaults: dict[str, list[str]] = {schema: [] for schema in schemas}
    for schema, statement in await db.fetch(DEFAULT_PRIVILEGES, schemas):
        defaults[schema].append(statement)
    contents = Contents(
        tables=tables,
        structure=structure,
        default_privileges=defaults,
        migrations=migrations,
        ledger=ledger,
    )
    return contents, roles


async def _structure(
    db: Connection, schemas: list[str], role_prefix: str
) -> tuple[list[str], set[str]]:
    lines, others = list[str](), set[str]()
    ours = {f"{role_prefix}{name}{end}" for name in SERVICES for end in ("", "_run")}
    for line, role in await db.fetch(STRUCTURE, schemas):
        if role in ours:
            lines.append(f"{line} to {role.removeprefix(role_prefix)}")
        elif role is None:
            lines.append(line)
        else:
            lines.append(f"{line} to {role}")
            others |= {role} - {"PUBLIC"}
    return sorted(lines), others


async def _measure_table(db: Connection, table: str, numerics: list[str]) -> Table:
    quoted = [name.replace('"', '""') for name in numerics]
    sums = [f', coalesce(sum("{name}"), 0)::text' for name in quoted]
    rows, *values = await db.fetchrow(f"SELECT count(*){''.join(sums)} FROM {table}") or (0,)
    return Table(rows=rows, sums=dict(zip(numerics, values, strict=True)))


def _add(ledger: Ledger, table: Table) -> Ledger:
    with localcontext() as exact:
        exact.prec = 1000
        cost_usd = ledger.cost_usd + Decimal(table.sums.get("cost_usd", 0))
    return Ledger(entries=ledger.entries + table.rows, cost_usd=cost_usd)


async def _migrations(db: Connection, schema: str, tables: dict[str, Table]) -> dict[str, str]:
    if f"{schema}.migration" not in tables:
        return {}
    rows = await db.fetch(f"SELECT name, sha256 FROM {schema}.migration ORDER BY name")
    return {row["name"]: row["sha256"] for row in rows}


def differences(expected: Contents, found: Contents) -> list[str]:
    """In words, what of a backup is not there after its restore; the worst first."""
    said: list[str] = []
    for name in sorted(expected.tables.keys() | found.tables.keys()):
        was, is_now = expected.tables.get(name), found.tables.get(name)
        if was is None or is_now is None:
            said.append(f"table {name} is {'missing' if is_now is None else 'new'}")
        elif was.rows != is_now.rows:
            said.append(f"{name} has {is_now.rows} rows, not {was.rows}")
        elif was != is_now:
            said.append(f"{name} has other sums")
    if expected.ledger != found.ledger:
        said.append(f"the ledger comes to {found.ledger.cost_usd}, not {expected.ledger.cost_usd}")
    before, after = _lines(expected), _lines(found)
    said += [f"missing: {line}" for line in sorted(before - after)]
    return said + [f"new: {line}" for line in sorted(after - before)]


def _lines(contents: Contents) -> set[str]:
    defaults = contents.default_privileges.items()
    return {*contents.structure, *(f"{s}: {line}" for s, lines in defaults for line in lines)}
