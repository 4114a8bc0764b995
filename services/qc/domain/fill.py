"""How much of the asked form a model filled in."""

from collections.abc import Mapping

ANSWER_FIELDS = ("evidence", "verdict", "score")
FINDING_FIELDS = ("severity", "message", "evidence", "fix", "box")


def fill_percentage(answer: Mapping[str, object]) -> float:
    """Share of the answer's fields that hold something, 0-100.

    The fields are those of the answer and those of every finding that it lists; a missing
    field counts as empty. Null, a blank string and an empty list or object are empty; 0 and
    false are not. A box is one field. An empty list of findings adds no fields: that nothing
    was found is an answer.
    """
    filled = [_is_filled(answer.get(field)) for field in ANSWER_FIELDS]
    findings = answer.get("findings")
    for finding in findings if isinstance(findings, list) else []:
        if isinstance(finding, Mapping):
            filled += [_is_filled(finding.get(field)) for field in FINDING_FIELDS]
    return 100 * sum(filled) / len(filled)


def _is_filled(value: object) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and value != [] and value != {}
