"""Images, forms and shadings: what `Do`, `BI` and `sh` put on the page."""

import math
from typing import TYPE_CHECKING, Any

import pikepdf

from services.qc.preflight import objects
from services.qc.preflight.facts import Colour, Image, Space
from services.qc.preflight.geometry import Matrix, turned
from services.qc.preflight.inline import whole
from services.qc.preflight.shadings import heaviest_colour
from services.qc.preflight.spaces import GREY

if TYPE_CHECKING:
    from services.qc.preflight.walker import Walker

UNIT_SQUARE = (0.0, 0.0, 1.0, 1.0)
POINTS_PER_INCH = 72.0


def _do(walker: "Walker", operands: list[Any]) -> None:
    from services.qc.preflight.operators import layer_of

    found = objects.get(objects.dictionary(walker.resources, "/XObject"), f"/{operands[-1]}")
    if not isinstance(found, pikepdf.Stream):
        return
    walker.layers.append(layer_of(walker, objects.get(found, "/OC")))
    try:
        if objects.name(objects.get(found, "/Subtype")) == "Image":
            _image(walker, found)
        elif not walker.is_hidden():
            walker.form(found, objects.matrix(objects.get(found, "/Matrix")))
    finally:
        walker.layers.pop()


def _image(walker: "Walker", stream: Any) -> None:
    is_mask = objects.truth(objects.get(stream, "/ImageMask"))
    value = objects.get(stream, "/ColorSpace")
    space = walker.shared.spaces.of(value) if value is not None and not is_mask else None
    filters = objects.get(stream, "/Filter")
    names = [objects.name(one) for one in objects.elements(filters, 8) or [filters]]
    width = objects.whole(objects.get(stream, "/Width"))
    height = objects.whole(objects.get(stream, "/Height"))
    bits = 1 if is_mask else objects.whole(objects.get(stream, "/BitsPerComponent"), 8)
    masked = isinstance(objects.get(stream, "/SMask"), pikepdf.Stream)
    masked = masked or objects.whole(objects.get(stream, "/SMaskInData")) > 0
    _place(
        walker,
        Image(
            width_px=width,
            height_px=height,
            bits=bits,
            space=space,
            is_mask=is_mask,
            soft_mask=masked,
            filters=tuple(filter(None, names)),
            ppi=_ppi(walker, width, height),
            source=stream,
        ),
    )


def _inline(walker: "Walker", operands: list[Any]) -> None:
    given = operands[-1]
    is_mask = given.get("ImageMask") == "true"
    name = str(given.get("ColorSpace", "")).partition(" ")[0].strip("[/")
    space = walker.shared.spaces.named(name, walker.resources) if name and not is_mask else None
    if name in ("Indexed", "I"):
        space = Space("Indexed", 1)
    width, height = whole(given.get("Width")), whole(given.get("Height"))
    bits = 1 if is_mask else whole(given.get("BitsPerComponent"), 8)
    ppi = _ppi(walker, width, height)
    filters = (given["Filter"],) if "Filter" in given else ()
    image = Image(width, height, bits, space or (None if is_mask else GREY), is_mask, False,
                  filters, ppi, inline=True)  # fmt: skip
    _place(walker, image)


def _place(walker: "Walker", image: Image) -> None:
    state = walker.state
    fill = state.fill if image.is_mask else (Colour(image.space) if image.space else None)
    walker.mark("image", turned(UNIT_SQUARE, state.ctm), fill, image=image)


def _ppi(walker: "Walker", width: int, height: int) -> tuple[float, float]:
    """Pixels per inch across and down, by the lengths of the sides; infinite for no length."""
    a, b, c, d, _, _ = _matrix(walker)
    unit = walker.page.unit
    across, down = math.hypot(a, b) * unit, math.hypot(c, d) * unit
    return (
        width * POINTS_PER_INCH / across if across else math.inf,
        height * POINTS_PER_INCH / down if down else math.inf,
    )


def _matrix(walker: "Walker") -> Matrix:
    return walker.state.ctm


def _shading(walker: "Walker", operands: list[Any]) -> None:
    shadings = objects.dictionary(walker.resources, "/Shading")
    shading = objects.get(shadings, f"/{operands[-1]}")
    space = walker.shared.spaces.of(objects.get(shading, "/ColorSpace"))
    walker.mark("shading", walker.state.clip, heaviest_colour(shading, space))


OPERATORS = {b"Do": _do, b"BI": _inline, b"sh": _shading}
