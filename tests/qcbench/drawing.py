"""Draws a layout: backdrop, panel, logo, copy, barcode and QR code, with the box of each."""

import math
from pathlib import Path
from random import Random

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from deploy.sample import draw_logo
from tests.qcbench.layout import (
    CHINESE,
    CREAM,
    FACTS,
    HEBREW,
    INK,
    MARGIN_PX,
    NAVY,
    SIDE_PX,
    WHITE,
    Box,
    Colour,
    Drawn,
    Layout,
    Style,
)
from tests.qcbench.layout import layout as clean_layout

REAL = Path(__file__).parents[3] / "shared" / "data" / "creative" / "pictures"
WITHOUT_WORDS = (
    "skimage__coffee.png",
    "gopher__pirate-boat.png",
    "dotnet__desktop-wallpaper-9-1920x1080.png",
)
SCRIPTS: dict[Style, tuple[str, tuple[str, ...]]] = {
    "hebrew": (HEBREW[::-1], ("DejaVuSans.ttf", "Arial.ttf", "FreeSans.ttf")),
    "chinese": (
        CHINESE,
        ("DroidSansFallbackFull.ttf", "NotoSansCJK-Regular.ttc", "wqy-microhei.ttc"),
    ),
}
"""A line in each script, and fonts that have it."""

GRAIN = 6.0
CLEAR_PX = 6
"""What stands nearer to a letter is read with it."""


def draw(layout: Layout) -> Drawn:
    """The same pixels for the same layout, on any machine with the same fonts."""
    picture = _backdrop(layout)
    canvas = ImageDraw.Draw(picture)
    boxes: dict[str, Box] = {}
    floor = SIDE_PX - layout.panel_px
    canvas.rectangle((0, floor, SIDE_PX, SIDE_PX), fill=layout.panel)
    boxes["panel"] = (0, floor, SIDE_PX, SIDE_PX)
    _copy(canvas, layout, boxes)
    _logo(picture, layout, boxes)
    _symbols(picture, layout, boxes)
    return Drawn(layout.finish(picture), boxes)


def ink(layout: Layout) -> Colour:
    """The colour of copy above the panel."""
    return WHITE if layout.style in ("photo", "dark", "real") else NAVY


def _backdrop(layout: Layout) -> Image.Image:
    return {
        "photo": _photo,
        "flat": _flat,
        "packaging": _packaging,
        "dark": _dark,
        "hebrew": _flat,
        "chinese": _flat,
        "real": _real,
    }[layout.style](layout)


