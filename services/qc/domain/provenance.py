"""What a report's results follow from, as hashes and names that can be checked."""

import json
from collections.abc import Mapping
from hashlib import sha256

from libs.contracts.qc import Analysis, CheckResult
from libs.contracts.review import PromptUsed, Provenance


def provenance(analysis: Analysis) -> Provenance:
    """Of the analysis as it counts, with its overrides."""
    asked = [result for result in analysis.checks if result.model_served]
    return Provenance(
        input_sha256=analysis.creative.sha256,
        profile_id=analysis.profile_id,
        profile_version=analysis.profile_version,
        profile_sha256=analysis.profile_hash,
        references={f"{one.kind}: {one.name}": one.sha256 for one in analysis.given.assets},
        prompts=[
            PromptUsed(
                check_id=result.check_id,
                prompt_sha256=prompt_sha256(result),
                model_served=result.model_served,
            )
            for result in asked
        ],
        models=sorted({result.model_served for result in asked if result.model_served}),
        cost_usd=analysis.cost_usd,
        unknown_calls=analysis.unknown_calls,
        result_sha256=json_sha256(analysis.model_dump(mode="json")),
    )


def prompt_sha256(result: CheckResult) -> str | None:
    """Hash of all that the model was told, as it was kept with the result."""
    return result.prompt_hash


def json_sha256(document: Mapping[str, object]) -> str:
    """Of the JSON in UTF-8 with sorted keys and without blanks."""
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
