"""Opens SVG drawings: cleaned first, then drawn by resvg, which then reads no file but fonts."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import resvg_py
from PIL import Image

from services.qc.domain.creative import Creative, Limits, Page, Rgb, Unreadable
from services.qc.domain.facts import FileFacts
from services.qc.fonts import SANS, SERIF, families, first_of, missing
from services.qc.svg_clean import MAX_BYTES, Cleaned, clean

CSS_DPI = 96.0
SIDE_PX = 1600
"""Twice the side is four times the time, and resvg packs what it drew as a PNG."""

MAX_STRETCH = 50
"""Sides further apart than this are an error of the drawing, and make one side vanish."""


def open_svg(path: Path, limits: Limits, name: str, background: tuple[int, int, int]) -> Creative:
    """Drawn so that its longer side has `SIDE_PX`. Raises Unreadable."""
    with path.open("rb") as file:
        cleaned = clean(file.read(MAX_BYTES + 1))
    drawn = _draw(cleaned.text, limits)
    facts = FileFacts(
        name,
        path.stat().st_size,
        mode="SVG",
        alpha=drawn.getchannel("A").getextrema()[0] != 255,
        notes=tuple(_notes(cleaned)),
    )
    ground = Image.new("RGB", drawn.size, background)
    ground.paste(drawn, mask=drawn.getchannel("A"))
    pixels = np.array(ground)

    def decode(_: Page) -> Rgb:
        return pixels

    return Creative("SVG", facts, [Page(1, *drawn.size)], decode, path=path)


def _draw(text: str, limits: Limits) -> Image.Image:
    sans, serif = first_of(SANS), first_of(SERIF)
    small = _rendered(text, sans, serif, width=64)
    wide, high = small.size
    if max(wide, high) > MAX_STRETCH * min(wide, high):
        raise Unreadable("damaged", "The SVG has no usable size. Set its width and height.")
    long_side = "width" if wide >= high else "height"
    return _rendered(text, sans, serif, **{long_side: min(SIDE_PX, limits.working_side_px)})


def _rendered(text: str, sans: str | None, serif: str | None, **size: Any) -> Image.Image:
    """resvg keeps the proportions. A drawing that kills it ends the child, not the service."""
    try:
        content = resvg_py.svg_to_bytes(
            svg_string=text,
            dpi=CSS_DPI,
            font_family=serif,
            serif_family=serif,
            sans_serif_family=sans,
            cursive_family=sans,
            fantasy_family=sans,
            **size,
        )
    except ValueError as error:
        if "size" in str(error):
            detail = "The SVG has no usable size. Set its width, height and viewBox."
            raise Unreadable("damaged", detail) from error
        raise Unreadable("damaged", "The SVG cannot be drawn. Export it again.") from error
    image = Image.open(io.BytesIO(content))
    return image.convert("RGBA")


def _notes(cleaned: Cleaned) -> list[str]:
    notes = []
    if cleaned.left_out:
        notes.append(f"Left out of the drawing: {', '.join(sorted(cleaned.left_out))}.")
    if cleaned.has_text and not families():
        notes.append(
            "Its text is not shown: there are no fonts here. Convert the text to outlines."
        )
    elif cleaned.has_text and (absent := missing(cleaned.families)):
        notes.append(
            f"Text is drawn in another font, as these are not here: {', '.join(absent)}. "
            "Convert the text to outlines."
        )
    return notes
