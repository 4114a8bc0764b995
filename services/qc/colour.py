"""Turns the pixels of any picture mode into sRGB, through its ICC profile where it has one."""

from collections.abc import Callable
from io import BytesIO

import numpy as np
from PIL import Image, ImageChops, ImageCms

from services.qc.domain.creative import Rgb

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


def to_rgb(image: Image.Image, background: tuple[int, int, int]) -> Rgb:
    """Converted band by band: whole-picture copies would not fit the memory limit."""
    convert = _converter(image, background)
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    for top in range(0, image.height, BAND_ROWS):
        bottom = min(top + BAND_ROWS, image.height)
        pixels[top:bottom] = np.asarray(convert(image.crop((0, top, image.width, bottom))))
    return pixels


def _converter(image: Image.Image, background: tuple[int, int, int]) -> Convert:
    if image.mode.startswith(("I", "F")):
        return _deep_grey(image)
    if image.mode == "CMYK":
        return _from_cmyk(image)
    to_srgb = _to_srgb(image) if image.mode.startswith("RGB") else None
    has_alpha = image.has_transparency_data

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
    highest = float(np.nanmax(np.asarray(image, np.float32)))
    white = 65535.0 if image.mode.startswith("I") else (1.0 if highest <= 1 else 255.0)

    def convert(band: Image.Image) -> Image.Image:
        levels = np.nan_to_num(np.asarray(band, np.float32) * (255 / white))
        return Image.fromarray(np.clip(levels, 0, 255).astype(np.uint8)).convert("RGB")

    return convert
