"""A plan to change many profiles, as it is kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from libs.contracts.bulk import Operation, Selection, State
from services.profiles.domain.family import Family, Version

LeftOut = Literal["not_allowed", "shared"]


@dataclass(frozen=True, slots=True)
class Step:
    """That it was committed, or undone."""

    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Item:
    """A profile as it was when the plan was made.

    `content_hash` is that of the planned outcome, None when there can be none; `result` is the
    version that the commit made.
    """

    slug: str
    base_version: int
    base_revision: int
    content_hash: str | None
    left_out: LeftOut | None = None
    result: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    bulk_id: UUID
    selection: Selection
    operations: Sequence[Operation]
    note: str
    unchanged: int
    created_at: datetime
    created_by: str
    commit: Step | None = None
    undo: Step | None = None
    changes: int = 0

    @property
    def state(self) -> State:
        if self.undo:
            return "undone"
        return "committed" if self.commit else "planned"


@dataclass(frozen=True, slots=True)
class Subject:
    """A family with one of its versions."""

    family: Family
    version: Version


def reach(families: Sequence[Family]) -> list[str]:
    """The clients that changes of these families reach; `*` for a client of whatever name."""
    if any(family.audience.visibility == "all" for family in families):
        return ["*"]
    return sorted({client for family in families for client in family.audience.clients})
