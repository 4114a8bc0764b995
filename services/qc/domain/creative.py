"""The creative as the checks see it: its file, its pages, and why it could not be opened."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, Self, TypeAlias

from services.qc.domain.facts import FileFacts, Frame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Rgb: TypeAlias = "NDArray[np.uint8]"
"""Pixels, height by width by 3, upright sRGB. A name only: numpy is not loaded here."""

FileFormat = Literal[
    "JPEG",
    "PNG",
    "WEBP",
    "TIFF",
    "BMP",
    "GIF",
    "AVIF",
    "HEIC",
    "PDF",
    "SVG",
    "PSD",
    "MP4",
    "MOV",
    "WEBM",
]
DRAWN: Final = frozenset({"PDF", "SVG"})
"""Formats without pixels of their own: their pages are rasterised."""

FILMED: Final = frozenset({"MP4", "MOV", "WEBM"})
"""Video: the pages are frames of it."""

UnreadableCode = Literal[
    "empty_file",
    "unknown_type",
    "type_not_supported",
    "too_many_pixels",
    "too_many_pages",
    "truncated",
    "damaged",
    "password_protected",
    "no_flattened_picture",
    "no_picture",
]
KEPT_BYTES = 128 * 2**20
"""As many pages of a PDF as checks look at, at their largest: else each check draws them anew."""


class Unreadable(Exception):
    """The file is not a creative that can be checked; `detail` says what to do about it.

    `code` is for programs and never changes. Both survive pickling.
    """

    def __init__(self, code: UnreadableCode, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return self.detail


@dataclass(frozen=True)
class Limits:
    """What may be opened. Longer sides than `working_side_px` are scaled down for the checks."""

    max_pixels: int = 64_000_000
    max_pages: int = 100
    working_side_px: int = 4000
    pdf_side_px: int = 2048
    pdf_dpi: float = 150.0


@dataclass(frozen=True)
class Page:
    """One page or picture, upright. `width_px` and `height_px` count the pixels of the file.

    A PDF page has the pixels that it was rasterised to, and its size in millimetres. A frame
    of an animation or a video is a page with its time, `at_s`.
    """

    number: int
    width_px: int
    height_px: int
    width_mm: float | None = None
    height_mm: float | None = None
    at_s: float | None = None


class Creative:
    """An open creative. Pages are decoded when asked for and only the latest are kept.

    Use it as a context manager: a PDF stays open until then.
    """

    def __init__(
        self,
        format: FileFormat,
        facts: FileFacts,
        pages: list[Page],
        decode: Callable[[Page], Rgb],
        opened: AbstractContextManager[object] | None = None,
        *,
        path: Path | None = None,
        play: Callable[[int], Iterator[Frame]] | None = None,
        glance: Callable[[Page, int], Rgb] | None = None,
    ) -> None:
        self.format = format
        self.facts = facts
        self.pages = pages
        self.path = path
        self._decode = decode
        self._play = play
        self._glance = glance
        self._opened = opened
        self._kept: dict[int, Rgb] = {}

    @property
    def document(self) -> object | None:
        """What stays open behind the pages: a PDF's document."""
        return self._opened

    def rgb(self, page: Page) -> Rgb:
        """Height by width by 3, upright sRGB, read-only.

        Scaled down where the page is larger than the limits say. Raises Unreadable.
        """
        if page.number not in self._kept:
            pixels = self._decode(page)
            pixels.setflags(write=False)
            self._make_room(pixels.nbytes)
            self._kept[page.number] = pixels
        return self._kept[page.number]

    def glance(self, page: Page, side_px: int) -> Rgb:
        """To be looked at and not measured: `side_px` on the longer side, or more; not kept.

        Faster than `rgb`, unless that was asked for before. Raises Unreadable.
        """
        if self._glance is None or page.number in self._kept:
            return self.rgb(page)
        return self._glance(page, side_px)

    def frames(self, side_px: int) -> Iterator[Frame]:
        """Every frame of an animation or video, upright, its longer side at most `side_px`.

        Nothing for a still picture. Raises Unreadable.
        """
        return iter(()) if self._play is None else self._play(side_px)

    def _make_room(self, needed_bytes: int) -> None:
        while self._kept and self._kept_bytes() + needed_bytes > KEPT_BYTES:
            self._kept.pop(next(iter(self._kept)))

    def _kept_bytes(self) -> int:
        return sum(pixels.nbytes for pixels in self._kept.values())

    def close(self) -> None:
        self._kept.clear()
        if self._opened is not None:
            self._opened.__exit__(None, None, None)
            self._opened = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __iter__(self) -> Iterator[Page]:
        return iter(self.pages)
