"""`aiqc validate-pricing`; `services/cli.py` composes it."""

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from libs.api.prices import PricesApi
from libs.contracts.prices import PublishedTable, ValidationRequest
from libs.problems import Invalid
from services.usage.domain.litellm_table import read_litellm
from services.usage.price_tables import validation_text
from services.usage.terminal import body_of, write

MAX_TABLE_BYTES = 64 << 20
GZIP = b"\x1f\x8b"


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationOptions:
    """Flags of `aiqc validate-pricing`.

    Parameters
    ----------
    at
        The day, YYYY-MM-DD, whose prices are compared; today if not given.
    litellm
        LiteLLM's table of prices, JSON or gzipped JSON, as a second opinion.
    format
        text or json.
    strict
        Let warnings, too, end in exit code 1.
    """

    at: str | None = None
    litellm: Path | None = None
    format: Literal["text", "json"] = "text"
    strict: bool = False


async def validate_pricing(api: PricesApi, options: ValidationOptions) -> int:
    """Print the comparison; return the exit code: 1 on an error, with `strict` on a warning too."""
    table = await _litellm(api, options.litellm) if options.litellm else None
    found = await api.validate(body_of(ValidationRequest, at=options.at, table=table))
    as_json = options.format == "json"
    write(found.model_dump_json(indent=2) + "\n" if as_json else validation_text(found))
    return 1 if found.errors or (options.strict and found.warnings) else 0


async def _litellm(api: PricesApi, file: Path) -> PublishedTable:
    content = _content(file)
    providers = frozenset(row.provider for row in (await api.prices()).prices)
    try:
        return read_litellm(content, f"LiteLLM ({file.name})", providers)
    except ValueError as error:
        raise Invalid("bad_table", f"{file} is no table of LiteLLM: {error}.") from error


def _content(file: Path) -> bytes:
    """The bytes of a file, unpacked when it is gzipped."""
    try:
        with file.open("rb") as raw:
            packed = raw.read(len(GZIP)) == GZIP
        with gzip.open(file) if packed else file.open("rb") as source:
            content = source.read(MAX_TABLE_BYTES + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise Invalid("bad_table", f"{file} is damaged: {error}.") from error
    except OSError as error:
        raise Invalid("cannot_read", f"Cannot read {file}: {error.strerror or error}.") from error
    if len(content) > MAX_TABLE_BYTES:
        raise Invalid("bad_table", f"{file} is larger than {MAX_TABLE_BYTES >> 20} MB.")
    return content
