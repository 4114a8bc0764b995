"""Inline images: a small picture between the operators of a content stream."""

import re
from typing import Any

_KEY = re.compile(rb"[\s\0]*+(?:/([^\s\0()<>\[\]{}/%]*+)|(ID)(?:\r\n|[\s\0])?|(EI))")
_VALUE = re.compile(
    rb"[\s\0]*+(\[[^\]]*+\]|<<.*?>>|/[^\s\0()<>\[\]{}/%]*+|[^\s\0/<>\[\]()]++)", re.DOTALL
)
_END = re.compile(rb"[\s\0]EI(?=[\s\0]|\Z)")
FULL = {
    "W": "Width",
    "H": "Height",
    "BPC": "BitsPerComponent",
    "CS": "ColorSpace",
    "F": "Filter",
    "IM": "ImageMask",
    "D": "Decode",
}
SPACES = {"G": "DeviceGray", "RGB": "DeviceRGB", "CMYK": "DeviceCMYK", "I": "Indexed"}
COMPONENTS = {"DeviceGray": 1, "DeviceRGB": 3, "DeviceCMYK": 4, "Indexed": 1}
MOST_KEYS = 30


def inline_image(data: bytes, start: int) -> tuple[dict[str, Any], int]:
    """Its dictionary with full names, values as text, and where the stream goes on."""
    image: dict[str, Any] = {}
    at = start
    for _ in range(MOST_KEYS):
        key = _KEY.match(data, at)
        if key is None or key[3]:
            return image, key.end() if key else at
        at = key.end()
        if key[2]:
            return image, _behind(data, at, image)
        value = _VALUE.match(data, at)
        if value is None:
            return image, at
        name = key[1].decode("latin-1")
        text = value[1].decode("latin-1").strip("/")
        image[FULL.get(name, name)] = SPACES.get(text, text)
        at = value.end()
    return image, at


def _behind(data: bytes, start: int, image: dict[str, Any]) -> int:
    """Behind EI. Raw samples are skipped by their length: they may contain the letters EI."""
    length = _raw_bytes(image)
    found = _END.search(data, start + length - 1)
    return found.end() if found else len(data)


def _raw_bytes(image: dict[str, Any]) -> int:
    if "Filter" in image:
        return 0
    mask = image.get("ImageMask") == "true"
    components = 1 if mask else COMPONENTS.get(str(image.get("ColorSpace")), 1)
    bits = 1 if mask else whole(image.get("BitsPerComponent"), 8)
    row = (whole(image.get("Width")) * components * bits + 7) // 8
    return row * whole(image.get("Height"))


def whole(value: Any, default: int = 0) -> int:
    try:
        return max(0, min(1_000_000, int(value)))
    except (TypeError, ValueError):
        return default
