"""Malformed creatives from small sound ones, the same for the same seed."""

import io
import random
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from tests.qc.drawn_files import film, psd, saved, tone

HEIC = Path(__file__).parents[1] / "fixtures" / "pictures" / "corner.heic"
HUGE = (0, 1, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="48">'


@dataclass(frozen=True)
class Malformed:
    """`name` says what was done to which file, and ends in its usual extension."""

    name: str
    content: bytes


def sound_files(folder: Path) -> dict[str, bytes]:
    """A small sound file of each kind that is accepted, by its extension."""
    picture = _noise()
    others = []
    for number in range(4):
        other = picture.copy()
        ImageDraw.Draw(other).rectangle((number * 8, 4, number * 8 + 12, 30), fill="red")
        others.append(other)
    moving: dict[str, Any] = {"save_all": True, "append_images": others, "duration": 80, "loop": 0}
    for name in ("jpg", "png", "webp", "tif", "bmp", "gif", "avif", "pdf"):
        picture.save(folder / f"a.{name}", **(moving if name in ("gif", "webp") else {}))
    picture.save(folder / "a.apng", "PNG", **moving)
    (folder / "a.heic").write_bytes(HEIC.read_bytes())
    document = psd(folder / "a.psd", picture)
    document.create_group(name="Group").append(document.create_pixel_layer(picture, name="Logo"))
    saved(document, folder / "a.psd")
    for name in ("mp4", "mov", "webm"):
        film(folder / f"a.{name}", others, rate=10, sound=tone(0.4, 0.1))
    (folder / "a.svg").write_bytes(SVG + b'<g id="a"><rect width="9" height="9"/></g></svg>')
    return {file.suffix[1:]: file.read_bytes() for file in sorted(folder.glob("a.*"))}


def _noise() -> Image.Image:
    levels = np.random.default_rng(1).integers(0, 256, (48, 64, 3), np.uint8)
    return Image.fromarray(levels)


def malformed(sound: Mapping[str, bytes], seed: int) -> Iterator[Malformed]:
    """Each sound file hurt in each way, then the traps."""
    chance = random.Random(seed)
    for extension, content in sound.items():
        for way, hurt in WAYS.items():
            yield Malformed(f"{way}.{extension}", hurt(content, chance))
    for name, content in traps(sound):
        yield Malformed(name, content)


def cut(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randrange(16, len(content))]


def flipped(content: bytes, chance: random.Random) -> bytes:
    hurt = bytearray(content)
    for _ in range(max(4, len(content) // 200)):
        hurt[chance.randrange(8, len(hurt))] ^= 1 << chance.randrange(8)
    return bytes(hurt)


def lying(content: bytes, chance: random.Random) -> bytes:
    """Numbers of the header become huge, tiny or negative."""
    hurt = bytearray(content)
    for _ in range(6):
        at = chance.randrange(8, min(len(hurt) - 4, 400))
        hurt[at : at + 4] = struct.pack(chance.choice("<>") + "I", chance.choice(HUGE))
    return bytes(hurt)


def shuffled(content: bytes, chance: random.Random) -> bytes:
    """Four parts in another order, behind the true beginning."""
    marks = sorted(chance.randrange(16, len(content)) for _ in range(3))
    edges = [16, *marks, len(content)]
    parts = [content[a:b] for a, b in pairwise(edges)]
    chance.shuffle(parts)
    return content[:16] + b"".join(parts)


WAYS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "cut": cut,
    "flipped": flipped,
    "lying": lying,
    "shuffled": shuffled,
}


def traps(sound: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    yield from _raster_traps(sound)
    yield from _svg_traps()
    yield from _document_traps(sound)
    yield from _box_traps(sound)


def _png(width: int, height: int, pixels: bytes, *extra: tuple[bytes, bytes]) -> bytes:
    header = (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    chunks = (header, *extra, (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )


def _raster_traps(sound: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    zeros = zlib.compress(bytes(64 << 20), 9)
    small = zlib.compress(bytes((64 * 3 + 1) * 48), 9)
    yield "huge dimensions.png", _png(2**31 - 1, 2**31 - 1, small)
    yield "just allowed dimensions, few pixels.png", _png(8_000, 8_000, zeros)
    yield "profile that unpacks to 64 MB.png", _png(64, 48, small, (b"iCCP", b"a\0\0" + zeros))
    yield "text that unpacks to 64 MB.png", _png(64, 48, small, *[(b"zTXt", b"a\0\0" + zeros)] * 9)
    yield "broken profile.jpg", _jpeg_with(b"\xff\xe2", b"ICC_PROFILE\0\x01\x01" + b"\xff" * 200)
    yield (
        "broken exif.jpg",
        _jpeg_with(b"\xff\xe1", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 99),
    )
    yield "large canvas, many frames.gif", _gif(9_000, 7_000, 500)
    yield "endless frames.gif", _gif(300, 250, 40_000)
    yield "ring of directories.tif", b"II*\0\x08\0\0\0" + struct.pack("<HI", 0, 8)
    header = struct.pack("<IIiiHHIIiiII", 40, 0, 60_000, 60_000, 1, 8, 1, 0, 0, 0, 0, 0)
    yield (
        "packed nothing.bmp",
        b"BM" + bytes(4) + bytes(4) + b"\x36\0\0\0" + header[4:] + b"\0\1" * 9,
    )
    yield "many frames.apng", sound["apng"].replace(b"acTL\0\0\0\5", b"acTL\xff\xff\xff\xff")


def _jpeg_with(marker: bytes, content: bytes) -> bytes:
    file = io.BytesIO()
    _noise().save(file, "JPEG")
    jpeg = file.getvalue()
    return jpeg[:2] + marker + struct.pack(">H", len(content) + 2) + content + jpeg[2:]


def _gif(width: int, height: int, frames: int) -> bytes:
    """Each frame is one pixel of a large canvas: 20 bytes that unfold to millions."""
    start = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return start + frame * frames + b"\x3b"


def _svg_traps() -> Iterator[tuple[str, bytes]]:
    entities = b"".join(
        b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10 if n else b"aaaaaaaaaa")
        for n in range(10)
    )
    yield (
        "entity bomb.svg",
        b"<!DOCTYPE svg [" + entities + b"]>" + SVG + b"<text>&a9;</text></svg>",
    )
    yield (
        "file entity.svg",
        (
            b'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
            + SVG
            + b"<text>&x;</text></svg>"
        ),
    )
    yield "deep nesting.svg", SVG + b"<g>" * 100_000 + b"</g>" * 100_000 + b"</svg>"
    doubled = b"".join(
        b'<g id="u%d">%s</g>' % (n, b'<use href="#u%d"/>' % (n - 1) * 10 if n else b"<rect/>")
        for n in range(9)
    )
    yield "uses of uses.svg", SVG + doubled + b"</svg>"
    yield "ring of uses.svg", SVG + b'<g id="a"><use href="#b"/></g><use id="b" href="#a"/></svg>'
    tiny = b'<pattern id="p" width="1e-7" height="1e-7"><rect width="1" height="1"/></pattern>'
    yield "tiny pattern.svg", SVG + tiny + b'<rect fill="url(#p)" width="64" height="48"/></svg>'
    dashes = b'<path d="M0 0H1e9" stroke="red" stroke-dasharray="1e-9"/>'
    yield "endless dashes.svg", SVG + dashes + b"</svg>"
    wide = b'<svg xmlns="http://www.w3.org/2000/svg" width="1e9" height="1e9"><rect/></svg>'
    yield "huge dimensions.svg", wide
    picture = b'<image href="data:image/png;base64,' + b"A" * 4_000 + b'" width="9" height="9"/>'
    yield "broken picture inside.svg", SVG + picture + b"</svg>"


def _document_traps(sound: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    start = sound["psd"]
    size = struct.pack(">II", 30_000, 30_000)
    yield "huge dimensions.psd", start[:14] + size + start[22:]
    yield "just allowed dimensions.psd", start[:14] + struct.pack(">II", 8_000, 8_000) + start[22:]
    yield "channels.psd", start[:12] + b"\x00\x38" + start[14:]
    layers = start.index(b"8BIMnorm")
    yield "layer without end.psd", start[:layers] + b"\xff" * 64 + start[layers + 64 :]
    ring = b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Count 9/Kids[2 0 R]>>"
    ring += b"endobj"
    yield "pages within themselves.pdf", b"%PDF-1.7\n" + ring + b"\ntrailer<</Root 1 0 R>>"
    deep = b"1 0 obj" + b"[" * 200_000 + b"]" * 200_000 + b"endobj"
    yield "deep arrays.pdf", b"%PDF-1.7\n" + deep + b"\ntrailer<</Root 1 0 R>>"
    packed = zlib.compress(b"0 0 m 9 9 l S\n" * 300_000, 9)
    stream = b"4 0 obj<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream endobj" % (
        len(packed),
        packed,
    )
    yield (
        "300,000 strokes.pdf",
        (
            b"%PDF-1.7\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
            b"2 0 obj<</Type/Pages/Count 1/Kids[3 0 R]>>endobj\n"
            b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]/Contents 4 0 R>>endobj\n"
            + stream
            + b"\ntrailer<</Root 1 0 R>>"
        ),
    )


def _box_traps(sound: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """Boxes of MP4 and HEIF whose counts and sizes are lies."""
    for extension, box, skip in (
        ("mp4", b"stsz", 8),
        ("mp4", b"stts", 4),
        ("mp4", b"stco", 4),
        ("mp4", b"mdhd", 12),
        ("mp4", b"avc1", 24),
        ("mov", b"elst", 4),
        ("heic", b"ispe", 4),
        ("heic", b"iloc", 6),
        ("avif", b"ispe", 4),
    ):
        content = bytearray(sound[extension])
        at = content.index(box) + 4 + skip
        content[at : at + 4] = b"\x7f\xff\xff\xff"
        yield f"lying {box.decode()}.{extension}", bytes(content)
    mp4 = sound["mp4"]
    yield (
        "boxes in boxes.mp4",
        mp4[:32] + b"".join(struct.pack(">I", (9_999 - n) * 8) + b"moov" for n in range(9_998)),
    )
