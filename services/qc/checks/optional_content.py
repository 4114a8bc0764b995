"""Layers of a PDF: its optional content groups."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf

from services.qc.domain.creative import Unreadable
from services.qc.domain.facts import Layer

MAX_LAYERS, MAX_DEPTH = 5_000, 20


def optional_content(path: Path) -> tuple[Layer, ...]:
    """In the order in which a viewer lists them. Raises Unreadable."""
    try:
        with pikepdf.open(path) as pdf:
            properties = pdf.Root.get("/OCProperties")
            if not isinstance(properties, pikepdf.Dictionary):
                return ()
            return tuple(_layers(properties))
    except (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError) as error:
        detail = "The layers of the PDF cannot be read. Export it again."
        raise Unreadable("damaged", detail) from error


def _layers(properties: Any) -> Iterator[Layer]:
    default = properties.get("/D", pikepdf.Dictionary())
    off = {group.objgen for group in default.get("/OFF", [])}
    on = {group.objgen for group in default.get("/ON", [])}
    all_off = default.get("/BaseState") == "/OFF"
    paths = dict(_paths(default.get("/Order", []), (), MAX_DEPTH))
    for group in list(properties.get("/OCGs", []))[:MAX_LAYERS]:
        yield Layer(
            name=str(group.get("/Name", ""))[:200].strip(),
            kind="optional",
            path=paths.get(group.objgen, ()),
            hidden=group.objgen in off or (all_off and group.objgen not in on),
        )


def _paths(
    order: Any, path: tuple[str, ...], depth: int
) -> Iterator[tuple[tuple[int, int], tuple[str, ...]]]:
    """A list after a group holds what is inside it; its first word may be a label."""
    inside = path
    for number, item in enumerate(order):
        if isinstance(item, pikepdf.Array):
            if depth:
                yield from _paths(item, inside, depth - 1)
        elif isinstance(item, pikepdf.String) and not number:
            path = inside = (*path, str(item))
        elif isinstance(item, pikepdf.Dictionary):
            yield item.objgen, path
            inside = (*path, str(item.get("/Name", "")))
