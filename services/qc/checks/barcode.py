"""Exact check: whether barcodes decode, hold the right value and have room beside them."""

from collections.abc import Iterator

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding
from services.qc.checks.measured import (
    BadParameter,
    ExactCheck,
    Measured,
    Parameters,
    judged,
    not_applicable,
)
from services.qc.checks.seen import Barcode as Seen
from services.qc.checks.subject import Subject

QUIET_MODULES = {"EAN-13": (11, 7), "EAN-8": (7, 7), "UPC-A": (9, 9), "UPC-E": (9, 7)}
"""Clear space left and right, in narrowest bars. Source: GS1 General Specifications, 5.2."""

BAR_MM = 0.33
"""Narrowest bar of a retail code at 100 %. Source: GS1 General Specifications, 5.2."""

RETAIL = ("EAN-13", "EAN-8", "UPC-A", "UPC-E")
ITF_BAR_MM = (0.495, 1.016)
"""Narrowest bar of an ITF-14 on a trade unit. Source: GS1 General Specifications, 5.12."""

ITF = ("ITF-14", "ITF")
SIZE_TOLERANCE = dict.fromkeys(ITF, 0.13)
"""Beside 0.03 for the picture's pixels: an ITF's wide bars may be of 2.25 to 3 narrow ones."""

CHECKED_LENGTHS = (8, 12, 13, 14)


class Barcode(Parameters):
    required: bool = Field(default=False, description="Whether a readable barcode must be there")
    expected: str | None = Field(
        default=None, min_length=1, max_length=200, description="Value that one barcode must hold"
    )
    quiet_zone: bool = Field(
        default=True, description="Whether retail codes need their clear space (GS1)"
    )
    quiet_zone_tolerance: float = Field(
        default=0.5, ge=0, le=5, description="Allowed lack of clear space, in narrowest bars"
    )
    min_magnification: float = Field(
        default=0.8, gt=0, le=10, description="Least size of a retail code; 1 is 100 %"
    )
    max_magnification: float = Field(
        default=2.0, gt=0, le=10, description="Greatest size of a retail code; 1 is 100 %"
    )
    print_width_mm: float | None = Field(
        default=None,
        gt=0,
        le=20_000,
        description="Width at which a picture is printed; a PDF page tells its own",
    )


def measure(subject: Subject, parameters: Barcode) -> Measured:
    """Score: 0 or 100. No barcode at all is a fault only when one is required or expected.

    A QR or Aztec code is judged by `qr_target`; here it counts when it has the expected value.
    """
    if parameters.expected is not None and not _check_digit_fits(parameters.expected):
        raise BadParameter("expected: its last digit is not its check digit")
    seen = [
        (page.number, code)
        for page in subject.pages
        for code in subject.barcodes(page)
        if not _leads_somewhere(code) or code.value == parameters.expected
    ]
    read = [(number, code) for number, code in seen if code.value is not None]
    sized = [(n, code, _bar_mm(subject, n, code, parameters)) for n, code in seen]
    measurements = {**subject.seen_pages(), "barcodes": [_facts(*one) for one in sized]}
    wanted = parameters.required or parameters.expected is not None
    if not seen and not wanted:
        return not_applicable("No barcode was found.", measurements)
    findings = [f for number, code in read for f in _quiet_zone(number, code, parameters)]
    findings += [f for one in sized for f in _size(*one, parameters)]
    findings += _unreadable(seen, wanted and not read)
    if not seen:
        findings.append(_absent())
    elif parameters.expected is not None:
        findings += _value(read, parameters.expected)
    if not read and not findings:
        reason = "Bars were seen that do not decode; no barcode is required."
        return not_applicable(reason, measurements)
    return judged(findings, measurements)


def _leads_somewhere(code: Seen) -> bool:
    """A code for people's telephones, beside the one for the till."""
    return "QR" in code.kind or "Aztec" in code.kind


def _check_digit_fits(value: str) -> bool:
    """GS1 check digit: weights 3 and 1 from the right. Other values have none to judge."""
    if not value.isdecimal() or len(value) not in CHECKED_LENGTHS:
        return True
    weighted = sum(int(c) * (3 if at % 2 else 1) for at, c in enumerate(reversed(value)))
    return weighted % 10 == 0


