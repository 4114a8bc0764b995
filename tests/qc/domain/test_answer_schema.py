"""The form in which a model is asked to answer."""

from collections.abc import Iterator
from typing import Any

from services.qc.domain.answer_schema import answers_schema
from services.qc.domain.fill import ANSWER_FIELDS, FINDING_FIELDS

SCHEMA = answers_schema(["tone", "logo"])


def objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object":
            yield schema
        for part in schema.values():
            yield from objects(part)
    if isinstance(schema, list):
        for part in schema:
            yield from objects(part)


def test_every_object_of_the_schema_is_strict() -> None:
    found = list(objects(SCHEMA))

    assert len(found) == 4
    for schema in found:
        assert schema["additionalProperties"] is False
        assert schema["required"] == list(schema["properties"])


def test_evidence_is_written_before_the_verdict_and_the_verdict_before_the_score() -> None:
    schema: Any = SCHEMA
    properties = schema["properties"]["answers"]["items"]["properties"]

    assert list(properties) == ["check_id", "evidence", "verdict", "score", "findings"]
    assert tuple(properties)[1:4] == ANSWER_FIELDS
    assert tuple(properties["findings"]["items"]["properties"]) == FINDING_FIELDS


def test_the_schema_uses_only_keywords_that_both_vendors_take() -> None:
    words = {word for schema in objects(SCHEMA) for word in schema}
    words |= {w for s in objects(SCHEMA) for part in s["properties"].values() for w in part}

    assert words <= {
        "type", "additionalProperties", "required", "properties", "items", "enum", "anyOf",
        "description",
    }  # fmt: skip


def test_the_schema_is_the_same_whatever_the_order_of_the_checks() -> None:
    assert answers_schema(["a", "b"]) == answers_schema(["b", "a"])
