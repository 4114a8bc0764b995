"""Words that lie in a file beside its picture: metadata, comments, layers, text nobody sees.

They are searched for orders to whoever judges. Runs in the child that decodes; what a damaged
file does not give up is left out.
"""

import html
import logging
import re
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Any

from libs.contracts.qc import TextPlace
from services.qc.domain.creative import FILMED, Creative, Limits
from services.qc.domain.orders import Passage, Piece

if TYPE_CHECKING:
    from collections.abc import Iterable

LOG = logging.getLogger(__name__)
MOST_WORDS = 2_000
MOST_CHARS = 200_000
MOST_OBJECTS = 50_000
MOST_PARTS, DEEPEST = 1_000, 6
MOST_METADATA_BYTES = 2 << 20
LEAST_CHARS = 8

PDF_KEYS = {
    "/Alt", "/ActualText", "/Author", "/Contents", "/Creator", "/DV", "/Desc", "/E", "/Keywords",
    "/NM", "/Producer", "/RC", "/Subj", "/Subject", "/T", "/TU", "/Title", "/UF", "/V",
}  # fmt: skip
"""Entries of a PDF's objects that hold text: comments, forms, bookmarks, alternatives."""

MARKUP = re.compile(r"<[^<>]{0,400}>")
ATTRIBUTES = re.compile(r"=\s*(\"[^\"]{8,}\"|'[^']{8,}')")
COMMENTS = re.compile(r"<!--(.*?)-->", re.DOTALL)


def words_of_file(
    creative: Creative, limits: Limits, pages_read: Collection[int] = ()
) -> Iterator[Passage]:
    """The words beside the picture, each once. Of `pages_read` it is known what they show."""
    known: set[str] = set()
    left = MOST_CHARS
    for where, page, text in _all_words(creative, limits):
        words = " ".join(text.split())
        if len(words) < LEAST_CHARS or words in known:
            continue
        known.add(words)
        left -= len(words)
        if left < 0 or len(known) > MOST_WORDS:
            LOG.warning("the file has more words than are read")
            return
        if where == "hidden text" and (page or 1) not in pages_read:
            where = "text layer"
        yield Passage(where, [Piece(words)], page)


_Words = Iterator[tuple[TextPlace, int | None, str]]


def _all_words(creative: Creative, limits: Limits) -> _Words:
    for layer in creative.facts.layers or ():
        yield "metadata", None, layer.name
    if creative.path is None:
        return
    reader = _reader(creative)
    try:
        yield from reader(creative, limits)
    except Exception:
        LOG.exception("the words beside the picture could not be read")


def _reader(creative: Creative) -> Callable[[Creative, Limits], _Words]:
    if creative.format == "PDF":
        return _of_pdf
    if creative.format == "SVG":
        return _of_svg
    if creative.format in FILMED:
        return _of_video
    return _of_picture


def _of_pdf(creative: Creative, _: Limits) -> _Words:
    yield from _of_pdf_pages(creative)
    import pikepdf

    if creative.path is None:
        return
    with pikepdf.open(creative.path) as pdf:
        for _number, thing in zip(range(MOST_OBJECTS), pdf.objects, strict=False):
            yield from (("metadata", None, text) for text in _texts_of(thing))
        names = list(pdf.attachments)[:100]
        yield from (("metadata", None, name) for name in names)


def _texts_of(thing: Any, depth: int = 0) -> Iterator[str]:
    """Of an object and what lies directly in it; what it refers to has its own turn."""
    import pikepdf

    if isinstance(thing, pikepdf.Array):
        parts = [("", part) for _, part in zip(range(MOST_PARTS), thing, strict=False)]
    elif isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
        parts = list(thing.items())
    else:
        return
    if isinstance(thing, pikepdf.Stream) and thing.get("/Type") == "/Metadata":
        yield _unmarked(thing.read_bytes()[:MOST_METADATA_BYTES])
    for key, part in parts:
        if isinstance(part, pikepdf.String) and key in PDF_KEYS:
            yield str(part)
        elif isinstance(part, pikepdf.Object) and not part.is_indirect and depth < DEEPEST:
            yield from _texts_of(part, depth + 1)


def _of_pdf_pages(creative: Creative) -> _Words:
    """All text of the pages: also what is white on white, invisible, covered or cut off."""
    document: Any = creative.document
    for number, _ in enumerate(creative.pages if document else (), start=1):
        page = document[number - 1]
        text = page.get_textpage()
        try:
            yield "hidden text", number, str(text.get_text_range())[: MOST_CHARS // 4]
        finally:
            text.close()
            page.close()


def _of_svg(creative: Creative, _: Limits) -> _Words:
    content = creative.path.read_bytes()[:MOST_METADATA_BYTES] if creative.path else b""
    text = content.decode("utf-8", "replace")
    yield from (("metadata", None, match[1]) for match in COMMENTS.finditer(text))
    attributes = (html.unescape(match[1]) for match in ATTRIBUTES.finditer(text))
    yield from (("metadata", None, words) for words in attributes if " " in words)
    yield "hidden text", None, _unmarked(content)


def _of_video(creative: Creative, _: Limits) -> _Words:
    import av

    with av.open(str(creative.path), metadata_errors="replace") as container:
        told = [dict(container.metadata), *(dict(s.metadata) for s in container.streams)]
    for metadata in told:
        yield from (("metadata", None, value) for value in metadata.values())


def _of_picture(creative: Creative, limits: Limits) -> _Words:
    from services.qc.pillow_file import pillow_file

    if creative.path is None or creative.format == "PSD":
        return
    with pillow_file(creative.path, creative.format, limits) as image:
        values: list[Any] = [*image.info.values()]
        if creative.format == "PNG":
            values += getattr(image, "text", {}).values()  # those behind the pixels come on loading
        values += _exif(image)
        for text in _strings(values):
            yield "metadata", None, text


def _exif(image: Any) -> Iterator[Any]:
    from PIL import ExifTags

    try:
        exif = image.getexif()
        yield from exif.values()
        yield from exif.get_ifd(ExifTags.IFD.Exif).values()
    except Exception:
        LOG.info("the EXIF of the picture cannot be read")


def _strings(values: "Iterable[Any]") -> Iterator[str]:
    for value in values:
        if isinstance(value, bytes):
            yield _unmarked(value[:MOST_METADATA_BYTES])
        elif isinstance(value, str):
            yield _unmarked(value[:MOST_METADATA_BYTES].encode("utf-8", "replace"))


def _unmarked(content: bytes) -> str:
    """Text of unknown coding, without the marks of XML around it. Bytes that are no text are ""."""
    content = content.removeprefix(b"ASCII\0\0\0").removeprefix(b"UNICODE\0")
    wide = content[:200].count(0) * 3 > min(len(content), 200)
    coding = "utf-16-be" if content[:1] == b"\0" else "utf-16-le" if wide else "utf-8"
    text = content.decode(coding, "replace")
    if text.count("\ufffd") * 4 > len(text):
        return ""
    return html.unescape(MARKUP.sub(" ", text))
