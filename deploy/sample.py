"""Draws the sample creative and its reference logo, whole or with one planted defect."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont, ImageOps

Box = tuple[int, int, int, int]
Colour = tuple[int, int, int]

SIDE_PX = 2048
PHOTO_HEIGHT_PX = 1664
HORIZON_PX = 1180
EAN = "5012345678900"
CREATIVE_NAME = "northwind_summer_key-visual_2048x2048.jpg"
LOGO_NAME = "northwind_logo.png"
GLASS: tuple[Colour, ...] = (
    (12, 52, 50),
    (36, 118, 98),
    (92, 176, 138),
    (44, 132, 106),
    (24, 92, 80),
    (10, 44, 46),
)
RIDGES: tuple[tuple[Colour, int, int], ...] = (
    ((132, 78, 112), 1040, 46),
    ((74, 50, 92), 1100, 40),
    ((26, 26, 58), 1152, 26),
)

CREAM: Colour = (250, 246, 238)
NAVY: Colour = (14, 30, 58)
CORAL: Colour = (226, 88, 62)
WHITE: Colour = (255, 255, 255)
SKY: tuple[Colour, ...] = (
    (10, 20, 48),
    (17, 33, 72),
    (40, 50, 98),
    (104, 70, 116),
    (190, 98, 106),
    (240, 152, 104),
    (255, 206, 140),
)
HEADLINE_BOX: Box = (140, 170, 1270, 540)
CLAIM_BOX: Box = (140, 560, 1270, 660)
LOGO_BOX: Box = (140, 1706, 644, 1886)
LEGAL_BOX: Box = (140, 1920, 1120, 1984)
BARCODE_BOX: Box = (1432, 1716, 1920, 1996)


@dataclass(frozen=True)
class Copy:
    """What is drawn. A defect is a copy of this with one thing wrong."""

    headline: tuple[str, str] = ("Made for slow", "summer nights")
    claim_colour: Colour = (255, 226, 190)
    legal_size_px: int = 40
    logo_width_px: int = LOGO_BOX[2] - LOGO_BOX[0]
    barcode: bool = True
    barcode_blot: bool = False
    finish: Callable[[Image.Image], Image.Image] = field(default=lambda picture: picture)


@dataclass(frozen=True)
class Sample:
    """Where the drawn files are."""

    creative: Path
    logo: Path


DEFECTS: dict[str, tuple[Copy, Box | None]] = {
    "typo": (Copy(headline=("Made for slow", "sumemr nights")), HEADLINE_BOX),
    "low_contrast": (Copy(claim_colour=(74, 72, 112)), CLAIM_BOX),
    "tiny_text": (Copy(legal_size_px=12), LEGAL_BOX),
    "logo_missing": (Copy(logo_width_px=0), None),
    "logo_small": (Copy(logo_width_px=150), LOGO_BOX),
    "barcode_broken": (Copy(barcode_blot=True), BARCODE_BOX),
    "barcode_missing": (Copy(barcode=False), None),
    "low_res": (Copy(finish=lambda picture: picture.resize((640, 640))), None),
    "wrong_size": (Copy(finish=lambda picture: picture.crop((0, 128, SIDE_PX, SIDE_PX))), None),
    "cmyk": (Copy(finish=lambda picture: picture.convert("CMYK")), None),
}
"""Every defect that can be planted, and where it shows (None: in the file as a whole)."""


def write_sample(folder: Path, defect: str | None = None) -> Sample:
    """Draw into `folder`, the same bytes each time; raises KeyError for an unknown defect."""
    copy = DEFECTS[defect][0] if defect else Copy()
    folder.mkdir(parents=True, exist_ok=True)
    sample = Sample(folder / CREATIVE_NAME, folder / LOGO_NAME)
    draw_logo(880).save(sample.logo, optimize=False)
    picture = copy.finish(_key_visual(copy))
    picture.save(sample.creative, quality=93, subsampling=0, dpi=(300, 300))
    return sample


def _key_visual(copy: Copy) -> Image.Image:
    picture = Image.new("RGB", (SIDE_PX, SIDE_PX), CREAM)
    picture.paste(_photo(), (0, 0))
    _paste_bottle(picture)
    draw = ImageDraw.Draw(picture)
    if copy.logo_width_px:
        logo = draw_logo(copy.logo_width_px)
        picture.paste(logo, LOGO_BOX[:2], logo)
    for line, text in enumerate(copy.headline):
        _write(draw, (140, 160 + 180 * line), text, 160, WHITE, stroke_px=3)
    _write(draw, (144, 560), "Elderflower and lime, lightly sparkling", 60, copy.claim_colour)
    legal = "Contains no alcohol. Please recycle this bottle."
    _write(draw, (144, 1924), legal, copy.legal_size_px, NAVY)
    if copy.barcode:
        _paste_barcode(picture, copy.barcode_blot)
    return picture


def _write(
    draw: ImageDraw.ImageDraw,
    at: tuple[int, int],
    text: str,
    size_px: int,
    colour: Colour,
    stroke_px: int = 0,
) -> None:
    font = ImageFont.load_default(size_px)
    draw.text(at, text, font=font, fill=colour, stroke_width=stroke_px, stroke_fill=colour)


def _paste_barcode(picture: Image.Image, blot: bool) -> None:
    from zxingcpp import BarcodeFormat, create_barcode

    symbol = create_barcode(EAN, BarcodeFormat.EAN13).to_image(scale=4, add_hrt=True)
    bars = Image.fromarray(symbol).convert("RGB")
    left, top, right, bottom = BARCODE_BOX
    ImageDraw.Draw(picture).rectangle(BARCODE_BOX, fill=WHITE)
    at = ((left + right - bars.width) // 2, (top + bottom - bars.height) // 2)
    if blot:
        ImageDraw.Draw(bars).rectangle(
            (bars.width * 2 // 5, 0, bars.width * 3 // 5, bars.height), fill=(0, 0, 0)
        )
    picture.paste(bars, at)


def draw_logo(width_px: int, colour: Colour = NAVY) -> Image.Image:
    """A compass needle in a ring beside the name, on nothing: 28 : 10."""
    logo = Image.new("RGBA", (1120, 400), (*colour, 0))
    draw = ImageDraw.Draw(logo)
    draw.ellipse((20, 40, 340, 360), outline=colour, width=22)
    draw.polygon(((180, 70), (226, 206), (180, 180), (134, 206)), fill=(*CORAL, 255))
    draw.polygon(((180, 330), (134, 194), (180, 220), (226, 194)), fill=colour)
    for angle in (0, 90, 180, 270):
        tick = math.radians(angle)
        x, y = 180 + 160 * math.cos(tick), 200 + 160 * math.sin(tick)
        draw.ellipse((x - 20, y - 20, x + 20, y + 20), fill=colour)
    for text, top in (("NORTH", 52), ("WIND", 202)):
        font = ImageFont.load_default(168)
        draw.text((400, top), text, font=font, fill=colour, stroke_width=6, stroke_fill=colour)
    return logo.resize((width_px, width_px * 400 // 1120), Image.Resampling.LANCZOS)


def _photo() -> Image.Image:
    """Dusk over a lake: sky, sun, three ridges of hills, and their mirror in the water."""
    sky = _gradient(SKY, (SIDE_PX, HORIZON_PX))
    _glow(sky, (1480, 1010), 900, (255, 196, 120), 150)
    _glow(sky, (1480, 1010), 260, (255, 240, 206), 255)
    for ridge, (colour, crest, swing) in enumerate(RIDGES):
        mask = Image.new("L", sky.size)
        ImageDraw.Draw(mask).polygon(_ridge(ridge, crest, swing), fill=255)
        sky.paste(colour, mask=mask.filter(ImageFilter.GaussianBlur(2)))
    scene = Image.new("RGB", (SIDE_PX, PHOTO_HEIGHT_PX))
    scene.paste(sky)
    scene.paste(_water(sky), (0, HORIZON_PX))
    return scene


def _gradient(colours: tuple[Colour, ...], size: tuple[int, int]) -> Image.Image:
    strip = Image.new("RGB", (1, len(colours)))
    for row, colour in enumerate(colours):
        strip.putpixel((0, row), colour)
    return strip.resize(size, Image.Resampling.BICUBIC)


def _glow(
    picture: Image.Image, centre: tuple[int, int], radius_px: int, colour: Colour, strength: int
) -> None:
    disc = ImageOps.invert(Image.radial_gradient("L")).resize((2 * radius_px, 2 * radius_px))
    disc = disc.point(lambda level: max(0, level - 74) ** 2 * strength // 181**2)
    picture.paste(colour, (centre[0] - radius_px, centre[1] - radius_px), disc)


def _ridge(number: int, crest_px: int, swing_px: int) -> list[tuple[float, float]]:
    def height(x: int) -> float:
        turn = x / SIDE_PX * math.tau
        waves = math.sin(turn * 1.3 + 2 * number) + 0.45 * math.sin(turn * 3.7 + number)
        return crest_px - swing_px * (waves + 0.16 * math.sin(turn * 11 + 3 * number))

    line = [(float(x), height(x)) for x in range(0, SIDE_PX + 8, 8)]
    return [(0.0, HORIZON_PX), *line, (float(SIDE_PX), HORIZON_PX)]


def _water(sky: Image.Image) -> Image.Image:
    """The lower sky turned over, stretched, darkened towards the viewer and rippled."""
    depth = PHOTO_HEIGHT_PX - HORIZON_PX
    mirror = ImageOps.flip(sky.crop((0, HORIZON_PX - 620, SIDE_PX, HORIZON_PX)))
    mirror = mirror.resize((SIDE_PX, depth)).filter(ImageFilter.GaussianBlur(5))
    shade = _gradient(((236, 226, 232), (150, 150, 186), (60, 68, 110)), mirror.size)
    rippled = ImageChops.multiply(mirror, shade)
    for row in range(0, depth, 3):
        shift = int((4 + row / 22) * math.sin(row * row / 900 + row / 3))
        band = rippled.crop((0, row, SIDE_PX, row + 3))
        rippled.paste(band, (shift, row))
    return rippled.filter(ImageFilter.GaussianBlur(1.2))


def _paste_bottle(picture: Image.Image) -> None:
    """A tall glass bottle right of the middle, drawn at double size for smooth edges."""
    size = (420, 1240)
    outline = _bottle_shape(size)
    glass = _across(GLASS, size)
    body = Image.composite(glass, Image.new("RGB", size), outline)
    for left, width, light in ((70, 26, 150), (330, 12, 90)):
        shine = Image.new("L", size)
        ImageDraw.Draw(shine).rounded_rectangle((left, 480, left + width, 1160), 14, fill=light)
        body.paste(WHITE, mask=shine.filter(ImageFilter.GaussianBlur(7)))
    _dress(body)
    shadow = Image.new("L", picture.size)
    ImageDraw.Draw(shadow).ellipse((1240, 1560, 1860, 1640), fill=170)
    picture.paste((8, 12, 30), mask=shadow.filter(ImageFilter.GaussianBlur(22)))
    picture.paste(body, (1340, 372), outline)


def _bottle_shape(size: tuple[int, int]) -> Image.Image:
    width, height = size
    big = Image.new("L", (2 * width, 2 * height))
    draw = ImageDraw.Draw(big)
    draw.rounded_rectangle((280, 0, 560, 120), 24, fill=255)
    draw.rectangle((304, 100, 536, 620), fill=255)
    shoulder = [
        (420 + side * (116 + 268 * (0.5 - 0.5 * math.cos(math.pi * step / 40))), 500 + 9.5 * step)
        for side, steps in ((-1, range(41)), (1, range(40, -1, -1)))
        for step in steps
    ]
    draw.polygon(shoulder, fill=255)
    draw.rectangle((36, 878, 804, 2300), fill=255)
    draw.rounded_rectangle((36, 1900, 804, 2476), 90, fill=255)
    return big.resize(size, Image.Resampling.LANCZOS)


def _across(colours: tuple[Colour, ...], size: tuple[int, int]) -> Image.Image:
    return _gradient(colours, (size[1], size[0])).transpose(Image.Transpose.ROTATE_90)


def _dress(body: Image.Image) -> None:
    """Cap, label and the drops of a cold bottle."""
    width = body.width
    cap = _across(((120, 36, 26), CORAL, (255, 150, 120), CORAL, (110, 32, 24)), (width, 76))
    body.paste(cap, (0, 0))
    paper = _across(((150, 140, 132), CREAM, CREAM, CREAM, (168, 156, 146)), (width, 420))
    body.paste(paper, (0, 620))
    draw = ImageDraw.Draw(body)
    draw.rectangle((0, 636, width, 642), fill=CORAL)
    draw.rectangle((0, 1018, width, 1024), fill=CORAL)
    mark = draw_logo(900).crop((0, 0, 290, 321)).resize((180, 200), Image.Resampling.LANCZOS)
    body.paste(mark, (width // 2 - 92, 668), mark)
    for text, top, size_px in (("Elderflower", 880, 50), ("and lime", 940, 46)):
        font = ImageFont.load_default(size_px)
        draw.text((width // 2, top), text, font=font, fill=NAVY, anchor="ma")
    for drop in range(90):
        x, y = drop * 97 % (width - 60) + 30, 330 + drop * 211 % 880
        if not 600 < y < 1050:
            radius = 2 + drop % 4
            draw.ellipse((x, y, x + 2 * radius, y + 3 * radius), fill=(206, 232, 214))
