"""The result of a check, from what was measured or from why it was not."""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from libs.contracts.profiles import Check
from libs.contracts.qc import CheckResult, CheckState


def question(check_id: str, check: Check) -> dict[str, JsonValue]:
    """What a child is asked to measure."""
    return {"measure": check.measure or check_id, "parameters": check.parameters}


def result_of(check_id: str, check: Check, measured: Mapping[str, Any]) -> CheckResult:
    """`measured` as a check returns it, with `duration_ms` or `cached` beside.

    Raises ValidationError when it is no outcome.
    """
    of_profile = {"check_id": check_id, "weight": check.weight, "critical": check.critical}
    return CheckResult.model_validate({**measured, **of_profile})


def without_score(check_id: str, check: Check, state: CheckState, reason: str) -> CheckResult:
    """Raises ValidationError for a state that is none."""
    return result_of(check_id, check, {"state": state, "reason": reason})
