"""Colour spaces: from how a PDF writes them to what they are."""

import struct
from typing import Any

import pikepdf

from services.qc.preflight import objects
from services.qc.preflight.facts import Space

GREY = Space("DeviceGray", 1)
RGB = Space("DeviceRGB", 3)
CMYK = Space("DeviceCMYK", 4)
PATTERN = Space("Pattern", 0)
UNKNOWN = Space("Unknown", 0)
PLAIN = {
    "DeviceGray": GREY,
    "G": GREY,
    "CalGray": GREY,
    "DeviceRGB": RGB,
    "RGB": RGB,
    "DeviceCMYK": CMYK,
    "CMYK": CMYK,
    "CalCMYK": CMYK,
    "Pattern": PATTERN,
}
MOST_DEPTH = 6
MOST_PROFILE_BYTES = 4 << 20
MOST_INKS = 32


class Spaces:
    """Reads each colour space of a document once."""

    def __init__(self) -> None:
        self._seen: dict[tuple[int, int], Space] = {}
        self._profiles: dict[tuple[int, int], str | None] = {}

    def named(self, name: str, resources: Any) -> Space:
        """What `cs /name` selects."""
        if name in PLAIN:
            return PLAIN[name]
        return self.of(objects.get(objects.dictionary(resources, "/ColorSpace"), f"/{name}"))

    def of(self, value: Any, depth: int = 0) -> Space:
        if isinstance(value, pikepdf.Name):
            return PLAIN.get(objects.name(value), UNKNOWN)
        if not isinstance(value, pikepdf.Array) or not len(value) or depth > MOST_DEPTH:
            return UNKNOWN
        key = objects.key_of(value)
        if key in self._seen:
            return self._seen[key]
        space = self._array(objects.elements(value, 5), depth)
        if key:
            self._seen[key] = space
        return space

    def _array(self, parts: list[Any], depth: int) -> Space:
        kind, rest = objects.name(parts[0]), parts[1:]
        if not rest or kind in ("CalGray", "CalRGB", "Lab"):
            plain = PLAIN.get(kind, UNKNOWN)
            return Space(kind, 3) if kind in ("CalRGB", "Lab") else plain
        if kind == "ICCBased":
            return self._icc(rest[0])
        if kind in ("Indexed", "I"):
            return Space("Indexed", 1, base=self.of(rest[0], depth + 1))
        if kind == "Pattern":
            return Space("Pattern", 0, base=self.of(rest[0], depth + 1))
        if kind in ("Separation", "DeviceN") and len(rest) > 1:
            return self._inks(kind, rest, depth)
        return UNKNOWN

    def _inks(self, kind: str, rest: list[Any], depth: int) -> Space:
        named = [rest[0]] if kind == "Separation" else objects.elements(rest[0], MOST_INKS)
        inks = tuple(objects.name(ink) for ink in named)
        return Space(kind, len(inks), inks=inks, base=self.of(rest[1], depth + 1))

    def _icc(self, stream: Any) -> Space:
        components = objects.whole(objects.get(stream, "/N"))
        if components not in (1, 3, 4):
            return UNKNOWN
        return Space("ICCBased", components, profile=self.profile(stream))

    def profile(self, stream: Any) -> str | None:
        """The name that an embedded ICC profile gives itself."""
        key = objects.key_of(stream)
        if key and key in self._profiles:
            return self._profiles[key]
        name = profile_name(stream_bytes(stream, MOST_PROFILE_BYTES))
        if key:
            self._profiles[key] = name
        return name


def stream_bytes(stream: Any, most: int) -> bytes:
    """What a stream holds, its filters undone; empty when it is too large or damaged.

    A stream of a few bytes may grow a thousandfold: its length bounds neither time nor memory,
    the child's limits do.
    """
    if not isinstance(stream, pikepdf.Stream):
        return b""
    if objects.number(objects.get(stream, "/Length")) > most:
        return b""
    try:
        return stream.read_bytes()[:most]
    except (pikepdf.PdfError, NotImplementedError, ValueError, RuntimeError, MemoryError):
        return b""


def profile_name(icc: bytes) -> str | None:
    """The text of the `desc` tag (ICC.1: a `desc` or `mluc` element); None when unreadable."""
    try:
        (count,) = struct.unpack_from(">I", icc, 128)
        for index in range(min(count, 100)):
            tag, offset, size = struct.unpack_from(">4sII", icc, 132 + 12 * index)
            if tag == b"desc":
                return _described(icc[offset : offset + size])
    except struct.error:
        return None
    return None


def _described(element: bytes) -> str | None:
    if element.startswith(b"desc"):
        (length,) = struct.unpack_from(">I", element, 8)
        text = element[12 : 12 + length].decode("latin-1")
    elif element.startswith(b"mluc"):
        length, offset = struct.unpack_from(">II", element, 20)
        text = element[offset : offset + length].decode("utf-16-be", "replace")
    else:
        return None
    return text.rstrip("\0").strip()[:200] or None
