"""What a model gets to see of a creative: which pages, how large, and what is cut out of them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from libs.contracts.brand import ReferenceKind
from libs.contracts.common import Reply, Request
from libs.contracts.qc import Creative, CreativePage, Finding, Region, Sha256, Suspicion
from services.qc.domain.boxes import from_shares
from services.qc.domain.landmarks import MAX_LANDMARKS, Landmark, around

MOST_PAGES = 6
"""Of one creative: each is a picture that every group of checks pays for."""

LEAST_LINE_PX = 13.0
"""Height of a line, as the model sees it, from which on words can be read."""

CLEAR_LINE_PX = 24.0
MOST_CROPS = 4
CROP_LONG_PX, CROP_SHORT_PX = 2_000, 760
"""Sides up to which no model makes a picture smaller."""

MORE = 1.3
"""How many times larger a crop must show its words to be worth its tokens."""

MOST_SIDE_PX = 2_048
QUALITY = 90
ALIKE = 0.85
MARGIN_PX = 12.0
NEAR_SHARE = 0.02
LEAST_LETTERS = 3

SizeSeen = Callable[[int, int], tuple[int, int]]
"""The size in pixels at which a model looks at a picture of that width and height."""

ViewKind = Literal["page", "crop"] | ReferenceKind | Literal["previous_version"]


class Shown(Reply):
    """A picture that was drawn for models, under the hash of its content.

    A crop has the region of its page that it shows; a reference has its name, and no page.
    """

    sha256: Sha256
    kind: ViewKind
    width_px: Annotated[int, Field(ge=1, le=20_000)]
    height_px: Annotated[int, Field(ge=1, le=20_000)]
    page: Annotated[int, Field(ge=1)] | None = None
    region: Region | None = None
    name: str = ""


class Sight(Reply):
    """What was seen on the pages that models get: places, words, and orders among the words."""

    landmarks: Annotated[list[Landmark], Field(max_length=MAX_LANDMARKS)] = []
    suspected: Annotated[list[Suspicion], Field(max_length=20)] = []


class Showing(Request):
    """What a child draws and looks for.

    `sides_px` are the longer sides of the pictures of a page, by its number; `seen_px` is the
    width at which it is seen by the model that sees it smallest. `references` are kinds of the
    brief, and how many of each. Without `reads` only the words beside the pages are searched.
    `sight` is given where it is known already.
    """

    folder: Path
    sides_px: Mapping[int, tuple[int, ...]] = {}
    seen_px: Mapping[int, int] = {}
    references: Mapping[str, int] = {}
    reference_px: int = Field(default=512, ge=32, le=4_096)
    reads: bool = True
    sight: Sight | None = None


def needs_crop(crop: Shown, seen_width_px: int | None) -> bool:
    """Whether the crop shows its part of the page larger than the model sees it on the page."""
    if crop.region is None or seen_width_px is None:
        return False
    return crop.width_px > MORE * crop.region.w * seen_width_px


def sides_to_draw(
    creative: Creative, models: Sequence[SizeSeen]
) -> tuple[dict[int, tuple[int, ...]], dict[int, int]]:
    """For each page to show: longer sides that serve all models, and the width that it is seen
    with by the one that sees it smallest. Sizes that differ little are one.
    """
    sides: dict[int, tuple[int, ...]] = {}
    widths: dict[int, int] = {}
    for page in pages_to_show(creative):
        scale = min(1.0, MOST_SIDE_PX / max(page.width_px, page.height_px))
        size = round(page.width_px * scale), round(page.height_px * scale)
        seen = [seen_by(*size) for seen_by in models] or [size]
        sides[page.number] = _few(max(one) for one in seen)
        widths[page.number] = max(1, min(width for width, _ in seen))
    return sides, widths


def _few(sides: Iterable[int]) -> tuple[int, ...]:
    """The largest first; one that is nearly as large as another is served by that."""
    kept: list[int] = []
    for side in sorted(set(sides), reverse=True):
        if not kept or side < ALIKE * kept[-1]:
            kept.append(max(side, 1))
    return tuple(kept)


def on_page(finding: Finding, shown: Sequence[Shown]) -> Finding:
    """The finding where it is on the creative, when its page is the number of a picture.

    A box on a crop is a box on its page. What a reference shows is no place on the creative.
    """
    if not shown:
        return finding
    picture = shown[finding.page - 1] if finding.page <= len(shown) else shown[0]
    place = finding.region if finding.page <= len(shown) else None
    if picture.page is None:
        picture, place = shown[0], None
    if place and picture.region:
        outer = picture.region
        place = from_shares(
            outer.x + place.x * outer.w,
            outer.y + place.y * outer.h,
            place.w * outer.w,
            place.h * outer.h,
        )
    return finding.model_copy(
        update={
            "page": picture.page or 1,
            "region": place,
            "approximate": place is not None,
        }
    )


def pages_left_out(creative: Creative, shown: Sequence[Shown]) -> str | None:
    """Which of the artwork no model saw, for people."""
    artwork = [page for page in creative.strip if page.type == "artwork"]
    seen = {picture.page for picture in shown if picture.kind == "page"}
    if not seen or len(seen) >= len(artwork):
        return None
    return f"The first {len(seen)} of {len(artwork)} pages were judged."


class Crop(Reply):
    """A part of a page to be cut out, with the size in pixels that it is drawn at."""

    page: int
    region: Region
    width_px: int
    height_px: int


def pages_to_show(creative: Creative) -> list[CreativePage]:
    """The artwork, at most `MOST_PAGES` of it; frames of a film are its pages."""
    strip = creative.strip or [
        CreativePage(number=1, width_px=creative.width_px, height_px=creative.height_px)
    ]
    artwork = [page for page in strip if page.type == "artwork"] or strip
    return artwork[:MOST_PAGES]


def small_print(
    landmarks: Iterable[Landmark], page: CreativePage, seen_width_px: int
) -> Iterator[Crop]:
    """Parts of the page whose words are too small where the model sees it `seen_width_px` wide.

    The part with the most words comes first. Sizes are such that its smallest line is clear, as
    far as the file has the pixels; a drawn page has as many as are asked for.
    """
    scale = seen_width_px / page.width_px
    small = [
        one
        for one in landmarks
        if one.page == page.number
        and one.kind == "text"
        and one.letter_px is not None
        and one.letter_px * scale < LEAST_LINE_PX
        and sum(char.isalnum() for char in one.words) >= LEAST_LETTERS
    ]
    groups = sorted(_groups(small), key=lambda group: -sum(len(one.words) for one in group))
    for group in groups:
        yield from _crops(group, page)


def _groups(lines: Sequence[Landmark]) -> list[list[Landmark]]:
    """Lines whose boxes come near each other."""
    groups: list[list[Landmark]] = []
    for line in lines:
        near = [group for group in groups if any(_are_near(line, one) for one in group)]
        groups = [group for group in groups if group not in near]
        groups.append([line, *(one for group in near for one in group)])
    return groups


def _are_near(one: Landmark, other: Landmark) -> bool:
    a, b = one.region, other.region
    across = max(a.x - b.x - b.w, b.x - a.x - a.w)
    down = max(a.y - b.y - b.h, b.y - a.y - a.h)
    return across <= NEAR_SHARE and down <= NEAR_SHARE


def _crops(group: Sequence[Landmark], page: CreativePage) -> Iterator[Crop]:
    """The box round the lines, in bands from the top where it is too high for one."""
    smallest = min(one.letter_px or 1.0 for one in group)
    zoom = min(CLEAR_LINE_PX / smallest, 1.0) if page.width_mm is None else CLEAR_LINE_PX / smallest
    box = _widened(around([one.region for one in group]), page)
    width = min(box.w * page.width_px * zoom, CROP_LONG_PX)
    zoom = width / (box.w * page.width_px)
    height = box.h * page.height_px * zoom
    bands = max(1, -(-int(height) // CROP_SHORT_PX))
    for band in range(bands):
        top = box.y + box.h * band / bands
        yield Crop(
            page=page.number,
            region=Region(x=box.x, y=round(top, 6), w=box.w, h=round(box.h / bands, 6)),
            width_px=max(1, round(width)),
            height_px=max(1, round(height / bands)),
        )


def _widened(box: Region, page: CreativePage) -> Region:
    across, down = MARGIN_PX / page.width_px, MARGIN_PX / page.height_px
    left, top = max(0.0, box.x - across), max(0.0, box.y - down)
    right, bottom = min(1.0, box.x + box.w + across), min(1.0, box.y + box.h + down)
    return Region(
        x=round(left, 6), y=round(top, 6), w=round(right - left, 6), h=round(bottom - top, 6)
    )
