"""Exact check: where QR codes lead, and whether a phone can read them."""

from collections.abc import Iterator
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, JsonValue

from libs.contracts.brand import Sentence
from libs.contracts.qc import Finding
from services.qc.checks.measured import (
    ExactCheck,
    Measured,
    Parameters,
    judged,
    not_applicable,
    short,
)
from services.qc.checks.seen import Barcode
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Page

QUIET_TOLERANCE = 0.6
"""Edges are measured to half a module."""


class QrTarget(Parameters):
    targets: list[Sentence] = Field(
        default=[],
        max_length=200,
        description="Addresses that a code may lead to: the same place, or a page below it. "
        "Without any every address is right",
    )
    https_only: bool = Field(default=True, description="Whether the address must be https")
    required: bool = Field(default=False, description="Whether a QR code must be there")
    min_module_px: float = Field(
        default=3.0, ge=0, le=1_000, description="Least side of a square in a picture, in pixels"
    )
    min_module_mm: float = Field(
        default=0.396,
        ge=0,
        le=100,
        description="Least side of a square on a PDF page (0.396 mm: GS1, QR code on packs)",
    )
    quiet_modules: float = Field(
        default=4.0, ge=0, le=6, description="Clear space around, in squares (ISO/IEC 18004: 4)"
    )


def measure(subject: Subject, parameters: QrTarget) -> Measured:
    """Score: 0 or 100."""
    codes = [
        (page, code)
        for page in subject.pages
        for code in subject.barcodes(page)
        if code.kind == "QR Code" and code.value is not None
    ]
    measurements: dict[str, JsonValue] = {
        **subject.seen_pages(),
        "codes": [_facts(subject, page, code) for page, code in codes],
    }
    if not codes and not parameters.required:
        return not_applicable("No QR code was found.", measurements)
    if not codes:
        return judged([_absent()], measurements)
    findings = [
        Finding.model_validate(
            {"severity": "major", "page": page.number, "region": code.region, **breach}
        )
        for page, code in codes
        for breach in _breaches(subject, page, code, parameters)
    ]
    return judged(findings, measurements)


def _facts(subject: Subject, page: Page, code: Barcode) -> JsonValue:
    module, unit = _module(subject, page, code)
    return {
        "page": page.number,
        "value": code.value,
        f"module_{unit}": round(module, 3) if module else None,
        "quiet_modules": code.quiet_around,
    }


def _module(subject: Subject, page: Page, code: Barcode) -> tuple[float | None, str]:
    unit = "mm" if page.width_mm else "px"
    if code.module_px is None:
        return None, unit
    if page.width_mm:
        return code.module_px * page.width_mm / float(subject.rgb(page).shape[1]), unit
    return code.module_px * subject.file_px(page), unit


def _breaches(
    subject: Subject, page: Page, code: Barcode, parameters: QrTarget
) -> Iterator[dict[str, str | None]]:
    value = code.value or ""
    yield from _target(value, parameters)
    module, unit = _module(subject, page, code)
    least = parameters.min_module_mm if unit == "mm" else parameters.min_module_px
    if module is not None and module < 0.97 * least:
        yield {
            "message": "The QR code is too small.",
            "measured": f"{module:.2f} {unit} a square",
            "rule": f"at least {least:g} {unit} a square",
            "evidence": value,
            "fix": f"Place it {100 * least / module:.0f} % as large, or shorten its address.",
        }
    quiet = code.quiet_around
    if quiet is not None and quiet + QUIET_TOLERANCE < parameters.quiet_modules:
        yield {
            "message": "The clear space around the QR code is too narrow.",
            "measured": f"{short(quiet, 1)} squares",
            "rule": f"at least {parameters.quiet_modules:g} squares",
            "evidence": value,
            "fix": "Move print away from the code or make its light box wider.",
        }


def _target(value: str, parameters: QrTarget) -> Iterator[dict[str, str | None]]:
    address = _split(value)
    if parameters.https_only and (address is None or address.scheme.lower() != "https"):
        yield {
            "message": "The QR code does not lead to an https address.",
            "measured": value[:300],
            "rule": "https://…",
            "fix": "Make the code again with the address that begins with https.",
        }
    if parameters.targets and not any(_leads_to(value, target) for target in parameters.targets):
        yield {
            "message": "The QR code leads elsewhere.",
            "measured": value[:300],
            "rule": f"one of: {', '.join(parameters.targets)}"[:500],
            "fix": "Make the code again with the right address.",
        }


def _split(value: str) -> SplitResult | None:
    try:
        return urlsplit(value.strip())
    except ValueError:
        return None


def _leads_to(value: str, target: str) -> bool:
    """The same host and a path at or below the target's: brand.com.example is not brand.com."""
    if value == target:
        return True
    one = _split(value)
    other = _split(target if "://" in target else f"https://{target}")
    if one is None or other is None or not other.hostname:
        return False
    if _host(one) != _host(other):
        return False
    if "://" in target and one.scheme.lower() != other.scheme.lower():
        return False
    base = other.path.rstrip("/")
    same_query = not other.query or one.query == other.query
    return same_query and (one.path == base or one.path.startswith(f"{base}/"))


def _host(address: SplitResult) -> tuple[str | None, int | None]:
    """A port that is no number leads nowhere."""
    try:
        return address.hostname, address.port
    except ValueError:
        return None, -1


def _absent() -> Finding:
    return Finding(
        severity="critical",
        message="No QR code that can be read was found.",
        measured="none",
        rule="a readable QR code",
        fix="Place the code, or look whether it is too small, too pale or covered.",
    )


CHECK = ExactCheck(
    measures="QR codes: where they lead, size of their squares, clear space around",
    unit="modules, px, mm on PDF pages",
    parameters=QrTarget,
    measure=measure,
    example={"targets": ["https://www.example.com/summer"], "required": True},
)
