"""The operators of content streams: what each does to the state or paints."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pikepdf

from services.qc.preflight import objects, paths, pictures, texts
from services.qc.preflight.facts import Colour, Layer, Space
from services.qc.preflight.geometry import times
from services.qc.preflight.lexer import PATH
from services.qc.preflight.spaces import CMYK, GREY, PATTERN, RGB
from services.qc.preflight.walker import Walker

Act = Callable[[Walker, list[Any]], None]
MOST_VALUES = 32


def _concatenate(walker: Walker, operands: list[Any]) -> None:
    a, b, c, d, e, f = map(float, operands[-6:])
    walker.state.ctm = times((a, b, c, d, e, f), walker.state.ctm)


def _width(walker: Walker, operands: list[Any]) -> None:
    walker.state.line_width = abs(float(operands[-1]))


def _graphics_state(walker: Walker, operands: list[Any]) -> None:
    states = objects.dictionary(walker.resources, "/ExtGState")
    for key, value in objects.items(objects.get(states, f"/{operands[-1]}")):
        set_one = _FROM_DICTIONARY.get(key)
        if set_one:
            set_one(walker, value)


def _look(**names: Callable[[Any], Any]) -> Act:
    def change(walker: Walker, value: Any) -> None:
        changes = {name: convert(value) for name, convert in names.items()}
        walker.state.look = replace(walker.state.look, **changes)

    return change


def _overprint_both(walker: Walker, value: Any) -> None:
    """OP without op sets both; op, when it is there, comes after OP in the order of keys."""
    on = objects.truth(value)
    walker.state.look = replace(walker.state.look, fill_overprint=on, stroke_overprint=on)


def _blend(value: Any) -> str:
    names = objects.elements(value, 1) or [value]
    return objects.name(names[0]).replace("Compatible", "Normal") or "Normal"


def _font_of_state(walker: Walker, value: Any) -> None:
    font, size = objects.elements(value, 2)
    walker.state.font = walker.shared.fonts.of(font)
    walker.state.size = objects.number(size)


def _width_of_state(walker: Walker, value: Any) -> None:
    walker.state.line_width = abs(objects.number(value, 1.0))


_FROM_DICTIONARY: dict[str, Act] = {
    "/OP": _overprint_both,
    "/op": _look(fill_overprint=objects.truth),
    "/OPM": _look(overprint_mode=objects.whole),
    "/ca": _look(fill_alpha=lambda value: objects.number(value, 1.0)),
    "/CA": _look(stroke_alpha=lambda value: objects.number(value, 1.0)),
    "/BM": _look(blend=_blend),
    "/SMask": _look(soft_mask=lambda value: isinstance(value, pikepdf.Dictionary)),
    "/LW": _width_of_state,
    "/Font": _font_of_state,
}


def _set_colour(walker: Walker, stroking: bool, colour: Colour, pattern: Any = None) -> None:
    if stroking:
        walker.state.stroke, walker.state.stroke_pattern = colour, pattern
    else:
        walker.state.fill, walker.state.fill_pattern = colour, pattern


def _device(space: Space, stroking: bool) -> Act:
    def act(walker: Walker, operands: list[Any]) -> None:
        values = tuple(_unit(value) for value in operands[-space.components :])
        _set_colour(walker, stroking, Colour(space, values))

    return act


def _unit(value: Any) -> float:
    return min(1.0, max(0.0, float(value)))


def _space(stroking: bool) -> Act:
    def act(walker: Walker, operands: list[Any]) -> None:
        space = walker.shared.spaces.named(operands[-1], walker.resources)
        _set_colour(walker, stroking, Colour(space, _initial(space)))

    return act


def _initial(space: Space) -> tuple[float, ...]:
    if space.family == "spot" or space.kind == "Separation":
        return (1.0,) * space.components
    if space.family == "cmyk":
        return (0.0, 0.0, 0.0, 1.0)
    return (0.0,) * space.components


def _values(stroking: bool) -> Act:
    def act(walker: Walker, operands: list[Any]) -> None:
        current = walker.state.stroke if stroking else walker.state.fill
        if operands and isinstance(operands[-1], str):
            patterns = objects.dictionary(walker.resources, "/Pattern")
            pattern = objects.get(patterns, f"/{operands[-1]}")
            space = current.space if current.space.kind == "Pattern" else PATTERN
            _set_colour(walker, stroking, Colour(space), pattern)
            return
        clip = _unit if current.space.kind not in ("Lab", "Indexed") else float
        values = tuple(clip(value) for value in operands[-MOST_VALUES:])
        _set_colour(walker, stroking, Colour(current.space, values))

    return act


def _begin_marked(walker: Walker, operands: list[Any]) -> None:
    walker.layers.append(None)


def _begin_layer(walker: Walker, operands: list[Any]) -> None:
    layer = None
    if operands[0] == "OC" and isinstance(operands[-1], str):
        properties = objects.dictionary(walker.resources, "/Properties")
        layer = layer_of(walker, objects.get(properties, f"/{operands[-1]}"))
    walker.layers.append(layer)


def layer_of(walker: Walker, value: Any) -> Layer | None:
    """Of a layer's dictionary, or of the first layer that a membership names."""
    known = walker.shared.layers
    members = objects.get(value, "/OCGs")
    for one in [value, members, *objects.elements(members, 100)]:
        key = objects.key_of(one)
        if key in known:
            return known[key]
    return None


def _end_marked(walker: Walker, operands: list[Any]) -> None:
    if walker.layers:
        walker.layers.pop()


OPERATORS: dict[bytes, Act] = {
    b"q": lambda walker, _: walker.save(),
    b"Q": lambda walker, _: walker.restore(),
    b"cm": _concatenate,
    b"w": _width,
    b"gs": _graphics_state,
    b"g": _device(GREY, False),
    b"G": _device(GREY, True),
    b"rg": _device(RGB, False),
    b"RG": _device(RGB, True),
    b"k": _device(CMYK, False),
    b"K": _device(CMYK, True),
    b"cs": _space(False),
    b"CS": _space(True),
    b"sc": _values(False),
    b"SC": _values(True),
    b"scn": _values(False),
    b"SCN": _values(True),
    b"BMC": _begin_marked,
    b"BDC": _begin_layer,
    b"EMC": _end_marked,
    PATH: paths.run,
    **paths.OPERATORS,
    **texts.OPERATORS,
    **pictures.OPERATORS,
}
