"""Distances between colours as people see them: CIE Lab and CIEDE2000, over whole arrays."""

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

WHITE_D65 = np.array((0.95047, 1.0, 1.08883))
TO_XYZ = np.array(
    (
        (0.4124564, 0.3575761, 0.1804375),
        (0.2126729, 0.7151522, 0.0721750),
        (0.0193339, 0.1191920, 0.9503041),
    )
)
"""Linear sRGB to XYZ under D65. Source: IEC 61966-2-1."""

_LEVELS = np.arange(256) / 255
_LINEAR = np.where(_LEVELS <= 0.04045, _LEVELS / 12.92, ((_LEVELS + 0.055) / 1.055) ** 2.4)
POW_25_7 = 25.0**7


def lab(rgb: Any) -> Array:
    """CIE Lab (D65) of 8-bit sRGB colours; the last axis is red, green, blue."""
    linear = _LINEAR[np.asarray(rgb, np.uint8)]
    ratio = linear @ TO_XYZ.T / WHITE_D65
    f = np.where(ratio > (6 / 29) ** 3, np.cbrt(ratio), ratio * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack((116 * y - 16, 500 * (x - y), 200 * (y - z)), axis=-1)


def lab_of_hex(colour: str) -> Array:
    return lab(rgb_of_hex(colour))


def rgb_of_hex(colour: str) -> tuple[int, int, int]:
    """`colour` is `#rrggbb`."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def hex_of_rgb(rgb: Any) -> str:
    red, green, blue = (round(float(channel)) for channel in rgb)
    return f"#{red:02x}{green:02x}{blue:02x}"


def delta_e_2000(one: Any, other: Any) -> Array:
    """CIEDE2000 of Lab colours, element by element; the two broadcast against each other.

    Source: Sharma, Wu, Dalal, "The CIEDE2000 color-difference formula", 2005.
    """
    one, other = np.asarray(one, float), np.asarray(other, float)
    light, a, b = (one[..., axis] for axis in range(3))
    light2, a2, b2 = (other[..., axis] for axis in range(3))
    widen = _widening((np.hypot(a, b) + np.hypot(a2, b2)) / 2)
    a, a2 = a * widen, a2 * widen
    chroma, chroma2 = np.hypot(a, b), np.hypot(a2, b2)
    hue, hue2 = _hue(a, b), _hue(a2, b2)
    grey = chroma * chroma2 == 0
    turn = np.where(grey, 0, (hue2 - hue + 180) % 360 - 180)
    across = 2 * np.sqrt(chroma * chroma2) * np.sin(np.radians(turn) / 2)
    mean_chroma = (chroma + chroma2) / 2
    mean_hue = np.where(grey, hue + hue2, _mean_hue(hue, hue2))
    weight_l, weight_c, weight_h = _weights((light + light2) / 2, mean_chroma, mean_hue)
    d_l, d_c, d_h = (light2 - light) / weight_l, (chroma2 - chroma) / weight_c, across / weight_h
    squared = d_l**2 + d_c**2 + d_h**2 + _rotation(mean_chroma, mean_hue) * d_c * d_h
    return np.asarray(np.sqrt(np.maximum(squared, 0)))


def _widening(mean_chroma: Array) -> Array:
    seventh = mean_chroma**7
    return np.asarray(1.5 - 0.5 * np.sqrt(seventh / (seventh + POW_25_7)))


def _hue(a: Array, b: Array) -> Array:
    return np.asarray(np.degrees(np.arctan2(b, a)) % 360)


def _mean_hue(hue: Array, hue2: Array) -> Array:
    mean, apart = (hue + hue2) / 2, np.abs(hue - hue2)
    return np.where(apart <= 180, mean, np.where(hue + hue2 < 360, mean + 180, mean - 180))


def _weights(light: Array, chroma: Array, hue: Array) -> tuple[Array, Array, Array]:
    off_middle = (light - 50) ** 2
    of_hue = (
        1
        - 0.17 * np.cos(np.radians(hue - 30))
        + 0.24 * np.cos(np.radians(2 * hue))
        + 0.32 * np.cos(np.radians(3 * hue + 6))
        - 0.20 * np.cos(np.radians(4 * hue - 63))
    )
    weight_l = 1 + 0.015 * off_middle / np.sqrt(20 + off_middle)
    return weight_l, 1 + 0.045 * chroma, 1 + 0.015 * chroma * of_hue


def _rotation(chroma: Array, hue: Array) -> Array:
    turn = 30 * np.exp(-(((hue - 275) / 25) ** 2))
    seventh = chroma**7
    strength = 2 * np.sqrt(seventh / (seventh + POW_25_7))
    return np.asarray(-strength * np.sin(np.radians(2 * turn)))
