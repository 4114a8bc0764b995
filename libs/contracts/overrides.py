"""What a reviewer says of a result: kept beside what was found, which stays as it is."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from libs.contracts.common import Reply

Percent = Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)]
ReviewState = Literal["passed", "failed", "unsure", "not_applicable"]
"""What a person can say of a check; the other states are the machine's own troubles."""


class Override(Reply):
    """One word of a reviewer about one check; `number` counts from 1, the last one counts.

    `state` null takes back what was said before: what was found counts again. One that says
    what was found confirms it.
    """

    number: int
    state: ReviewState | None
    score: Percent | None = None
    reason: str = ""
    by_id: str
    by_name: str
    at: datetime


class FoundResult(Reply):
    """What a check found by itself, before a reviewer said otherwise."""

    state: str
    score: Percent | None = None


class FoundVerdict(Reply):
    """What an analysis came to by itself, before a reviewer said otherwise of a check."""

    verdict: Literal["pass", "fail", "incomplete"]
    score: Percent | None
    coverage: Percent | None
