"""Contract of the qc service: the checks that a profile can have."""

from typing import Literal

from pydantic import JsonValue

from libs.contracts.common import Reply, Request
from libs.contracts.profiles import CheckId, Checks

Need = Literal[
    "logo",
    "reference",
    "brand_asset",
    "product",
    "previous_version",
    "placement",
    "brand_colours",
    "mandatory_copy",
    "forbidden_copy",
    "pdf",
    "video",
    "vision_model",
]
"""What a check cannot do without: brand material, brand data, a kind of file, a provider."""


class CatalogueEntry(Reply):
    """One check that a profile can have.

    `parameters` is JSON Schema with defaults and limits. An exact one is measured, a judged one
    is asked of a vision model with a `prompt` that a profile may take as its own.
    """

    name: str
    kind: Literal["exact", "judged"]
    version: int = 1
    measures: str
    unit: str = ""
    needs: list[Need] = []
    parameters: dict[str, JsonValue] = {}
    example: dict[str, JsonValue] = {}
    prompt: str = ""


class Catalogue(Reply):
    checks: list[CatalogueEntry]


class ChecksToValidate(Request):
    """Body of `POST /v1/checks/validate`: the checks of a profile that may not be saved yet."""

    checks: Checks


class CheckFault(Reply):
    """Why a check of a profile would come to nothing, whatever the creative."""

    check_id: CheckId
    reason: str


class CheckFaults(Reply):
    """In the order of the checks; empty when all of them can be carried out."""

    faults: list[CheckFault]
