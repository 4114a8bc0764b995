"""What a creative of the bench is made of. All follows from a seed: it can be drawn again."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from PIL import Image

Colour = tuple[int, int, int]
Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""

Style = Literal["photo", "flat", "packaging", "dark", "hebrew", "real", "chinese"]
STYLES: tuple[Style, ...] = ("photo", "flat", "packaging", "dark", "hebrew", "real")

NAVY: Colour = (14, 30, 58)
CORAL: Colour = (226, 88, 62)
CREAM: Colour = (250, 246, 238)
WHITE: Colour = (255, 255, 255)
INK: Colour = (12, 14, 18)

SIDE_PX = 2048
MARGIN_PX = 140
EAN = "5012345678900"
TARGET = "https://northwind.example/summer"
LEGAL = "Contains no alcohol. Please recycle this bottle."
HEADLINES = (
    ("Made for slow", "summer nights"),
    ("Winter tastes", "brighter together"),
    ("Share the golden", "evening with friends"),
    ("Discover the", "northern spirit"),
    ("Celebrate every", "small victory"),
    ("Fresh from the", "harbour morning"),
)
TYPOS = {
    "summer": "sumemr",
    "brighter": "brihgter",
    "evening": "evenign",
    "northern": "nothren",
    "victory": "vicotry",
    "harbour": "harbuor",
}
CLAIM = "Elderflower and lime, lightly sparkling"
HEBREW = "קיץ ארוך על חוף הים"
CHINESE = "夏日夜晚 与朋友在海边"
FACTS = ("Energy 84 kJ", "Fat 0.1 g", "Sugars 4.9 g", "Protein 0.2 g", "Salt 0.01 g")


def same(picture: Image.Image) -> Image.Image:
    return picture


@dataclass(frozen=True)
class Layout:
    """One creative. A defect is this with one thing changed (`dataclasses.replace`)."""

    seed: int
    style: Style
    headline: tuple[str, str]
    headline_px: int
    claim_px: int
    legal_px: int
    logo_width_px: int
    logo_right: bool
    panel: Colour = NAVY
    panel_px: int = 380
    claim_colour: Colour | None = None
    legal: str = LEGAL
    claim: str = CLAIM
    claim_at_x: int = MARGIN_PX
    extra: tuple[str, int, int] | None = None
    """A further line of copy: text, left, top."""

    logo_colour: Colour | None = None
    logo_stretch: float = 1.0
    logo_turn_deg: float = 0.0
    logo_at: tuple[int, int] | None = None
    barcode: str | None = EAN
    barcode_blot: bool = False
    barcode_squeeze: bool = False
    target: str | None = TARGET
    finish: Callable[[Image.Image], Image.Image] = same
    suffix: str = ".png"
    name: str = "northwind_summer_key-visual_2048x2048"
    saved: dict[str, object] = field(default_factory=dict)


def layout(seed: int, style: Style | None = None) -> Layout:
    """The clean creative of a seed. Styles take turns, each with an even and an odd seed."""
    random = Random(seed)
    return Layout(
        seed=seed,
        style=style or _style(seed),
        headline=HEADLINES[random.randrange(len(HEADLINES))],
        headline_px=random.randint(120, 156),
        claim_px=random.randint(54, 68),
        legal_px=random.randint(36, 44),
        logo_width_px=random.randint(420, 560),
        logo_right=random.random() < 0.5,
        panel_px=random.randint(360, 420),
    )


def _style(seed: int) -> Style:
    """Chinese takes every second turn of Hebrew."""
    turn, number = divmod(seed // 2, len(STYLES))
    return "chinese" if turn % 2 and STYLES[number] == "hebrew" else STYLES[number]


@dataclass(frozen=True)
class Drawn:
    """The picture, and where on it everything is."""

    picture: Image.Image
    boxes: dict[str, Box]
