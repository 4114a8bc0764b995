"""Large pictures drawn on the spot: photographs, hard to compress, and artwork with type."""

from typing import Any

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

OCTAVES = ((4, 90.0), (16, 40.0), (64, 25.0), (256, 15.0), (1024, 8.0))
"""Cells along the longer side, and how strong they are: shapes of all sizes, as in nature."""

BAND_ROWS = 512
COLOURS = ("#d0021b", "#0b3d91", "#f8e71c", "#1b7f3b", "#222222", "#bd10e0", "#e4572e")


def photograph(width_px: int, height_px: int, grain: float = 5.0, seed: int = 1) -> Image.Image:
    """Soft shapes with the grain of a sensor: a JPEG of it has about 2 bits a pixel."""
    chance = np.random.default_rng(seed)
    cells = [strength * _cells(chance, size, width_px, height_px) for size, strength in OCTAVES]
    specks = grain * chance.standard_normal((BAND_ROWS, width_px, 3), np.float32)
    pixels = np.empty((height_px, width_px, 3), np.uint8)
    for top in range(0, height_px, BAND_ROWS):
        bottom = min(top + BAND_ROWS, height_px)
        band = np.full((bottom - top, width_px, 3), 128, np.float32)
        for grid in cells:
            band += _stretched(grid, width_px, height_px, top, bottom)
        band += np.roll(specks, 997 * top, axis=1)[: len(band)]
        pixels[top:bottom] = np.clip(band, 0, 255)
    return Image.fromarray(pixels)


def _cells(chance: Any, size: int, width_px: int, height_px: int) -> Any:
    longer = max(width_px, height_px)
    shape = (size * height_px // longer + 2, size * width_px // longer + 2, 3)
    return chance.standard_normal(shape, np.float32)


def _stretched(grid: Any, width_px: int, height_px: int, top: int, bottom: int) -> Any:
    across = np.linspace(0, grid.shape[1] - 1, width_px, dtype=np.float32)
    down = np.linspace(0, grid.shape[0] - 1, height_px, dtype=np.float32)[top:bottom]
    return cv2.remap(grid, *np.meshgrid(across, down), interpolation=cv2.INTER_LINEAR)


def artwork(width_px: int, height_px: int, seed: int = 1) -> Image.Image:
    """Flat colours with hard edges, lines of type from large to small, a photograph, a gradient."""
    chance = np.random.default_rng(seed)
    image = Image.new("RGB", (width_px, height_px), "#faf6f0")
    pen = ImageDraw.Draw(image)
    for number in range(24):
        left, top = int(chance.integers(0, width_px)), int(chance.integers(0, height_px))
        radius = int(chance.integers(height_px // 60, height_px // 6))
        box = (left - radius, top - radius, left + radius, top + radius)
        draw = pen.ellipse if number % 2 else pen.rectangle
        draw(box, fill=COLOURS[number % len(COLOURS)])
    image.paste(photograph(width_px // 2, height_px // 3, 3.0), (width_px // 8, height_px // 3))
    fade = Image.linear_gradient("L").resize((width_px, height_px // 10))
    image.paste(Image.merge("RGB", (fade, fade, fade.point(lambda v: 255 - v))), (0, 0))
    top = height_px // 10
    for number in range(28):
        size = max(10, round(height_px / 12 * 0.88**number))
        words = "Taste the summer, responsibly 0123456789"
        colour = COLOURS[number % len(COLOURS)]
        pen.text((width_px // 30, top), words, colour, font=ImageFont.load_default(size))
        top += round(1.3 * size)
    return image
