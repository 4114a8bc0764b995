"""Tells what kind of file it is from its first bytes, never from its name."""

from typing import Final

from services.qc.domain.creative import FileFormat, Unreadable

HEAD_BYTES = 4096
ALLOWED = "Use a JPEG, PNG, WebP, TIFF or PDF file."

_SUPPORTED: Final[tuple[tuple[bytes, FileFormat], ...]] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
)
_KNOWN: Final[tuple[tuple[bytes, str], ...]] = (
    (b"GIF8", "a GIF"),
    (b"8BPS", "a Photoshop file"),
    (b"%!PS", "a PostScript or EPS file"),
    (b"\xc5\xd0\xd3\xc6", "an EPS file"),
    (b"PK\x03\x04", "a ZIP archive or an Office file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x00\x00\x01\x00", "an icon"),
    (b"\x00\x00\x00\x0cJXL ", "a JPEG XL picture"),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture"),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM video"),
    (b"\xd0\xcf\x11\xe0", "an old Office file"),
)
EXTENSIONS: Final[dict[FileFormat, tuple[str, ...]]] = {
    "JPEG": ("jpg", "jpeg", "jpe"),
    "PNG": ("png",),
    "WEBP": ("webp",),
    "TIFF": ("tif", "tiff"),
    "PDF": ("pdf", "ai"),
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
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if b"%PDF-" in head[:1024]:
        return "PDF"
    other = _known_but_not_allowed(head)
    if other:
        raise Unreadable("type_not_supported", f"This is {other}. {ALLOWED}")
    raise Unreadable("unknown_type", f"{_impression(head)} {ALLOWED}")


def _known_but_not_allowed(head: bytes) -> str | None:
    for magic, name in _KNOWN:
        if head.startswith(magic):
            return name
    if head.startswith(b"BM") and head[6:10] == b"\0\0\0\0":
        return "a BMP picture"
    if head[4:8] == b"ftyp":
        picture = head[8:12] in (b"avif", b"avis", b"heic", b"heix", b"mif1", b"msf1")
        return "an AVIF or HEIC picture" if picture else "a video (MP4 or QuickTime)"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in start and start.startswith((b"<svg", b"<?xml", b"<!")):
        return "an SVG drawing"
    return None


def _impression(head: bytes) -> str:
    text = head.decode("utf-8", errors="ignore")
    readable = sum(letter.isprintable() or letter in "\r\n\t" for letter in text)
    if len(text.encode()) < 0.9 * len(head) or readable < 0.9 * len(text):
        return "The content is not a picture that we know."
    if text.lstrip().lower().startswith(("<!doctype html", "<html")):
        return "This is a web page, not a picture."
    opening = " ".join(text.split())[:40]
    return f"This looks like a text file (it begins “{opening}”)."
