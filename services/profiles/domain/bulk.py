"""What operations make of a version."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import singledispatch

from pydantic import ValidationError

from libs.contracts.bulk import (
    AddCheck,
    Operation,
    RemoveCheck,
    SetCheck,
    SetThreshold,
    SwapModel,
)
from libs.contracts.profiles import MAX_CHECKS, Check
from services.profiles.domain.content import Content, content_hash

ChecksOf = Mapping[str, Check]


def operated(content: Content, operations: Iterable[Operation]) -> Content:
    """The content after all of them. What an operation does not find stays as it is.

    Raises ValueError, with a sentence, for an outcome that no profile can have.
    """
    for operation in operations:
        content = _operate(operation, content)
    if not content.checks:
        raise ValueError("no check would be left")
    if len(content.checks) > MAX_CHECKS:
        raise ValueError(f"there would be more than {MAX_CHECKS} checks")
    content_hash(content)
    return content


def sought_by(operations: Iterable[Operation]) -> tuple[set[str], set[str]] | None:
    """Ids of checks and models, one of which a profile must have for them to change anything.

    None when they may change any profile.
    """
    checks, models = set[str](), set[str]()
    for operation in operations:
        if isinstance(operation, SetCheck | RemoveCheck):
            checks.add(operation.check_id)
        elif isinstance(operation, SwapModel):
            models.add(operation.model)
        else:
            return None
    return checks, models


@singledispatch
def _operate(operation: Operation, content: Content) -> Content:
    raise TypeError(f"unknown operation {operation.op}")


@_operate.register
def _(operation: SetThreshold, content: Content) -> Content:
    return replace(content, pass_threshold=operation.pass_threshold)


@_operate.register
def _(operation: SwapModel, content: Content) -> Content:
    def swapped(check: Check) -> Check:
        if operation.model not in check.models:
            return check
        models = [operation.by if one == operation.model else one for one in check.models]
        return check.model_copy(update={"models": list(dict.fromkeys(models))})

    return replace(content, checks={name: swapped(one) for name, one in content.checks.items()})


@_operate.register
def _(operation: AddCheck, content: Content) -> Content:
    there = content.checks.get(operation.check_id)
    if there is not None and there.model_dump() != operation.check.model_dump():
        raise ValueError(f"there is another check {operation.check_id} already")
    return replace(content, checks={**content.checks, operation.check_id: operation.check})


@_operate.register
def _(operation: SetCheck, content: Content) -> Content:
    there = content.checks.get(operation.check_id)
    if there is None:
        return content
    fields = there.model_dump()
    fields |= operation.model_dump(include={"weight", "critical"}, exclude_none=True)
    given = fields["parameters"] | operation.parameters
    fields["parameters"] = {name: value for name, value in given.items() if value is not None}
    try:
        check = Check.model_validate(fields)
    except ValidationError as error:
        wrong = error.errors(include_url=False, include_context=False)[0]
        raise ValueError(f"{operation.check_id}: {wrong['msg']}") from error
    return replace(content, checks={**content.checks, operation.check_id: check})


@_operate.register
def _(operation: RemoveCheck, content: Content) -> Content:
    left = {name: one for name, one in content.checks.items() if name != operation.check_id}
    return replace(content, checks=left)
