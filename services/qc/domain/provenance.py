"""What a report's results follow from, as hashes and names that can be checked."""

import json
from collections.abc import Mapping
from hashlib import sha256

from libs.contracts.qc import Analysis, CheckResult
from libs.contracts.review import Asked, Provenance


def provenance(analysis: Analysis) -> Provenance:
    """Of the analysis as it counts, with its overrides."""
    asked = [_asked(result) for result in analysis.checks if result.model_served]
    return Provenance(
        input_sha256=analysis.creative.sha256,
        profile_id=analysis.profile_id,
        profile_version=analysis.profile_version,
        profile_sha256=analysis.profile_hash,
        references={f"{one.kind}: {one.name}": one.sha256 for one in analysis.given.assets},
        asked=asked,
        models=sorted({one.model_served for one in asked if one.model_served}),
        cost_usd=analysis.cost_usd,
        unknown_calls=analysis.unknown_calls,
        result_sha256=json_sha256(analysis.model_dump(mode="json")),
    )


def _asked(result: CheckResult) -> Asked:
    return Asked(
        check_id=result.check_id,
        prompt_sha256=result.prompt_hash,
        schema_sha256=result.schema_hash,
        model_requested=result.model_requested,
        model_served=result.model_served,
        attempted_models=result.attempted_models,
        fallback_reason=result.fallback_reason,
    )


def json_sha256(document: Mapping[str, object]) -> str:
    """Of the JSON in UTF-8 with sorted keys and without blanks."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
