"""What turns pixels of any mode into sRGB, through the ICC profile where there is one."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
from PIL import Image, ImageChops, ImageCms

BAND_ROWS = 512

Convert = Callable[[Image.Image], Image.Image]


def icc_profile(image: Image.Image) -> ImageCms.ImageCmsProfile | None:
    stored = image.info.get("icc_profile")
    if not stored:
        return None
    try:
        return ImageCms.ImageCmsProfile(BytesIO(stored))
    except (OSError, TypeError, ImageCms.PyCMSError):
        return None


def converter(image: Image.Image, background: tuple[int, int, int]) -> Convert | None:
    """What makes sRGB of any part of the picture; None when its pixels are that already."""
    if image.mode.startswith(("I", "F")):
        return _deep_grey(image)
    if image.mode == "CMYK":
        return _from_cmyk(image)
    to_srgb = _to_srgb(image) if image.mode.startswith("RGB") else None
    has_alpha = image.has_transparency_data
    if image.mode == "RGB" and not has_alpha and not to_srgb:
        return None

    def convert(band: Image.Image) -> Image.Image:
        if has_alpha:
            layer = band.convert("RGBA")
            rgb = Image.new("RGB", band.size, background)
            rgb.paste(layer, mask=layer.getchannel("A"))
        else:
            rgb = band.convert("RGB")
        return to_srgb(rgb) if to_srgb else rgb

    return convert


def _to_srgb(image: Image.Image) -> Convert | None:
    profile = icc_profile(image)
    if profile is None or "srgb" in ImageCms.getProfileDescription(profile).lower():
        return None
    return _transform(profile, "RGB")


def _from_cmyk(image: Image.Image) -> Convert:
    """Pillow reads CMYK JPEGs as inverted, which is right only with Adobe's marker."""
    inverted = image.format == "JPEG" and "adobe" not in image.info
    profile = icc_profile(image)
    apply = _transform(profile, "CMYK") if profile else None

    def convert(band: Image.Image) -> Image.Image:
        upright = ImageChops.invert(band) if inverted else band
        return apply(upright) if apply else upright.convert("RGB")

    return convert


def _transform(profile: ImageCms.ImageCmsProfile, mode: str) -> Convert | None:
    try:
        transform = ImageCms.buildTransform(profile, ImageCms.createProfile("sRGB"), mode, "RGB")
    except ImageCms.PyCMSError:
        return None

    def apply(band: Image.Image) -> Image.Image:
        converted = ImageCms.applyTransform(band, transform)
        return converted if converted is not None else band.convert("RGB")

    return apply


def _deep_grey(image: Image.Image) -> Convert:
    """16 and 32 bits and floats as 8-bit grey: white is 65535, or 1.0 where nothing is higher."""
    white = 65535.0 if image.mode.startswith("I") else (1.0 if _highest(image) <= 1 else 255.0)

    def convert(band: Image.Image) -> Image.Image:
        levels = np.nan_to_num(np.asarray(band, np.float32) * (255 / white))
        return Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8)).convert("RGB")

    return convert


def _highest(image: Image.Image) -> float:
    """Not below 0; what is no number does not count."""
    tops = range(0, image.height, BAND_ROWS)
    bands = (image.crop((0, top, image.width, min(top + BAND_ROWS, image.height))) for top in tops)
    return max(
        float(np.fmax.reduce(np.asarray(band, np.float32), axis=None, initial=0.0))
        for band in bands
    )
