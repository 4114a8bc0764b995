"""How a layout is spoiled: what is changed, which check must see it, and where it shows."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO

from PIL import Image, ImageDraw, ImageOps

from tests.qcbench.drawing import ink
from tests.qcbench.layout import MARGIN_PX, SIDE_PX, TYPOS, Box, Layout, Style

Change = Callable[[Layout], Layout]
PATCH: Box = (1180, 420, 1260, 500)
CUT_RADIUS_PX = 32


@dataclass(frozen=True)
class Defect:
    """`where` names a box of the drawing, is a box itself, or None: the file as a whole."""

    name: str
    check: str
    change: Change
    where: str | Box | None = None


def finished(change: Callable[[Image.Image], Image.Image]) -> Change:
    return lambda layout: replace(layout, finish=change)


def with_typo(layout: Layout) -> Layout:
    def wrong(line: str) -> str:
        for right, typo in TYPOS.items():
            line = line.replace(right, typo)
        return line

    first, second = layout.headline
    return replace(layout, headline=(wrong(first), wrong(second)))


def faint(layout: Layout) -> Layout:
    """Copy hardly lighter or darker than what is behind it."""
    dark = layout.style in ("photo", "dark", "real")
    return replace(layout, claim_colour=(64, 63, 70) if dark else (214, 208, 194))


def crowded(layout: Layout) -> Layout:
    """A line of copy that touches the logo."""
    left = SIDE_PX - MARGIN_PX - 60 - layout.logo_width_px if layout.logo_right else MARGIN_PX
    height = round(layout.logo_width_px * 400 / 1120)
    return replace(layout, extra=("New for the season", left + 10, 190 + height - 12))


def jpeg_again(quality: int) -> Callable[[Image.Image], Image.Image]:
    def change(picture: Image.Image) -> Image.Image:
        kept = BytesIO()
        picture.save(kept, "JPEG", quality=quality)
        return Image.open(kept).convert("RGB")

    return change


def scaled_up(picture: Image.Image) -> Image.Image:
    small = picture.resize((SIDE_PX // 4, SIDE_PX // 4), Image.Resampling.BILINEAR)
    return small.resize(picture.size, Image.Resampling.BICUBIC)


def cut_round(picture: Image.Image) -> Image.Image:
    """Exported with the rounded mask of an app, on white."""
    mask = Image.new("L", (2 * SIDE_PX, 2 * SIDE_PX))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, *mask.size), 2 * CUT_RADIUS_PX, fill=255)
    page = Image.new("RGB", picture.size, "white")
    page.paste(picture, (0, 0), mask.resize(picture.size, Image.Resampling.BOX))
    return page


def patched(picture: Image.Image) -> Image.Image:
    ImageDraw.Draw(picture).ellipse(PATCH, fill=(201, 162, 39))
    return picture


def crushed(style: Style) -> Change:
    return lambda layout: replace(layout, style=style, finish=jpeg_again(8))


def banded(layout: Layout) -> Layout:
    """A soft gradient in a few steps."""
    return replace(layout, style="dark", finish=posterised)


def see_through(picture: Image.Image) -> Image.Image:
    picture.putalpha(Image.new("L", picture.size, 160))
    return picture


def posterised(picture: Image.Image) -> Image.Image:
    """Six bits a colour, as some screens and old encoders leave it: steps of four levels."""
    return ImageOps.posterize(picture.convert("RGB"), 6)


def wrong_logo_colour(layout: Layout) -> Layout:
    red = (222, 40, 40) if ink(layout) != (255, 255, 255) else (250, 196, 40)
    return replace(layout, logo_colour=red)


def with_legal(text: str) -> Change:
    return lambda layout: replace(layout, legal=text)
