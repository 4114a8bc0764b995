"""Pictures of one analysis that models get: drawn by a child, held while checks are asked."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from typing import Any

import structlog
from pydantic import TypeAdapter, ValidationError

from libs.contracts.models import PictureRule
from libs.contracts.qc import Creative, Suspicion
from services.qc.domain.brief import Brief
from services.qc.domain.geometry import covered
from services.qc.domain.landmarks import Landmark
from services.qc.domain.orders import Passage, Piece, orders_in
from services.qc.domain.views import (
    MOST_CROPS,
    MOST_PAGES,
    Shown,
    Sight,
    SizeSeen,
    needs_crop,
)
from services.qc.domain.wants import Wants
from services.qc.providers.base import Picture

log = structlog.get_logger()
MAX_PICTURE_BYTES = 24 << 20
MOST_REFERENCES = 4
SHOWN: TypeAdapter[list[Shown]] = TypeAdapter(list[Shown])

UNREAD = Suspicion(
    where="picture",
    words="",
    why="The words in the creative could not be searched for orders: look at them yourself.",
)


@dataclass(slots=True)
class Gallery:
    """Filled by what the child tells; `sight` is None until it has looked.

    `differences` are those that exact checks measured.
    """

    creative: Creative
    brief: Brief = Brief()  # noqa: RUF009 (it is frozen)
    sight: Sight | None = None
    differences: list[Landmark] = field(default_factory=list)
    _drawn: list[tuple[Shown, Picture]] = field(default_factory=list)

    async def hear(self, message: Mapping[str, Any], folder: Path) -> None:
        """Take pictures and sight from a child's message, if it has any.

        The child may have been taken over by the file that it opened: a picture counts when its
        content has the hash that is its name, and a sight when it keeps to its form.
        """
        told = [*message.get("drawn", ()), *message.get("crops", ())]
        try:
            for shown in SHOWN.validate_python(told):
                if content := await asyncio.to_thread(_content, folder / shown.sha256):
                    self._drawn.append((shown, Picture(content, "image/jpeg")))
            if "sight" in message:
                self.sight = Sight.model_validate(message["sight"])
        except ValidationError:
            log.exception("a child told of pictures in a form that is none")

    @property
    def is_empty(self) -> bool:
        """Whether there is no page to show."""
        return not any(shown.kind == "page" for shown, _ in self._drawn)

    @property
    def page_count(self) -> int:
        return len({shown.page for shown, _ in self._drawn if shown.kind == "page"})

    def page_sizes(self, seen: SizeSeen) -> list[tuple[int, int]]:
        """Pixels of the pages as a model sees them: they go with every call."""
        pages = list(self._pages(seen))[:MOST_PAGES]
        return [(shown.width_px, shown.height_px) for shown, _ in pages]

    @property
    def has_several(self) -> bool:
        """Whether some question may show more than one picture."""
        return self.page_count > 1 or any(shown.kind != "page" for shown, _ in self._drawn)

    @property
    def landmarks(self) -> list[Landmark]:
        return [*(self.sight.landmarks if self.sight else ()), *self.differences]

    @property
    def words(self) -> list[Landmark]:
        """Lines of text that are no part of a suspected order."""
        places = [(one.page, one.region) for one in self.suspected if one.region]
        return [
            mark
            for mark in self.landmarks
            if mark.kind == "text"
            and not any(
                page == mark.page and covered(mark.region, region) > 0.5 for page, region in places
            )
        ]

    @property
    def suspected(self) -> list[Suspicion]:
        """Orders in the creative and in its file's name; one that says when nobody could look."""
        named = orders_in([Passage("file name", [Piece(self.creative.file_name)])])
        return [*(self.sight.suspected if self.sight else [UNREAD]), *named]

    def pictures(
        self, wants: Wants, seen: SizeSeen, rule: PictureRule
    ) -> list[tuple[Shown, Picture]]:
        """Pages as this model sees them, then small print, then references; as many as it takes.

        The pages come first and are the same for every call, so that they are cached.
        """
        pages = list(self._pages(seen))[:MOST_PAGES]
        crops = list(self._crops(pages, seen))[:MOST_CROPS] if wants.small_print else []
        references = [
            pair for kind in wants.references for pair in self._drawn if pair[0].kind == kind
        ]
        wanted = [*pages, *crops, *references[:MOST_REFERENCES]][: rule.most_pictures]
        room = accumulate(picture.size_bytes for _, picture in wanted)
        fitting = [pair for pair, size in zip(wanted, room, strict=True) if size <= rule.most_bytes]
        return fitting or wanted[:1]

    def _pages(self, seen: SizeSeen) -> Iterator[tuple[Shown, Picture]]:
        """Of each page the smallest picture that has all that the model sees."""
        by_page: dict[int, list[tuple[Shown, Picture]]] = {}
        for shown, picture in self._drawn:
            if shown.kind == "page" and shown.page is not None:
                by_page.setdefault(shown.page, []).append((shown, picture))
        for _, drawn in sorted(by_page.items()):
            drawn.sort(key=lambda pair: pair[0].width_px)
            largest = drawn[-1][0]
            wanted = seen(largest.width_px, largest.height_px)[0]
            yield next((pair for pair in drawn if pair[0].width_px >= wanted), drawn[-1])

    def _crops(
        self, pages: Iterable[tuple[Shown, Picture]], seen: SizeSeen
    ) -> Iterator[tuple[Shown, Picture]]:
        """Those that show more than the model sees on the page itself."""
        width_px = {
            page.page: seen(page.width_px, page.height_px)[0] for page, _ in pages if page.page
        }
        for shown, picture in self._drawn:
            if shown.kind == "crop" and needs_crop(shown, width_px.get(shown.page or 0)):
                yield shown, picture


def _content(file: Path) -> bytes | None:
    try:
        if file.is_symlink() or file.stat().st_size > MAX_PICTURE_BYTES:
            return None
        content = file.read_bytes()
    except OSError:
        return None
    return content if sha256(content).hexdigest() == file.name else None
