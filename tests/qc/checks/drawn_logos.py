"""Pages with the sample's logo, drawn as a test needs it."""

from pathlib import Path

import numpy as np
from PIL import Image

Rgb = tuple[int, int, int]
GROUND: Rgb = (240, 244, 240)
NAVY: Rgb = (14, 30, 58)
WHITE: Rgb = (255, 255, 255)


def ink_of(path: Path, width_px: int, colour: Rgb | None = None) -> Image.Image:
    """The mark cut to its ink, `width_px` wide; all in one `colour` when given."""
    with Image.open(path) as file:
        whole = file.convert("RGBA")
    ink = whole.crop(whole.getchannel("A").getbbox())
    if colour:
        plain = Image.new("RGBA", ink.size, colour)
        plain.putalpha(ink.getchannel("A"))
        ink = plain
    return ink.resize((width_px, width_px * ink.height // ink.width), Image.Resampling.LANCZOS)


def page_with(
    ink: Image.Image, at: tuple[int, int] = (300, 400), ground: Rgb | Image.Image = GROUND
) -> Image.Image:
    """1,000 pixels square."""
    page = ground if isinstance(ground, Image.Image) else Image.new("RGB", (1000, 1000), ground)
    page.paste(ink, at, ink)
    return page


def photograph(seed: int = 4) -> Image.Image:
    """1,000 pixels square: soft shapes, hard edges and noise all over."""
    rng = np.random.default_rng(seed)
    soft = Image.fromarray(rng.integers(40, 215, (9, 9, 3), np.uint8)).resize((1000, 1000), 3)
    hard = Image.fromarray(rng.integers(-45, 45, (60, 60)).astype(np.int16).view(np.uint16))
    blocks = np.asarray(hard.resize((1000, 1000), 0)).view(np.int16)[..., None]
    noisy = np.asarray(soft, float) + blocks + rng.normal(0, 5, (1000, 1000, 1))
    return Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