def _facts(page: int, code: Seen, bar_mm: float | None) -> JsonValue:
    quiet: JsonValue = list(code.quiet_modules) if code.quiet_modules else None
    return {
        "page": page,
        "kind": code.kind,
        "value": code.value,
        "quiet_modules": quiet,
        "module_mm": round(bar_mm, 3) if bar_mm else None,
    }


def _bar_mm(subject: Subject, number: int, code: Seen, parameters: Barcode) -> float | None:
    page = next(page for page in subject.pages if page.number == number)
    width_mm = page.width_mm or parameters.print_width_mm
    if code.module_px is None or width_mm is None:
        return None
    return code.module_px * width_mm / float(subject.rgb(page).shape[1])


def _size(page: int, code: Seen, bar_mm: float | None, parameters: Barcode) -> Iterator[Finding]:
    if code.kind in RETAIL:
        least, most = parameters.min_magnification * BAR_MM, parameters.max_magnification * BAR_MM
    elif code.kind in ITF:
        least, most = ITF_BAR_MM
    else:
        return
    slack = SIZE_TOLERANCE.get(code.kind, 0.03)
    if bar_mm is None or least * (1 - slack) <= bar_mm <= most * (1 + slack):
        return
    nominal = f" ({100 * bar_mm / BAR_MM:.0f} %)" if code.kind in RETAIL else ""
    yield Finding(
        severity="major",
        message=f"The barcode is printed too {'small' if bar_mm < least else 'large'}.",
        measured=f"narrowest bar {bar_mm:.3f} mm{nominal}",
        rule=f"{least:.3f} to {most:.3f} mm ({code.kind})",
        evidence=code.value,
        fix=f"Place it {100 * (least if bar_mm < least else most) / bar_mm:.0f} % as large.",
        page=page,
        region=code.region,
    )


def _quiet_zone(page: int, code: Seen, parameters: Barcode) -> Iterator[Finding]:
    if not parameters.quiet_zone or code.quiet_modules is None or code.kind not in QUIET_MODULES:
        return
    for side, clear, needed in zip(
        ("left", "right"), code.quiet_modules, QUIET_MODULES[code.kind], strict=True
    ):
        if clear + parameters.quiet_zone_tolerance < needed:
            yield Finding(
                severity="major",
                message=f"The clear space {side} of the barcode is too narrow.",
                measured=f"{clear:.1f} modules",
                rule=f"at least {needed} modules ({code.kind})",
                evidence=code.value,
                fix="Move print away from the bars or make the light box wider.",
                page=page,
                region=code.region,
            )


def _unreadable(seen: list[tuple[int, Seen]], bars_count: bool) -> Iterator[Finding]:
    """A retail code with an error always counts, mere bars only when nothing else was read."""
    for page, code in seen:
        if code.value is None and (code.kind != "bars" or bars_count):
            yield Finding(
                severity="critical",
                message=f"The barcode cannot be read{f': {code.problem}' if code.problem else ''}.",
                measured="does not decode",
                rule="decodes with a correct check digit",
                fix="Place the barcode again as vector art, uncovered and not scaled unevenly.",
                page=page,
                region=code.region,
            )


def _absent() -> Finding:
    return Finding(
        severity="critical",
        message="No barcode was found.",
        measured="none",
        rule="a readable barcode",
        fix="Place the barcode, or look whether it is too small or too blurred to be read.",
    )


def _value(read: list[tuple[int, Seen]], expected: str) -> Iterator[Finding]:
    values = [code.value or "" for _, code in read]
    if not read or _plain(expected) in [_plain(value) for value in values]:
        return
    page, code = read[0]
    yield Finding(
        severity="critical",
        message="The barcode holds another value than expected.",
        measured=", ".join(values),
        rule=expected,
        fix="Place the barcode of this product.",
        page=page,
        region=code.region,
    )


def _plain(value: str) -> str:
    """A UPC-A is an EAN-13 with a leading 0."""
    return value.zfill(13) if value.isdecimal() and len(value) == 12 else value


CHECK = ExactCheck(
    measures="Barcodes: value, check digit, clear space beside them, printed size",
    unit="modules, mm",
    parameters=Barcode,
    measure=measure,
    example={"required": True, "expected": "5012345678900"},
    version=2,
)
