"""Contract of bulk edits: plan, review, commit, undo."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, JsonValue, model_validator

from libs.contracts.common import ClientId, Reply, Request
from libs.contracts.diff import Difference
from libs.contracts.profiles import (
    ChangeClass,
    Check,
    CheckId,
    ModelId,
    Percent,
    PinnedClient,
    Weight,
)

MAX_PROFILES = 500
MAX_OPERATIONS = 20
Slug = Annotated[str, Field(pattern=r"^[a-z0-9_]{1,63}$")]
Slugs = Annotated[list[Slug], Field(max_length=MAX_PROFILES)]
State = Literal["planned", "committed", "undone"]


class Selection(Request):
    """The profiles that have all of this; `profiles` are slugs.

    With a `client` only profiles that it alone uses, unless `include_shared` says otherwise:
    a change of the others would change what its neighbours run.
    """

    client: ClientId | None = None
    check: CheckId | None = None
    model: ModelId | None = None
    profiles: Slugs | None = None
    without: Slugs = []
    include_shared: bool = False


class SetThreshold(Request):
    op: Literal["set_threshold"] = "set_threshold"
    pass_threshold: Percent


class SwapModel(Request):
    """Ask `by` in place of `model`, at the same place in the order of asking, in every check."""

    op: Literal["swap_model"] = "swap_model"
    model: ModelId
    by: ModelId

    @model_validator(mode="after")
    def _is_another(self) -> Self:
        if self.model == self.by:
            raise ValueError("`by` must be another model")
        return self


class AddCheck(Request):
    """Append a check. A profile that has another one of that id stops the plan."""

    op: Literal["add_check"] = "add_check"
    check_id: CheckId
    check: Check


class SetCheck(Request):
    """Change a check where it exists; what is left out stays. A parameter of null goes."""

    op: Literal["set_check"] = "set_check"
    check_id: CheckId
    weight: Weight | None = None
    critical: bool | None = None
    parameters: dict[str, JsonValue] = Field(default={}, max_length=50)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.weight is None and self.critical is None and not self.parameters:
            raise ValueError("say a weight, critical or parameters")
        return self


class RemoveCheck(Request):
    op: Literal["remove_check"] = "remove_check"
    check_id: CheckId


Operation = Annotated[
    SetThreshold | SwapModel | AddCheck | SetCheck | RemoveCheck, Field(discriminator="op")
]


class BulkOrder(Request):
    """Body of `POST /v1/bulk-edits`. Operations happen in that order, in each profile.

    An empty selection means every profile that has the models and checks that are changed.
    """

    selection: Selection = Selection()
    operations: list[Operation] = Field(min_length=1, max_length=MAX_OPERATIONS)
    note: str = Field(default="", max_length=500, pattern=r"^[^\x00]*$")

    @model_validator(mode="after")
    def _selects(self) -> Self:
        chosen = self.selection.model_dump(exclude={"without", "include_shared"}).values()
        anywhere = any(one.op in {"set_threshold", "add_check"} for one in self.operations)
        if anywhere and not any(chosen):
            raise ValueError("selection: name a client, a check, a model or profiles")
        return self


class BulkItem(Reply):
    """One profile of a plan.

    `change`: the commit makes a version of it. `refused`: it cannot be, `why` tells, and stops
    the commit. `left_out`: the plan does not touch it. `stale`: it was changed since the plan.
    """

    profile: str
    name: str
    base_profile_id: str
    state: Literal["change", "refused", "left_out"]
    why: str = ""
    stale: bool = False
    change_class: ChangeClass = "none"
    differences: list[Difference] = []
    repointed_clients: list[str] = []
    pinned_clients: list[PinnedClient] = []
    profile_id: str | None = None
    """Of the version that the commit made."""


class BulkSummary(Reply):
    """A line of the list. `changes` counts profiles, `unchanged` those that were so already."""

    bulk_id: UUID
    state: State
    note: str
    created_at: datetime
    created_by: str
    committed_at: datetime | None = None
    committed_by: str | None = None
    undone_at: datetime | None = None
    undone_by: str | None = None
    unchanged: int = 0
    changes: int = 0


class BulkEdit(BulkSummary):
    """A plan with all its profiles, and what came of it.

    `changed` is false for a commit or an undo that had happened before.
    """

    selection: Selection
    operations: list[Operation]
    items: list[BulkItem]
    changed: bool = True


class BulkEdits(Reply):
    """The latest first."""

    bulk_edits: list[BulkSummary]
