"""Rules of where the edges of a line of text are seen."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from services.qc.checks.edges import Element, text_elements
from services.qc.checks.seen import Line
from services.qc.domain.creative import Rgb
from services.qc.domain.geometry import Quad, region_of

SIZE = (1000, 300)
AT = (100, 200)
FONT = ImageFont.load_default(100)


def drawn(text: str, turn_deg: float = 0) -> Image.Image:
    page = Image.new("RGB", SIZE, "#faf6ee")
    ImageDraw.Draw(page).text(AT, text, font=FONT, fill="#0e1e3a", anchor="ls")
    return page.rotate(turn_deg, Image.Resampling.BICUBIC, center=AT, fillcolor="#faf6ee")


def pixels(page: Image.Image) -> Rgb:
    return np.asarray(page, np.uint8)


def boxed(text: str, lean_px: float = 0) -> list[Line]:
    """As OCR boxes it: with some room, and leaning where its letters make it lean."""
    left, top, right, bottom = FONT.getbbox(text, anchor="ls")
    x0, x1 = AT[0] + left - 12, AT[0] + right + 12
    y0, y1 = AT[1] + top - 12, AT[1] + bottom + 12
    quad: Quad = ((x0, y0), (x1, y0 + lean_px), (x1, y1), (x0, y1 - lean_px))
    return [Line(text, 1.0, quad, region_of(quad, *SIZE))]


def edges_of(page: Image.Image, lines: list[Line]) -> Element:
    [element] = text_elements(pixels(page), lines)
    return element


def test_a_box_that_leans_by_its_letters_is_round_a_level_line() -> None:
    level = edges_of(drawn("half a song"), boxed("half a song"))
    leaning = edges_of(drawn("half a song"), boxed("half a song", lean_px=25))

    assert leaning.left == pytest.approx(level.left, abs=1)
    assert leaning.right == pytest.approx(level.right, abs=1)


def test_a_line_that_is_turned_has_no_upright_edges() -> None:
    lines = boxed("half a song", lean_px=25)

    assert not list(text_elements(pixels(drawn("half a song", turn_deg=-3)), lines))


def test_a_frame_round_a_line_is_none_of_its_ink() -> None:
    page = drawn("half a song")
    free = edges_of(page, boxed("half a song"))
    [line] = boxed("half a song")
    (left, top), (right, bottom) = line.quad[0], line.quad[2]
    frame = (left - 8, top, right + 8, bottom - 1)
    ImageDraw.Draw(page).rectangle(frame, outline="#0e1e3a", width=4)

    assert edges_of(page, [line]) == free


def test_the_tail_of_a_line_above_is_none_of_its_ink() -> None:
    page = drawn("half a song")
    free = edges_of(page, boxed("half a song"))
    [line] = boxed("half a song")
    (left, top), (right, _) = line.quad[0], line.quad[2]
    tail = (right + 2, top - 30, right + 8, top + 9)
    ImageDraw.Draw(page).rectangle(tail, fill="#0e1e3a")

    assert edges_of(page, [line]) == free
    assert left < free.left < right


def test_a_thin_bar_belongs_to_its_letter() -> None:
    bar, stem = (edges_of(drawn(text), boxed(text)) for text in ("Total", "Metal"))

    assert abs(bar.left - stem.left) <= bar.slacks_px[0] + stem.slacks_px[0]
