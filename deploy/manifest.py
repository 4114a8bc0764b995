"""The manifest of a backup: what is in the file, and what the database held at that moment."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from deploy import CannotStart
from deploy.database import SERVICES
from libs.postgres import read_migrations

FORMAT = 1
MANIFEST = "manifest.json"
Count = Annotated[int, Field(ge=0)]
Schema = Literal["gateway", "profiles", "qc", "usage"]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Member(_Part):
    sha256: Digest
    size_bytes: Count


class Table(_Part):
    """`sums`: of each numeric column, as written by PostgreSQL, which adds them exactly."""

    rows: Count
    sums: dict[str, str]


class Ledger(_Part):
    entries: Count = 0
    cost_usd: Decimal = Decimal(0)


class Contents(_Part):
    """What schemas hold, by names like `usage.price`; measured again after a restore.

    `structure` has a line for each relation, constraint, trigger, policy, function and grant;
    `default_privileges` are statements that give an owner's back.
    """

    tables: dict[str, Table] = {}
    structure: list[str] = []
    default_privileges: dict[Schema, list[str]] = {}
    migrations: dict[Schema, dict[str, str]] = {}
    ledger: Ledger = Ledger()

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())


class Manifest(_Part):
    """`other_roles` are those beside the services' own that may do something in the schemas.

    `elsewhere` has the addresses of stores whose files are not in this one.
    """

    format: int
    aiqc_version: str
    created_at: datetime
    postgres_major: Count
    dumped_by_major: Count
    role_prefix: str
    other_roles: list[str]
    with_secrets: bool
    elsewhere: dict[str, str]
    contents: Contents
    members: dict[str, Member]


class _Format(BaseModel):
    format: int


def read_manifest(text: bytes) -> Manifest:
    """Raises CannotStart for what is no manifest, or one of a later format."""
    try:
        if (found := _Format.model_validate_json(text).format) != FORMAT:
            raise CannotStart(
                f"the backup has format {found} and this AI QC reads format {FORMAT}: use the "
                "version that took it"
            )
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"][:3]))
        raise CannotStart(
            f"the manifest of the backup is wrong at {where or 'the start'}"
        ) from None


def own_version() -> str:
    try:
        return version("ai-qc")
    except PackageNotFoundError:
        return "unknown"


def own_migrations() -> dict[str, dict[str, str]]:
    """By service: the SQL of each migration that this version knows."""
    services = Path(__file__).parents[1] / "services"
    return {name: read_migrations(services / name / "migrations") for name in SERVICES}


def refuse_later_version(
    taken: Manifest, known: Mapping[str, Mapping[str, str]], digests: Mapping[str, str]
) -> None:
    """A backup of this version or an earlier one: the services migrate the rest at their start.

    `digests` are the SHA-256 of each known migration's SQL. Raises CannotStart.
    """
    for service, applied in taken.contents.migrations.items():
        for name, digest in applied.items():
            if name not in known.get(service, {}):
                raise CannotStart(
                    f"the backup was taken by AI QC {taken.aiqc_version}, which is newer than this "
                    f"one ({own_version()}): {service} has {name}. Install that version, then "
                    "restore"
                )
            if digests[f"{service}/{name}"] != digest:
                raise CannotStart(
                    f"the backup was taken by another AI QC ({taken.aiqc_version}): its {name} of "
                    f"{service} is not the one here. Install that version, then restore"
                )
