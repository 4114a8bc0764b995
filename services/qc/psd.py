"""Opens Photoshop files (PSD and PSB): the flattened picture that they carry, and their layers."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms
from psd_tools import PSDImage
from psd_tools.api.utils import has_transparency
from psd_tools.constants import Compression, Resource
from psd_tools.psd.header import FileHeader
from psd_tools.psd.parse_limits import ParseLimits

from libs.contracts.qc import Region
from services.qc.domain.creative import Creative, Limits, Page, Rgb, Unreadable
from services.qc.domain.facts import FileFacts, Layer
from services.qc.pillow_file import check_pixels, icc_name, upright_rgb

MAX_READ_BYTES = 512 << 20
MAX_PICTURE_BYTES = 700 << 20
MAX_LAYERS = 5_000
FRUGAL_MODES = frozenset({"RGB", "CMYK", "L"})
KINDS: dict[str, Any] = {
    "artboard": "group",
    "group": "group",
    "pixel": "picture",
    "type": "text",
    "shape": "shape",
    "smartobject": "smart object",
}

logging.getLogger("psd_tools").setLevel(logging.CRITICAL)


def open_psd(path: Path, limits: Limits, name: str, background: tuple[int, int, int]) -> Creative:
    """What the layers hold is not drawn: Photoshop stores beside them how they look together.

    Raises Unreadable.
    """
    try:
        psd = _parsed(path, limits)
        flattened = _flattened(psd, path)
        layers = tuple(_layers(psd))
        facts = _facts(path, name, psd, flattened, layers)
    except Unreadable:
        raise
    except MemoryError as error:
        detail = "Opening the Photoshop file takes too much memory. Export it flattened, smaller."
        raise Unreadable("too_many_pixels", detail) from error
    except Exception as error:
        detail = "The Photoshop file is damaged or cut short. Save it again, or export a PNG."
        raise Unreadable("damaged", detail) from error
    pixels = upright_rgb(flattened, limits, background)
    page = Page(1, *flattened.size)

    def decode(_: Page) -> Rgb:
        return pixels

    return Creative("PSD", facts, [page], decode, path=path)


def _parsed(path: Path, limits: Limits) -> Any:
    with path.open("rb") as file:
        header = FileHeader.read(file)
        check_pixels(header.width * header.height, limits)
        file.seek(0)
        return PSDImage.open(
            file,
            max_alloc_bytes=MAX_PICTURE_BYTES,
            parse_limits=ParseLimits(max_read_bytes=MAX_READ_BYTES, max_total_bytes=MAX_READ_BYTES),
        )


def _flattened(psd: Any, path: Path) -> Image.Image:
    """In the colours of the file; its profile comes along. Photoshop may leave the picture out."""
    _check_whole(psd)
    image = _picture(psd, path) if psd.has_preview() else None
    if image is None:
        detail = (
            "The Photoshop file has no flattened picture. Turn on “Maximize Compatibility” in "
            "Photoshop's preferences (File Handling), save it again, or export a PNG."
        )
        raise Unreadable("no_flattened_picture", detail)
    if image.mode == "LAB":
        image = ImageCms.profileToProfile(
            image, ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
        if image is None:
            raise AssertionError("a conversion into a new picture returns it")
    elif profile := psd.image_resources.get_data(Resource.ICC_PROFILE):
        image.info["icc_profile"] = bytes(profile)
    return image


def _picture(psd: Any, path: Path) -> Image.Image | None:
    """psd_tools reads every kind; Pillow only 8 bits, but in a third of the memory."""
    try:
        picture: Image.Image | None = psd.topil(apply_icc=False)
        return picture
    except ValueError as error:
        if "max_alloc_bytes" not in str(error):
            raise
    if psd.depth != 8 or psd.version != 1 or psd.pil_mode not in FRUGAL_MODES:
        detail = (
            f"The Photoshop file has too many pixels of {psd.depth} bits to be opened. "
            "Save it with 8 bits per channel, or export a smaller PNG."
        )
        raise Unreadable("too_many_pixels", detail)
    with Image.open(path, formats=["PSD"]) as image:
        image.load()
        return image if image.mode == "CMYK" else image.convert(psd.pil_mode)


def _check_whole(psd: Any) -> None:
    """psd_tools fills what is missing with black."""
    stored, header = psd._record.image_data, psd._record.header
    rows = header.height * header.channels
    needed = 0
    if stored.compression == Compression.RAW:
        needed = rows * ((header.width * header.depth + 7) // 8)
    if stored.compression == Compression.RLE:
        counts = np.frombuffer(stored.data, ">u2" if header.version == 1 else ">u4", rows)
        needed = counts.nbytes + int(counts.sum(dtype=np.int64))
    if len(stored.data) < needed:
        detail = "The Photoshop file is cut short. Upload it again from the original."
        raise Unreadable("truncated", detail)


def _facts(
    path: Path, name: str, psd: Any, flattened: Image.Image, layers: tuple[Layer, ...]
) -> FileFacts:
    return FileFacts(
        file_name=name,
        byte_size=path.stat().st_size,
        mode=str(psd.pil_mode),
        bit_depth=int(psd.depth),
        alpha=bool(has_transparency(psd)),
        icc_profile=icc_name(flattened),
        dpi=_dpi(psd),
        layers=layers,
    )


def _dpi(psd: Any) -> tuple[float, float] | None:
    stored = psd.image_resources.get_data(Resource.RESOLUTION_INFO)
    if not stored:
        return None
    across, down = stored.horizontal / 65536, stored.vertical / 65536
    return (across, down) if 0 < across < 100_000 and 0 < down < 100_000 else None


def _layers(psd: Any) -> Iterator[Layer]:
    """From the topmost down, a group before what is in it."""
    left: list[tuple[Any, tuple[str, ...]]] = [(layer, ()) for layer in psd]
    count = 0
    while left:
        layer, path = left.pop()
        count += 1
        if count > MAX_LAYERS:
            raise Unreadable("too_many_pages", f"The file has more than {MAX_LAYERS:,} layers.")
        yield _layer(layer, path, psd.size)
        if layer.is_group():
            left.extend((inner, (*path, layer.name)) for inner in layer)


def _layer(layer: Any, path: tuple[str, ...], size: tuple[int, int]) -> Layer:
    kind = KINDS.get(layer.kind, "adjustment")
    if kind == "group":
        empty = len(layer) == 0
    else:
        empty = kind == "picture" and min(layer.width, layer.height) < 1
    return Layer(
        name=str(layer.name).strip("\0 ")[:200],
        kind=kind,
        path=path,
        hidden=not layer.visible or layer.opacity == 0,
        empty=empty,
        region=_region(layer.bbox, size),
    )


def _region(box: tuple[int, int, int, int], size: tuple[int, int]) -> Region | None:
    left, right = (min(max(box[at] / size[0], 0.0), 1.0) for at in (0, 2))
    top, bottom = (min(max(box[at] / size[1], 0.0), 1.0) for at in (1, 3))
    if right <= left or bottom <= top:
        return None
    return Region(x=left, y=top, w=right - left, h=bottom - top)
