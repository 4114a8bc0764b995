"""Operations as a person types them."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

from pydantic import JsonValue, ValidationError

from libs.contracts.bulk import (
    AddCheck,
    BulkOrder,
    Operation,
    RemoveCheck,
    Selection,
    SetCheck,
    SetThreshold,
    SwapModel,
)
from libs.contracts.profiles import Check
from libs.problems import Invalid

Made = TypeVar("Made")
OWN_FIELDS = ("weight", "critical")


def order_of(
    selection: Callable[[], Selection], operations: Iterable[Operation], note: str
) -> BulkOrder:
    """Raises Invalid, which names what is wrong."""
    return _checked(
        lambda: BulkOrder(selection=selection(), operations=list(operations), note=note)
    )


def thresholds(value: float | None) -> Iterator[Operation]:
    if value is not None:
        yield _checked(partial(SetThreshold, pass_threshold=value))


def swaps(given: Sequence[str]) -> Iterator[Operation]:
    """Each as `openai/gpt-4o=openai/gpt-5.1`."""
    for text in given:
        model, by = _pair(text, "--swap-model OLD=NEW")
        yield _checked(partial(SwapModel, model=model, by=by))


def additions(given: Sequence[str]) -> Iterator[Operation]:
    """Each as `legal_line=FILE`, a file with the JSON of one check."""
    for text in given:
        check_id, file = _pair(text, "--add-check ID=FILE")
        check = _checked(partial(Check.model_validate_json, Path(file).read_bytes()))
        yield _checked(partial(AddCheck, check_id=check_id, check=check))


def settings(given: Sequence[str]) -> Iterator[Operation]:
    """Each as `logo_visibility.weight=2`, `….critical=true` or `….min_width_px=80`, a parameter.

    The value is JSON, or else a text; null takes a parameter away.
    """
    for text in given:
        path, written = _pair(text, "--set CHECK.FIELD=VALUE")
        check_id, dot, name = path.partition(".")
        if not dot or not name:
            raise Invalid("bad_order", f"--set {text}: write it as CHECK.FIELD=VALUE.")
        value = _value(written)
        fields = {name: value} if name in OWN_FIELDS else {"parameters": {name: value}}
        yield _checked(partial(SetCheck.model_validate, {"check_id": check_id, **fields}))


def removals(given: Sequence[str]) -> Iterator[Operation]:
    for check_id in given:
        yield _checked(partial(RemoveCheck, check_id=check_id))


def _pair(text: str, form: str) -> tuple[str, str]:
    left, equals, right = text.partition("=")
    if not equals or not left or not right:
        raise Invalid("bad_order", f"{text!r}: write it as {form}.")
    return left, right


def _value(written: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(written)
    except ValueError:
        return written
    return value


def _checked(make: Callable[[], Made]) -> Made:
    try:
        return make()
    except ValidationError as error:
        wrong = [
            f"{'.'.join(map(str, one['loc'])) or 'the order'}: {_said(one['msg'])}"
            for one in error.errors(include_url=False, include_context=False)[:10]
        ]
        raise Invalid("bad_order", f"{'; '.join(wrong)}.") from error


def _said(message: str) -> str:
    return message.removeprefix("Value error, ")