def _photo(layout: Layout) -> Image.Image:
    """Clouds of many sizes in two colours and the grain of a sensor: detail at every scale."""
    noise = np.random.default_rng(layout.seed)
    field = np.zeros((SIDE_PX, SIDE_PX))
    for octave in range(2, 9):
        coarse = noise.random((2**octave, 2**octave), dtype=np.float32) * 255
        layer = Image.fromarray(coarse).resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC)
        field += np.asarray(layer) / 255 / 1.7**octave
    field = (field - field.min()) / np.ptp(field)
    dark, light = noise.integers(8, 40, 3), noise.integers(60, 112, 3)
    pixels = dark + field[..., None] * (light - dark)
    pixels += noise.normal(0, GRAIN, (SIDE_PX, SIDE_PX, 1))
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def _real(layout: Layout) -> Image.Image:
    """A real picture without words, darkened for copy; where there is none, clouds."""
    there = [REAL / name for name in WITHOUT_WORDS if (REAL / name).exists()]
    if not there:
        return _photo(layout)
    with Image.open(there[layout.seed // 2 % len(there)]) as image:
        fitted = ImageOps.fit(image.convert("RGB"), (SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
    return fitted.point(lambda level: level * 2 // 5)


def _flat(layout: Layout) -> Image.Image:
    """Circles in the colour of the copy, none of which hides a letter of it."""
    picture = Image.new("RGB", (SIDE_PX, SIDE_PX), CREAM)
    random = Random(layout.seed)
    canvas = ImageDraw.Draw(picture)
    copy = _copy_boxes(clean_layout(layout.seed, layout.style))
    for _ in range(3):
        x, y, r = random.randint(1350, 1900), random.randint(950, 1350), random.randint(60, 190)
        if all(_apart_px(box, x, y) > r + CLEAR_PX for box in copy):
            canvas.ellipse((x - r, y - r, x + r, y + r), fill=NAVY)
    return picture


def _copy_boxes(layout: Layout) -> list[Box]:
    boxes: dict[str, Box] = {}
    _copy(ImageDraw.Draw(Image.new("RGB", (1, 1))), layout, boxes)
    return list(boxes.values())


def _apart_px(box: Box, x: int, y: int) -> float:
    left, top, right, bottom = box
    return math.hypot(max(left - x, 0, x - right), max(top - y, 0, y - bottom))


def _packaging(layout: Layout) -> Image.Image:
    """Cream board with a table of facts in small print."""
    picture = Image.new("RGB", (SIDE_PX, SIDE_PX), CREAM)
    canvas = ImageDraw.Draw(picture)
    left, top = 1320, 960
    canvas.rectangle((left, top, left + 560, top + 62 * len(FACTS)), outline=INK, width=3)
    for row, fact in enumerate(FACTS):
        canvas.text((left + 24, top + 10 + 62 * row), fact, font=_font(38), fill=INK)
        canvas.line((left, top + 62 * row, left + 560, top + 62 * row), fill=INK, width=2)
    return picture


def _dark(layout: Layout) -> Image.Image:
    rows = np.linspace(10, 44, SIDE_PX)[:, None, None]
    pixels = np.broadcast_to(rows * np.array([0.5, 0.6, 1.0]), (SIDE_PX, SIDE_PX, 3))
    dither = np.random.default_rng(layout.seed).random((SIDE_PX, SIDE_PX, 1))
    return Image.fromarray((pixels + dither).astype(np.uint8))


def _copy(canvas: ImageDraw.ImageDraw, layout: Layout, boxes: dict[str, Box]) -> None:
    colour = ink(layout)
    top = 620
    for number, text in enumerate(layout.headline):
        at = (MARGIN_PX, top + round(number * layout.headline_px * 1.16))
        boxes[f"headline_{number}"] = _write(canvas, at, text, layout.headline_px, colour, 2)
    below = top + round(2.5 * layout.headline_px)
    claim = layout.claim_colour or colour
    boxes["claim"] = _write(
        canvas, (layout.claim_at_x, below), layout.claim, layout.claim_px, claim
    )
    if foreign := foreign_text(layout.style):
        text, font = foreign
        canvas.text((MARGIN_PX, below + 160), text, font=font, fill=colour)
    at = (MARGIN_PX, SIDE_PX - layout.panel_px + 60)
    if layout.legal:
        boxes["legal"] = _write(canvas, at, layout.legal, layout.legal_px, WHITE)
    if layout.extra:
        text, left, top = layout.extra
        boxes["extra"] = _write(canvas, (left, top), text, 64, colour)


def _write(
    canvas: ImageDraw.ImageDraw,
    at: tuple[int, int],
    text: str,
    size_px: int,
    colour: Colour,
    stroke_px: int = 0,
) -> Box:
    font = _font(size_px)
    canvas.text(at, text, fill=colour, font=font, stroke_width=stroke_px, stroke_fill=colour)
    left, top, right, bottom = canvas.textbbox(at, text, font=font, stroke_width=stroke_px)
    return round(left), round(top), round(right), round(bottom)


def _font(size_px: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size_px)


def foreign_text(style: Style) -> tuple[str, ImageFont.FreeTypeFont] | None:
    """A line in the script of the style, drawn from left to right; None without a font for it."""
    if style not in SCRIPTS:
        return None
    text, fonts = SCRIPTS[style]
    for name in fonts:
        try:
            return text, ImageFont.truetype(name, 92)
        except OSError:
            continue
    return None


def _logo(picture: Image.Image, layout: Layout, boxes: dict[str, Box]) -> None:
    if not layout.logo_width_px:
        return
    colour = layout.logo_colour or ink(layout)
    mark = draw_logo(layout.logo_width_px, colour)
    if layout.logo_stretch != 1:
        mark = mark.resize((round(mark.width * layout.logo_stretch), mark.height))
    if layout.logo_turn_deg:
        mark = mark.rotate(layout.logo_turn_deg, Image.Resampling.BICUBIC, expand=True)
    left = SIDE_PX - MARGIN_PX - 60 - mark.width if layout.logo_right else MARGIN_PX
    at = layout.logo_at or (left, 190)
    picture.paste(mark, at, mark)
    boxes["logo"] = (at[0], at[1], at[0] + mark.width, at[1] + mark.height)


def _symbols(picture: Image.Image, layout: Layout, boxes: dict[str, Box]) -> None:
    from zxingcpp import BarcodeFormat, create_barcode

    top = SIDE_PX - layout.panel_px + 40
    if layout.barcode:
        symbol = create_barcode(layout.barcode, BarcodeFormat.EAN13).to_image(scale=4, add_hrt=True)
        bars = Image.fromarray(symbol).convert("RGB")
        if layout.barcode_blot:
            blot = (bars.width * 2 // 5, 0, bars.width * 3 // 5, bars.height)
            ImageDraw.Draw(bars).rectangle(blot, fill=INK)
        boxes["barcode"] = _paste(picture, bars, (1400, top), 14 if layout.barcode_squeeze else 60)
        if layout.barcode_squeeze:
            _squeeze(picture, boxes["barcode"], layout.panel)
    if layout.target:
        code = create_barcode(layout.target, BarcodeFormat.QRCode).to_image(scale=6)
        boxes["qr"] = _paste(picture, Image.fromarray(code).convert("RGB"), (1080, top), 30)


def _paste(picture: Image.Image, symbol: Image.Image, at: tuple[int, int], white_px: int) -> Box:
    """On a white box, so that there is clear space beside the bars."""
    box = (at[0], at[1], at[0] + symbol.width + 2 * white_px, at[1] + symbol.height + 20)
    ImageDraw.Draw(picture).rectangle(box, fill=WHITE)
    picture.paste(symbol, (at[0] + white_px, at[1] + 10))
    return box


def _squeeze(picture: Image.Image, box: Box, colour: Colour) -> None:
    """Print right up to the bars: what is white at the left and right is painted over."""
    pixels = np.asarray(picture.convert("L").crop(box))
    columns = np.flatnonzero((pixels[20:120] < 90).any(axis=0))
    canvas = ImageDraw.Draw(picture)
    first, last = box[0] + int(columns[0]), box[0] + int(columns[-1])
    canvas.rectangle((box[0] - 30, box[1], first - 3, box[3]), fill=colour)
    canvas.rectangle((last + 3, box[1], box[2] + 30, box[3]), fill=colour)
