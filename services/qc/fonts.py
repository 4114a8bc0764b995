"""The fonts of this machine, by family: what live text of a drawing can be set in."""

from functools import cache
from pathlib import Path

from PIL import ImageFont

FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path("/Library/Fonts"))
MAX_FONTS = 2_000
GENERIC = frozenset({"serif", "sans-serif", "monospace", "cursive", "fantasy", "system-ui"})
SANS = ("Arial", "Helvetica", "Liberation Sans", "DejaVu Sans", "Noto Sans")
SERIF = ("Times New Roman", "Liberation Serif", "DejaVu Serif", "Noto Serif")


@cache
def families() -> frozenset[str]:
    found = set()
    files = (file for folder in FOLDERS for file in folder.rglob("*.[to]t[fc]"))
    for _, file in zip(range(MAX_FONTS), files, strict=False):
        try:
            found.add(str(ImageFont.truetype(file).getname()[0]))
        except OSError:
            continue
    return frozenset(found)


def first_of(wanted: tuple[str, ...]) -> str | None:
    """The first of `wanted` that is here, else any family."""
    here = families()
    return next((name for name in wanted if name in here), min(here, default=None))


def missing(asked_for: set[str]) -> list[str]:
    here = {name.lower() for name in families()}
    return sorted(name for name in asked_for if name.lower() not in here | GENERIC)
