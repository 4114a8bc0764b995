"""The catalogue of exact checks. Cheap to import: what a check needs is loaded when it runs."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue, ValidationError

from libs.contracts.qc import Catalogue, CatalogueEntry
from services.qc.checks import (
    aspect_ratio,
    background_contrast,
    barcode,
    color_format,
    file_naming,
    file_weight,
    image_resolution,
    logo_visibility,
    spelling,
    text_readability,
)
from services.qc.checks.measured import BadParameter, Measured, Parameters
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Unreadable

LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExactCheck:
    """One thing that is measured; `measures` says what, with its unit."""

    measures: str
    parameters: type[Parameters]
    measure: Callable[[Subject, Any], Measured]


CHECKS: dict[str, ExactCheck] = {
    "aspect_ratio": ExactCheck(
        "Width to height of each page", aspect_ratio.AspectRatio, aspect_ratio.measure
    ),
    "background_contrast": ExactCheck(
        "WCAG contrast ratio of each line of text",
        background_contrast.BackgroundContrast,
        background_contrast.measure,
    ),
    "barcode": ExactCheck(
        "Barcodes: value, check digit, clear space in modules", barcode.Barcode, barcode.measure
    ),
    "color_format": ExactCheck(
        "Colour mode, bits per channel, colour profile, transparency",
        color_format.ColorFormat,
        color_format.measure,
    ),
    "file_naming": ExactCheck(
        "Name of the file, length in characters", file_naming.FileNaming, file_naming.measure
    ),
    "file_weight": ExactCheck(
        "Weight of the file in bytes", file_weight.FileWeight, file_weight.measure
    ),
    "image_resolution": ExactCheck(
        "Size in pixels, and pixels per inch at a print size",
        image_resolution.ImageResolution,
        image_resolution.measure,
    ),
    "logo_visibility": ExactCheck(
        "The reference logo: found, share of the width, turn in degrees, stretch",
        logo_visibility.LogoVisibility,
        logo_visibility.measure,
    ),
    "spelling": ExactCheck(
        "Words that are not in the dictionary", spelling.Spelling, spelling.measure
    ),
    "text_readability": ExactCheck(
        "Smallest text: x-height in px, on PDF pages in mm",
        text_readability.TextReadability,
        text_readability.measure,
    ),
}


def catalogue() -> Catalogue:
    """Every exact check with the JSON schema of its parameters."""
    return Catalogue(
        checks=[
            CatalogueEntry(
                name=name, measures=check.measures, parameters=check.parameters.model_json_schema()
            )
            for name, check in CHECKS.items()
        ]
    )


def refused_parameters(name: str, parameters: dict[str, JsonValue]) -> str | None:
    """Why `parameters` do not fit the check, for people; None when they do."""
    if name not in CHECKS:
        return f"There is no exact check named “{name}”."
    try:
        CHECKS[name].parameters.model_validate(parameters)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return f"Parameter {where}: {first['msg'].removeprefix('Value error, ')}."
    return None


def run_check(name: str, subject: Subject, parameters: dict[str, JsonValue]) -> Measured:
    """Measure one exact check. Never raises: what goes wrong is a result with state "error"."""
    refusal = refused_parameters(name, parameters)
    if refusal:
        return Measured(state="error", reason=refusal)
    check = CHECKS[name]
    try:
        measured = check.measure(subject, check.parameters.model_validate(parameters))
        return _with_pages_left_out(measured)
    except BadParameter as error:
        return Measured(state="error", reason=f"Parameter {error}.")
    except Unreadable as error:
        return Measured(state="error", reason=error.detail)
    except Exception as error:
        if _is_out_of_memory(error):
            reason = "Measuring took too much memory. Upload a smaller file."
            return Measured(state="error", reason=reason)
        LOG.exception("exact check %s broke", name)
        return Measured(state="error", reason="This check broke while measuring; it was logged.")


def _with_pages_left_out(measured: Measured) -> Measured:
    """A result that holds for some of the pages says so."""
    pages = measured.measurements.get("pages")
    judged = measured.measurements.get("pages_judged")
    if pages == judged or measured.reason:
        return measured
    reason = f"The first {judged} of {pages} pages were judged."
    return measured.model_copy(update={"reason": reason})


def _is_out_of_memory(error: Exception) -> bool:
    """The native libraries have no exception of their own for it."""
    text = str(error)
    return isinstance(error, MemoryError) or "bad_alloc" in text or "Insufficient memory" in text
