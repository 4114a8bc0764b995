"""Reads the ICC profile that a picture carries, without its pixels."""

import warnings
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageCms

NAMES = {"RGB ": "RGB", "CMYK": "CMYK", "GRAY": "GRAY", "Lab ": "Lab"}


@dataclass(frozen=True)
class Profile:
    """`space` is the colour space whose numbers it defines; None when it cannot be read."""

    name: str
    space: str | None


def profile_of(path: Path) -> Profile | None:
    """None where there is none, and where the file is none that carries one."""
    stored = _stored(path)
    if not stored:
        return None
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(stored))
        name = ImageCms.getProfileDescription(profile).strip()
    except (OSError, TypeError, ValueError, ImageCms.PyCMSError):
        return Profile("unreadable", None)
    signature = profile.profile.xcolor_space
    return Profile(name or "unnamed", NAMES.get(signature, signature.strip()))


def _stored(path: Path) -> bytes | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(path) as image:
                stored = image.info.get("icc_profile")
    except Exception:
        return None
    return stored if isinstance(stored, bytes) else None
