"""Exact check: how heavy the file is."""

from pydantic import Field

from libs.contracts.qc import Finding
from services.qc.checks.measured import BadParameter, ExactCheck, Measured, Parameters, judged
from services.qc.checks.subject import Subject

MEGABYTE = 1_000_000


class FileWeight(Parameters):
    max_bytes: int = Field(
        default=10 * MEGABYTE, ge=1, le=10_000 * MEGABYTE, description="Heaviest file allowed"
    )
    min_bytes: int = Field(
        default=0, ge=0, le=10_000 * MEGABYTE, description="Lightest file allowed"
    )


def measure(subject: Subject, parameters: FileWeight) -> Measured:
    """Score: how near the weight is to the limit that it breaks, in percent."""
    if parameters.min_bytes > parameters.max_bytes:
        raise BadParameter("min_bytes: is greater than max_bytes")
    size = subject.creative.facts.byte_size
    if size > parameters.max_bytes:
        finding = _finding(size, f"at most {_weight(parameters.max_bytes)}", "Compress it more.")
        return judged([finding], {"bytes": size}, 100 * parameters.max_bytes / size)
    if size < parameters.min_bytes:
        fix = "Export it with less compression, from the original."
        finding = _finding(size, f"at least {_weight(parameters.min_bytes)}", fix)
        return judged([finding], {"bytes": size}, 100 * size / parameters.min_bytes)
    return judged([], {"bytes": size})


def _finding(size: int, rule: str, fix: str) -> Finding:
    weight = _weight(size)
    return Finding(
        severity="major", message=f"The file weighs {weight}.", measured=weight, rule=rule, fix=fix
    )


def _weight(size: int) -> str:
    return f"{size / MEGABYTE:.2f} MB" if size >= 100_000 else f"{size:,} bytes"


CHECK = ExactCheck(
    measures="Weight of the file",
    unit="bytes",
    parameters=FileWeight,
    measure=measure,
    example={"max_bytes": 2_000_000},
)
