"""Reads an SVG from anywhere and keeps what draws: no scripts, no files, no addresses.

resvg would open any file that a drawing names, so every reference that is not inside the drawing
is taken out before. Written for Illustrator's and Inkscape's files: document types and short
entities are fine, anything that multiplies is not.
"""

import base64
import binascii
import io
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from PIL import Image

from services.qc.domain.creative import Unreadable

MAX_BYTES = 20 << 20
MAX_ELEMENTS = 200_000
MAX_DEPTH = 200
MAX_ENTITIES, MAX_ENTITY_CHARS = 200, 2_000
MAX_TEXT_CHARS = 40 << 20
MAX_EMBEDDED, MAX_EMBEDDED_PIXELS = 200, 64_000_000
SPACE = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"

_LEFT_OUT = {
    "script": "scripts",
    "foreignobject": "web content",
    "iframe": "web content",
    "audio": "sound",
    "video": "video",
    "animate": "animation",
    "animatetransform": "animation",
    "animatemotion": "animation",
    "set": "animation",
    "metadata": "",
    "title": "",
    "desc": "",
}
"""Elements that are taken out, and what to call them where it matters to the look."""

_LINKS = re.compile(r"url\(\s*(?![\"']?\s*#)[^)]*\)|@import[^;]*;?|@font-face\s*{[^}]*}", re.I)
_FAMILY = re.compile(r"font-family\s*:\s*([^;}]+)", re.I)
_DATA = re.compile(r"\s*data:image/(png|jpe?g|gif|webp)[^,]*;base64,", re.I)
_DRAWN_FORMATS = ("PNG", "JPEG", "GIF", "WEBP")


@dataclass
class Cleaned:
    """`left_out` names what was taken out; `families` are the fonts that its text asks for."""

    text: str = ""
    elements: int = 0
    has_text: bool = False
    left_out: set[str] = field(default_factory=set)
    families: set[str] = field(default_factory=set)


def clean(content: bytes) -> Cleaned:
    """Raises Unreadable."""
    if len(content) > MAX_BYTES:
        raise _too_much(f"it has more than {MAX_BYTES >> 20} MB")
    copying = _Copy()
    try:
        copying.read(content)
    except expat.ExpatError as error:
        detail = f"The SVG is damaged ({expat.ErrorString(error.code)}). Export it again."
        raise Unreadable("damaged", detail) from error
    return copying.cleaned


