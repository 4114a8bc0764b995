"""What differs between two versions, for programs and for people."""

from datetime import datetime
from typing import Literal

from pydantic import JsonValue

from libs.contracts.common import Reply

ChangeClass = Literal["scoring", "presentation", "none"]
"""Can change a result; is read by people only; is no change of the content at all."""


class TextPart(Reply):
    """A stretch of two texts: `same` and `removed` make the old one, `same` and `added` the new."""

    op: Literal["same", "removed", "added"]
    text: str


class Difference(Reply):
    """One thing that differs.

    `path` is of the field, as `pass_threshold` or `checks.logo.parameters.min_width_px`, or of a
    whole check, as `checks.logo`, which was added, removed or moved; `before` and `after` of a
    move are its places, from 1. A value that was not there is null. `words` are for texts.
    """

    path: str
    check_id: str | None = None
    kind: Literal["added", "removed", "changed", "moved"]
    before: JsonValue = None
    after: JsonValue = None
    change_class: ChangeClass
    sentence: str
    words: list[TextPart] = []


class DiffSide(Reply):
    """The version on one side."""

    profile_id: str
    name: str
    version: int
    modified_at: datetime
    modified_by: str
    content_hash: str
    scoring_hash: str


class ProfileDiff(Reply):
    """Answer of `GET /v1/profiles/{profile_id}/diff/{other_id}`: from the first to the second.

    With `change_class` other than `scoring` the scores of the two can be compared.
    """

    before: DiffSide
    after: DiffSide
    change_class: ChangeClass
    summary: str
    differences: list[Difference]
