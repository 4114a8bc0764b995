"""Careful access to the objects of a PDF: wrong types give the default, never an error."""

from collections.abc import Iterator
from typing import Any

import pikepdf

from services.qc.preflight.geometry import FAR, Box, Matrix

MOST_ITEMS = 20_000
MOST_NAME_NODES = 2_000


def get(holder: Any, key: str, default: Any = None) -> Any:
    """The value of a dictionary or stream; the default where there is none."""
    if not isinstance(holder, pikepdf.Dictionary | pikepdf.Stream):
        return default
    try:
        value = holder.get(key)
    except (ValueError, TypeError, pikepdf.PdfError):
        return default
    return default if value is None else value


def dictionary(holder: Any, key: str) -> Any:
    """The dictionary or stream there, else an empty dictionary."""
    value = get(holder, key)
    if isinstance(value, pikepdf.Dictionary | pikepdf.Stream):
        return value
    return pikepdf.Dictionary()


def items(value: Any) -> Iterator[tuple[str, Any]]:
    """In the order of the keys, capitals first."""
    if not isinstance(value, pikepdf.Dictionary):
        return
    for count, key in enumerate(sorted(value.keys())):
        if count >= MOST_ITEMS:
            return
        yield key, get(value, key)


def elements(value: Any, most: int = MOST_ITEMS) -> list[Any]:
    if not isinstance(value, pikepdf.Array):
        return []
    return [value[index] for index in range(min(len(value), most))]


def number(value: Any, default: float = 0.0) -> float:
    if isinstance(value, bool):
        return default
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return default
    return found if -FAR < found < FAR else default


def whole(value: Any, default: int = 0) -> int:
    return int(number(value, default))


def name(value: Any) -> str:
    """The text of a name or string, without the slash; empty for anything else."""
    if not isinstance(value, pikepdf.Name | pikepdf.String | str):
        return ""
    try:
        return str(value).removeprefix("/")
    except ValueError:
        return ""


def truth(value: Any) -> bool:
    return value is True or (isinstance(value, pikepdf.Object) and str(value) == "True")


def box(value: Any) -> Box | None:
    """A rectangle with its corners in order; None when it is none or has no area."""
    corners = elements(value, 4)
    if len(corners) != 4:
        return None
    x0, y0, x1, y1 = (number(corner) for corner in corners)
    found = min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)
    return found if found[2] > found[0] and found[3] > found[1] else None


def matrix(value: Any) -> Matrix | None:
    parts = elements(value, 6)
    if len(parts) != 6:
        return None
    a, b, c, d, e, f = (number(part) for part in parts)
    return a, b, c, d, e, f


def key_of(value: Any) -> tuple[int, int] | None:
    """What tells an indirect object from others; None for a direct one."""
    try:
        found = value.objgen
    except (AttributeError, ValueError):
        return None
    return None if found == (0, 0) else found


def name_tree(root: Any) -> list[str]:
    """The keys of a name tree, in order, without running in circles."""
    found: list[str] = []
    waiting, seen = [root], 0
    while waiting and seen < MOST_NAME_NODES:
        node = waiting.pop()
        seen += 1
        found += [name(key) for key in elements(get(node, "/Names"))[0::2]]
        waiting += elements(get(node, "/Kids"))[::-1]
    return found
