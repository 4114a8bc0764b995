"""Walks a page's content streams once, as a viewer would, and notes every mark that it makes."""

from collections.abc import Callable
from typing import Any

from services.qc.preflight import objects
from services.qc.preflight.facts import Colour, Image, Layer, Mark, MarkKind, PageFacts, Text
from services.qc.preflight.fonts import Fonts
from services.qc.preflight.geometry import Box, Matrix, overlap, times, turned
from services.qc.preflight.lexer import operations
from services.qc.preflight.spaces import Spaces, stream_bytes
from services.qc.preflight.state import Budget, Pen, State

MOST_SAVED = 200
MOST_FORMS_DEEP = 12
MOST_CONTENT_BYTES = 64 << 20
MOST_NOTES = 20


class Shared:
    """What all pages of a document share while they are read."""

    def __init__(self, budget: Budget, layers: dict[tuple[int, int], Layer]) -> None:
        self.budget = budget
        self.layers = layers
        self.spaces = Spaces()
        self.fonts = Fonts()


class Walker:
    def __init__(self, page: PageFacts, shared: Shared) -> None:
        self.page = page
        self.shared = shared
        self.state = State(ctm=(1.0, 0.0, 0.0, 1.0, 0.0, 0.0), clip=page.media)
        self.pen = Pen()
        self.resources: Any = None
        self.base: Matrix = self.state.ctm
        self.layers: list[Layer | None] = []
        self.within: Box | None = None
        self.walked: set[object] = set()
        self._saved: list[State] = []
        self._nested: list[object] = []

    def walk(self, data: bytes, resources: Any) -> None:
        """Raises Exhausted when the budget is spent."""
        from services.qc.preflight.operators import OPERATORS

        outer, self.resources = self.resources, resources
        depth = len(self._saved)
        try:
            for operator, operands in operations(data):
                self.shared.budget.spend()
                act: Callable[[Walker, list[Any]], None] | None = OPERATORS.get(operator)
                if act is None:
                    continue
                try:
                    act(self, operands)
                except (TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
                    self.note(f"{operator.decode('latin-1')}: {type(error).__name__}")
        finally:
            self.resources = outer
            del self._saved[max(depth, 0) :]

    def note(self, text: str) -> None:
        if len(self.page.notes) < MOST_NOTES:
            self.page.notes.append(f"Something on the page makes no sense ({text}).")

    def save(self) -> None:
        if len(self._saved) < MOST_SAVED:
            self._saved.append(self.state.copy())

    def restore(self) -> None:
        if self._saved:
            self.state = self._saved.pop()

    def form(self, stream: Any, matrix: Matrix | None) -> None:
        """A content stream in a content stream: a form or the cell of a pattern."""
        self.shared.budget.look_at_clock()
        key = objects.key_of(stream) or id(stream)
        if key in self._nested or len(self._nested) >= MOST_FORMS_DEEP:
            self.note("forms inside themselves")
            return
        resources = objects.get(stream, "/Resources", self.resources)
        kept, layers, pen = self.state.copy(), self.layers, self.pen
        base, saved = self.base, self._saved
        if matrix:
            self.state.ctm = times(matrix, self.state.ctm)
        self.base, self._saved = self.state.ctm, []
        self.layers, self.pen = list(layers), Pen()
        self._nested.append(key)
        try:
            box = objects.box(objects.get(stream, "/BBox"))
            if not box or self.clip_to(turned(box, self.state.ctm)):
                self.walk(stream_bytes(stream, MOST_CONTENT_BYTES), resources)
        finally:
            self._nested.pop()
            self.state, self.layers, self.pen = kept, layers, pen
            self.base, self._saved = base, saved

    def clip_to(self, box: Box | None) -> bool:
        """Whether anything is left to be seen."""
        seen = overlap(self.state.clip, box) if box else None
        self.state.clip = seen or (0.0, 0.0, -1.0, -1.0)
        return seen is not None

    def is_hidden(self) -> bool:
        return any(layer is not None and not layer.visible for layer in self.layers)

    def mark(
        self,
        kind: MarkKind,
        box: Box | None,
        fill: Colour | None = None,
        stroke: Colour | None = None,
        line_pt: float | None = None,
        text: Text | None = None,
        image: Image | None = None,
        lines: tuple[Box, ...] = (),
        thickness_pt: float | None = None,
    ) -> None:
        """Note what is painted, unless nobody sees it."""
        seen = self.within or (overlap(box, self.state.clip) if box else None)
        if seen is None or self.is_hidden():
            return
        self.shared.budget.marks += 1
        layer = next((layer.name for layer in reversed(self.layers) if layer), None)
        look = self.state.look
        self.page.marks.append(
            Mark(kind, seen, fill, stroke, line_pt, look, layer, text, image, lines, thickness_pt)
        )
