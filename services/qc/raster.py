"""Opens pictures: JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF and HEIC."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from services.qc.animation import open_animation
from services.qc.domain.creative import Creative, FileFormat, Limits, Page, Rgb, Unreadable
from services.qc.pillow_file import (
    check_pixels,
    facts_of,
    pillow_file,
    turn_to_make,
    upright_glance,
    upright_rgb,
)

ANIMATED = frozenset({"GIF", "WEBP", "PNG", "AVIF"})


def open_raster(
    path: Path,
    format: FileFormat,
    limits: Limits,
    name: str,
    background: tuple[int, int, int],
    lazy: bool = False,
) -> Creative:
    """A TIFF's frames are its pages; a HEIC or MPO is its main picture.

    The first page is decoded here, so that a file that is cut short is told at once, unless
    `lazy` leaves that to the caller; every frame of an animation is. Raises Unreadable.
    """
    with pillow_file(path, format, limits) as image:
        frames = int(getattr(image, "n_frames", 1))
        if frames > 1 and format in ANIMATED:
            return open_animation(path, format, limits, name, background)
        if format != "TIFF":
            frames = 1
        facts = facts_of(path, name, image, format, frames)
        pages = list(_pages(image, frames, limits))

    def decode(page: Page) -> Rgb:
        with _opened(path, format, limits, page) as image:
            return upright_rgb(image, limits, background)

    def glance(page: Page, side_px: int) -> Rgb:
        with _opened(path, format, limits, page) as image:
            return upright_glance(image, side_px, background)

    creative = Creative(format, facts, pages, decode, path=path, glance=glance)
    if not lazy:
        creative.rgb(pages[0])
    return creative


@contextmanager
def _opened(path: Path, format: FileFormat, limits: Limits, page: Page) -> Iterator[Image.Image]:
    with pillow_file(path, format, limits) as image:
        if page.number > 1:
            image.seek(page.number - 1)
        yield image


def _pages(image: Image.Image, frames: int, limits: Limits) -> Iterator[Page]:
    if frames > limits.max_pages:
        detail = f"The file has {frames} pages; at most {limits.max_pages} are allowed. Split it."
        raise Unreadable("too_many_pages", detail)
    for number in range(1, frames + 1):
        if number > 1:
            image.seek(number - 1)
        check_pixels(image.width * image.height, limits)
        width, height = image.size
        if turn_to_make(image) >= 5:
            width, height = height, width
        yield Page(number, width, height)