class _Copy:
    def __init__(self) -> None:
        self.cleaned = Cleaned()
        self._out = io.StringIO()
        self._parser = expat.ParserCreate(namespace_separator="\n")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.EntityDeclHandler = self._entity
        self._parser.ExternalEntityRefHandler = self._outside
        self._parser.buffer_text = True
        self._depth = self._skipping_from = 0
        self._entities = self._embedded = self._embedded_pixels = self._chars = 0
        self._in_style = False
        self._tree = _Tree()

    def read(self, content: bytes) -> None:
        self._parser.Parse(content, True)
        if self._tree.drawn() > MAX_ELEMENTS:
            raise _too_much(f"what it uses again unfolds to more than {MAX_ELEMENTS:,} objects")
        self.cleaned.text = self._out.getvalue()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self.cleaned.elements += 1
        if self.cleaned.elements > MAX_ELEMENTS:
            raise _too_much(f"it has more than {MAX_ELEMENTS:,} objects")
        if self._depth > MAX_DEPTH:
            raise _too_much(f"its groups are nested more than {MAX_DEPTH} deep")
        if self._skipping_from:
            return
        self._tree.open(self._depth, attributes.get("id"))
        space, _, tag = name.rpartition("\n")
        if self._depth == 1 and tag != "svg":
            raise Unreadable("damaged", "The file is XML, but no SVG. Export it again.")
        if self._is_left_out(space, tag):
            self._skipping_from = self._depth
            return
        root = f' xmlns="{SPACE}" xmlns:xlink="{XLINK}"' if self._depth == 1 else ""
        kept = "".join(f" {key}={quoteattr(value)}" for key, value in self._kept(tag, attributes))
        self._write(f"<{tag}{root}{kept}>")
        self._in_style = tag == "style"
        self.cleaned.has_text |= tag == "text"

    def _is_left_out(self, space: str, tag: str) -> bool:
        if space not in (SPACE, ""):
            return True
        what = _LEFT_OUT.get(tag.lower())
        if what:
            self.cleaned.left_out.add(what)
        return what is not None

    def _end(self, name: str) -> None:
        if not self._skipping_from:
            self._write(f"</{name.rpartition(chr(10))[2]}>")
        elif self._skipping_from == self._depth:
            self._skipping_from = 0
        self._in_style = False
        self._depth -= 1

    def _text(self, text: str) -> None:
        if not self._skipping_from:
            self._write(escape(self._inside_only(text) if self._in_style else text))

    def _write(self, text: str) -> None:
        self._chars += len(text)
        if self._chars > MAX_TEXT_CHARS:
            raise _too_much("its entities unfold to too much text")
        self._out.write(text)

    def _kept(self, tag: str, attributes: dict[str, str]) -> Iterator[tuple[str, str]]:
        for name, value in attributes.items():
            space, _, key = name.rpartition("\n")
            if key == "href":
                yield from self._link(tag, value)
            elif space == "http://www.w3.org/XML/1998/namespace":
                yield f"xml:{key}", value
            elif not space and not key.lower().startswith("on") and key != "base":
                if key == "font-family":
                    self._asks_for(value)
                yield key, self._inside_only(value)

    def _link(self, tag: str, value: str) -> Iterator[tuple[str, str]]:
        if value.strip().startswith("#"):
            self._tree.use(value.strip()[1:])
            yield "xlink:href", value.strip()
        elif tag == "image" and (start := _DATA.match(value)):
            self._count_embedded(value[start.end() :])
            yield "xlink:href", value.strip()
        elif tag == "image":
            inside = value.strip().startswith("data:")
            kind = "embedded pictures of another kind" if inside else "pictures outside the file"
            self.cleaned.left_out.add(kind)
        elif tag != "a":
            self.cleaned.left_out.add("links")

    def _count_embedded(self, data: str) -> None:
        """Embedded pictures have limits together, taken from their headers."""
        self._embedded += 1
        try:
            with Image.open(io.BytesIO(base64.b64decode(data)), formats=_DRAWN_FORMATS) as image:
                self._embedded_pixels += image.width * image.height
        except (OSError, ValueError, SyntaxError, binascii.Error, Image.DecompressionBombError):
            detail = "A picture embedded in the SVG is damaged or too large. Embed it again."
            raise Unreadable("damaged", detail) from None
        if self._embedded > MAX_EMBEDDED or self._embedded_pixels > MAX_EMBEDDED_PIXELS:
            detail = "The pictures embedded in the SVG are too many or too large. Link fewer."
            raise Unreadable("too_many_pixels", detail)

    def _inside_only(self, css: str) -> str:
        for family in _FAMILY.findall(css):
            self._asks_for(family)
        kept, links = _LINKS.subn("", css)
        if links:
            self.cleaned.left_out.add("links")
        return kept

    def _asks_for(self, families: str) -> None:
        first = families.split(",")[0].strip().strip("\"'")
        if first and len(self.cleaned.families) < 50:
            self.cleaned.families.add(first[:60])

    def _entity(self, _name: str, _parameter: bool, value: str | None, *_outside: Any) -> None:
        self._entities += 1
        if value is not None and ("&" in value or len(value) > MAX_ENTITY_CHARS):
            raise _too_much("its entities unfold to too much text")
        if self._entities > MAX_ENTITIES:
            raise _too_much(f"it declares more than {MAX_ENTITIES} entities")

    def _outside(self, *_: Any) -> int:
        self.cleaned.left_out.add("links")
        return 1


class _Tree:
    """How many objects are drawn once everything that is used again has been unfolded."""

    def __init__(self) -> None:
        self._own: Counter[str] = Counter()
        self._parts: dict[str, list[str]] = defaultdict(list)
        self._open: list[tuple[int, str]] = [(0, "")]

    def open(self, depth: int, name: str | None) -> None:
        while self._open[-1][0] >= depth:
            self._open.pop()
        if name:
            self._parts[self._open[-1][1]].append(name)
            self._open.append((depth, name))
        self._own[self._open[-1][1]] += 1

    def use(self, name: str) -> None:
        self._parts[self._open[-1][1]].append(name)

    def drawn(self) -> int:
        """Without recursion, for chains may be long; a ring counts once."""
        sums: dict[str, int] = {}
        begun: set[str] = set()
        left = [""]
        while left:
            name = left[-1]
            fresh = [part for part in self._parts[name] if part not in begun]
            if name not in begun and fresh:
                begun.add(name)
                left.extend(fresh)
                continue
            begun.add(name)
            left.pop()
            if name not in sums:
                sums[name] = self._own[name] + sum(sums.get(p, 0) for p in self._parts[name])
        return sums[""]


def _too_much(why: str) -> Unreadable:
    return Unreadable("damaged", f"The SVG is too complex: {why}. Flatten it and export it again.")
