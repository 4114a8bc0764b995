"""Text: where each string lands on the page and how large."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from services.qc.preflight import objects
from services.qc.preflight.facts import Text
from services.qc.preflight.fonts import USUAL_ASCENT, USUAL_DESCENT, Metrics
from services.qc.preflight.geometry import IDENTITY, height_scale, mean_scale, times, turned
from services.qc.preflight.lexer import SHOWN

if TYPE_CHECKING:
    from services.qc.preflight.walker import Walker

FILLED = {0, 2, 4, 6}
STROKED = {1, 2, 5, 6}


def _begin(walker: "Walker", operands: list[Any]) -> None:
    walker.pen.text = walker.pen.line = IDENTITY


def _font(walker: "Walker", operands: list[Any]) -> None:
    fonts = objects.dictionary(walker.resources, "/Font")
    walker.state.font = walker.shared.fonts.of(objects.get(fonts, f"/{operands[-2]}"))
    walker.state.size = float(operands[-1])


def _set(name: str, factor: float = 1.0) -> Callable[["Walker", list[Any]], None]:
    def act(walker: "Walker", operands: list[Any]) -> None:
        setattr(walker.state, name, float(operands[-1]) * factor)

    return act


def _mode(walker: "Walker", operands: list[Any]) -> None:
    walker.state.mode = int(operands[-1])


def _move(walker: "Walker", operands: list[Any]) -> None:
    x, y = map(float, operands[-2:])
    walker.pen.line = walker.pen.text = times((1, 0, 0, 1, x, y), walker.pen.line)


def _move_and_lead(walker: "Walker", operands: list[Any]) -> None:
    walker.state.leading = -float(operands[-1])
    _move(walker, operands)


def _matrix(walker: "Walker", operands: list[Any]) -> None:
    a, b, c, d, e, f = map(float, operands[-6:])
    walker.pen.text = walker.pen.line = (a, b, c, d, e, f)


def _next_line(walker: "Walker", operands: list[Any]) -> None:
    _move(walker, [0.0, -walker.state.leading])


def _show(walker: "Walker", operands: list[Any]) -> None:
    _show_parts(walker, [operands[-1]])


def _show_parts(walker: "Walker", parts: list[Any]) -> None:
    letters = b"".join(part for part in parts if isinstance(part, bytes))
    shifts = sum(part for part in parts if isinstance(part, float))
    _show_letters(walker, [letters, shifts])


def _show_letters(walker: "Walker", operands: list[Any]) -> None:
    """`operands` are the letters and the sum of the shifts between them."""
    state, pen, metrics = walker.state, walker.pen, walker.state.font
    text, shifts = operands
    ems, count, spaces = metrics.width(text) if metrics else (0.5 * len(text), len(text), 0)
    width = (ems - shifts / 1000) * state.size
    width = (width + count * state.letter_space + spaces * state.word_space) * state.stretch
    if count > spaces:
        ascent = metrics.ascent if metrics else USUAL_ASCENT
        descent = metrics.descent if metrics else USUAL_DESCENT
        bottom, top = state.rise + descent * state.size, state.rise + ascent * state.size
        box = turned((min(0, width), bottom, max(0, width), top), times(pen.text, state.ctm))
        _mark(walker, box, metrics)
    pen.text = times((1, 0, 0, 1, width, 0), pen.text)


def _mark(walker: "Walker", box: Any, metrics: Metrics | None) -> None:
    state, page = walker.state, walker.page
    matrix = times(walker.pen.text, state.ctm)
    size = None
    if metrics is None or metrics.em is not None:
        em = 1.0 if metrics is None or metrics.em is None else metrics.em
        size = abs(state.size) * em * height_scale(matrix) * page.unit
    if metrics:
        page.fonts.add(metrics.font)
    strokes = state.mode in STROKED
    walker.mark(
        "text",
        box,
        state.fill if state.mode in FILLED else None,
        state.stroke if strokes else None,
        state.line_width * mean_scale(state.ctm) * page.unit if strokes else None,
        text=Text(metrics.font if metrics else None, size, state.mode),
    )


def _array(walker: "Walker", operands: list[Any]) -> None:
    """A TJ that the lexer did not take as one piece."""
    _show_parts(walker, operands[-1])


def _line_and_show(walker: "Walker", operands: list[Any]) -> None:
    _next_line(walker, [])
    _show(walker, operands)


def _space_and_show(walker: "Walker", operands: list[Any]) -> None:
    walker.state.word_space, walker.state.letter_space = map(float, operands[-3:-1])
    _line_and_show(walker, operands)


OPERATORS = {
    b"BT": _begin,
    b"Tf": _font,
    b"Tc": _set("letter_space"),
    b"Tw": _set("word_space"),
    b"Tz": _set("stretch", 0.01),
    b"TL": _set("leading"),
    b"Ts": _set("rise"),
    b"Tr": _mode,
    b"Td": _move,
    b"TD": _move_and_lead,
    b"Tm": _matrix,
    b"T*": _next_line,
    b"Tj": _show,
    b"TJ": _array,
    SHOWN: _show_letters,
    b"'": _line_and_show,
    b'"': _space_and_show,
}
