"""Names of files inside archives and folders: shown to people, never opened as paths."""

import re
import unicodedata

from services.qc.domain.file_types import EXTENSIONS

MOST_CHARS = 300
MOST_FOLDERS = 12
DRIVE = re.compile(r"[A-Za-z]:")
ENDINGS = {f".{ending}" for endings in EXTENSIONS.values() for ending in endings}
OF_SYSTEMS = {"__macosx", "thumbs.db", "desktop.ini"}


def shown_path(offered: str) -> str:
    """The name as it is kept: folders with `/` between them, one way to write each letter.

    Raises ValueError, with the words that follow the name in a sentence, for a name that leads
    out of its folder, names a drive, or is no name: who writes one means no good.
    """
    path = offered.replace("\\", "/")
    if "\0" in path:
        raise ValueError("has a character in its name that no name has")
    parts = path.split("/")
    if ".." in parts:
        raise ValueError("leads out of its folder")
    shown = [part for offered in parts if (part := _shown(offered)) and part != "."]
    if path.startswith("/") or (shown and DRIVE.match(shown[0])):
        raise ValueError("names a place of the whole machine")
    if not shown or path.endswith("/"):
        raise ValueError("has no name")
    if ".." in shown:
        raise ValueError("leads out of its folder")
    if len(shown) > MOST_FOLDERS or sum(map(len, shown)) + len(shown) > MOST_CHARS:
        raise ValueError(f"has more than {MOST_FOLDERS} folders or {MOST_CHARS} letters")
    return "/".join(shown)


def _shown(part: str) -> str:
    composed = unicodedata.normalize("NFC", part)
    return "".join(c for c in composed if c.isprintable()).strip()


def why_left_out(path: str) -> str | None:
    """Why a file of an archive is none of its creatives; None when it is one by its name."""
    parts = path.lower().split("/")
    if any(part.startswith(".") or part in OF_SYSTEMS for part in parts):
        return "hidden"
    stem, dot, ending = parts[-1].rpartition(".")
    if not (stem and dot and f".{ending}" in ENDINGS):
        return "no creative by its name"
    return None
