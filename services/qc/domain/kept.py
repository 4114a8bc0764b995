"""What a measurement follows from, as one key: the same key stands for the same result."""

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256

from pydantic import JsonValue

from libs.contracts.qc import CheckResult, CheckState, Creative
from services.qc.domain.brief import Brief

LASTING: frozenset[CheckState] = frozenset(
    {"passed", "failed", "unsure", "not_applicable", "missing_input"}
)
"""An error is no property of the file: it is measured again."""


MEASURED = {"state", "score", "findings", "measurements", "reason"}


def result_key(
    engine: Mapping[str, JsonValue],
    creative: Creative,
    measure: tuple[str, int],
    parameters: Mapping[str, JsonValue],
    brief: Brief,
) -> str:
    """SHA-256 in hex over all that an exact check can look at.

    `engine` is what decodes and reads; `measure` the check's name and version; `parameters` are
    those of a full check, defaults written out. The whole brief and the file's name count for every
    check, whether it looks at them or not: a stale result is worse than one measured twice.
    Raises ValueError for a reference file whose content is not known by its hash.
    """
    return _digest(
        {
            "engine": dict(engine),
            "creative": [creative.sha256, creative.file_name],
            "measure": list(measure),
            "parameters": dict(parameters),
            "brief": _without_paths(brief),
        }
    )


def to_keep(results: Iterable[CheckResult], keys: Mapping[str, str]) -> dict[str, JsonValue]:
    """By key, what was measured just now and would be measured the same again."""
    return {
        keys[result.check_id]: result.model_dump(mode="json", include=MEASURED)
        for result in results
        if result.check_id in keys and result.state in LASTING and not result.cached
    }


def file_key(engine: Mapping[str, JsonValue], sha256: str, what: str) -> str:
    """The key of something that follows from the file alone: `facts`, `previews`."""
    return _digest({"engine": dict(engine), "file": sha256, "what": what})


def _without_paths(brief: Brief) -> dict[str, JsonValue]:
    files = [file for files in brief.references.values() for file in files]
    if not all(file.sha256 for file in files):
        raise ValueError("a reference file without the hash of its content")
    paths = {kind: {"__all__": {"path"}} for kind in brief.references}
    told: dict[str, JsonValue] = brief.model_dump(mode="json", exclude={"references": paths})
    return told


def _digest(facts: Mapping[str, JsonValue]) -> str:
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
