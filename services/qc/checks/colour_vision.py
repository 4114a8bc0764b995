"""How colours look to people who lack one kind of cone, and how far apart colours are."""

import math
from typing import Literal

Colour = tuple[int, int, int]
Matrix = tuple[tuple[float, float, float], ...]
Deficiency = Literal["protanopia", "deuteranopia", "tritanopia"]

SIMULATED: dict[Deficiency, Matrix] = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
"""On linear RGB, severity 1. Source: Machado, Oliveira and Fernandes, "A physiologically-based
model for simulation of color vision deficiency", IEEE TVCG 15(6), 2009."""

XYZ: Matrix = (
    (0.4124564, 0.3575761, 0.1804375),
    (0.2126729, 0.7151522, 0.0721750),
    (0.0193339, 0.1191920, 0.9503041),
)
WHITE = (0.95047, 1.0, 1.08883)


def as_seen(colour: Colour, deficiency: Deficiency) -> Colour:
    red, green, blue = (_encoded(part) for part in _times(SIMULATED[deficiency], _linear(colour)))
    return red, green, blue


def difference(one: Colour, other: Colour) -> float:
    """Delta E 1976: the distance in CIELAB (D65)."""
    a, b = _lab(one), _lab(other)
    return math.dist(a, b)


def chroma(colour: Colour) -> float:
    """How far from grey, in CIELAB."""
    _, a, b = _lab(colour)
    return math.hypot(a, b)


def _linear(colour: Colour) -> list[float]:
    shares = [channel / 255 for channel in colour]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]


def _encoded(linear: float) -> int:
    share = min(1.0, max(0.0, linear))
    encoded = 12.92 * share if share <= 0.0031308 else 1.055 * share ** (1 / 2.4) - 0.055
    return round(255 * encoded)


def _times(matrix: Matrix, vector: list[float]) -> list[float]:
    return [sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix]


def _lab(colour: Colour) -> tuple[float, float, float]:
    xyz = _times(XYZ, _linear(colour))
    x, y, z = (_root(part / white) for part, white in zip(xyz, WHITE, strict=True))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def _root(share: float) -> float:
    return float(share ** (1 / 3)) if share > 216 / 24389 else (24389 / 27 * share + 16) / 116
