"""Tells what kind of file it is from its first bytes, never from its name."""

import re
from typing import Final

from services.qc.domain.creative import FileFormat, Unreadable

HEAD_BYTES = 8192
ALLOWED = (
    "Use a JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF, HEIC, SVG, PSD or PDF file, "
    "or an MP4, MOV or WebM video."
)

_SUPPORTED: Final[tuple[tuple[bytes, FileFormat], ...]] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"8BPS", "PSD"),
)
_KNOWN: Final[tuple[tuple[bytes, str], ...]] = (
    (b"%!PS", "a PostScript or EPS file; save it as PDF"),
    (b"\xc5\xd0\xd3\xc6", "an EPS file; save it as PDF"),
    (b"PK\x03\x04", "a ZIP archive or an Office file"),
    (b"\x1f\x8b", "a gzip archive; an SVGZ must be saved as a plain SVG"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
    (b"\x1aE\xdf\xa3", "a Matroska video; export it as MP4"),
    (b"\xd0\xcf\x11\xe0", "an old Office file"),
    (b"ID3", "a sound file"),
    (b"OggS", "an Ogg file; export it as MP4"),
    (b"FLV", "a Flash video; export it as MP4"),
    (b"0&\xb2u\x8ef\xcf\x11", "a Windows Media file; export it as MP4"),
    (b"\x00\x00\x01\xba", "an MPEG programme stream; export it as MP4"),
)
_BRANDS: Final[dict[bytes, FileFormat]] = {
    b"avif": "AVIF",
    b"avis": "AVIF",
    b"heic": "HEIC",
    b"heix": "HEIC",
    b"heim": "HEIC",
    b"heis": "HEIC",
    b"hevc": "HEIC",
    b"hevx": "HEIC",
    b"qt  ": "MOV",
}
_OPEN_BRANDS: Final = (b"mif1", b"msf1", b"mif2", b"miaf")
"""Picture files whose first brand leaves the codec to the others."""

_ATOMS: Final = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
"""What an old QuickTime file, without a brand, may begin with."""

_SVG: Final = re.compile(rb"<(\w+:)?svg[\s>]", re.IGNORECASE)
_MARKUP: Final = re.compile(
    rb"\s*<(\?xml|!doctype\s+(\w+:)?svg|!--|(\w+:)?svg[\s>])", re.IGNORECASE
)

EXTENSIONS: Final[dict[FileFormat, tuple[str, ...]]] = {
    "JPEG": ("jpg", "jpeg", "jpe"),
    "PNG": ("png", "apng"),
    "WEBP": ("webp",),
    "TIFF": ("tif", "tiff"),
    "BMP": ("bmp", "dib"),
    "GIF": ("gif",),
    "AVIF": ("avif", "avifs"),
    "HEIC": ("heic", "heif", "hif"),
    "PDF": ("pdf", "ai"),
    "SVG": ("svg",),
    "PSD": ("psd", "psb"),
    "MP4": ("mp4", "m4v", "3gp"),
    "MOV": ("mov", "qt"),
    "WEBM": ("webm",),
}
"""Extensions that fit each format; Illustrator files hold a PDF."""


def sniff(head: bytes) -> FileFormat:
    """The format, from the first `HEAD_BYTES` bytes.

    Raises Unreadable: empty_file, type_not_supported, unknown_type.
    """
    if not head:
        raise Unreadable("empty_file", "The file is empty. Export it again and upload the result.")
    for magic, format in _SUPPORTED:
        if head.startswith(magic):
            return format
    found = _riff(head) or _boxes(head) or _webm(head) or _markup(head)
    if found:
        return found
    if head.startswith(b"BM") and head[6:10] == b"\0\0\0\0":
        return "BMP"
    if b"%PDF-" in head[:1024]:
        return "PDF"
    other = next((name for magic, name in _KNOWN if head.startswith(magic)), None)
    if other:
        raise Unreadable("type_not_supported", f"This is {other}. {ALLOWED}")
    raise Unreadable("unknown_type", f"{_impression(head)} {ALLOWED}")


def _riff(head: bytes) -> FileFormat | None:
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[:4] == b"RIFF":
        what = "an AVI video; export it as MP4" if head[8:12] == b"AVI " else "a sound file"
        raise Unreadable("type_not_supported", f"This is {what}. {ALLOWED}")
    return None


def _boxes(head: bytes) -> FileFormat | None:
    """Files of ISO base media boxes; their first box lists the brands that they follow."""
    if head[4:8] in _ATOMS:
        return "MOV"
    if head[4:8] != b"ftyp":
        return None
    end = min(int.from_bytes(head[:4]), len(head), 256)
    brand, others = head[8:12], [head[at : at + 4] for at in range(16, end, 4)]
    if brand in (b"M4A ", b"M4B ", b"M4P "):
        raise Unreadable("type_not_supported", f"This is a sound file. {ALLOWED}")
    if brand in _OPEN_BRANDS:
        return next((_BRANDS[other] for other in others if other in _BRANDS), "HEIC")
    return _BRANDS.get(brand, "MP4")


def _webm(head: bytes) -> FileFormat | None:
    return "WEBM" if head.startswith(b"\x1aE\xdf\xa3") and b"webm" in head[:64] else None


def _markup(head: bytes) -> FileFormat | None:
    start = head.removeprefix(b"\xef\xbb\xbf")
    return "SVG" if _MARKUP.match(start) and _SVG.search(start) else None


def _impression(head: bytes) -> str:
    text = head.decode("utf-8", errors="ignore")
    readable = sum(letter.isprintable() or letter in "\r\n\t" for letter in text)
    if len(text.encode()) < 0.9 * len(head) or readable < 0.9 * len(text):
        return "The content is not a picture that we know."
    if text.lstrip().lower().startswith(("<!doctype html", "<html")):
        return "This is a web page, not a picture."
    opening = " ".join(text.split())[:40]
    return f"This looks like a text file (it begins “{opening}”)."
