"""Which files a person means: files as they are named, folders searched for creatives."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from libs.problems import Invalid
from services.qc.domain.file_types import EXTENSIONS

MAX_FILES = 1_000
MAX_LOOKED_AT = 100_000
ENDINGS = {f".{ending}" for endings in EXTENSIONS.values() for ending in endings}


@dataclass(frozen=True, slots=True)
class Found:
    """`files` in the order of their names; `skipped` are hidden, or no creatives by their name."""

    files: list[Path]
    skipped: list[Path]


def find_creatives(paths: Sequence[Path]) -> Found:
    """A file that is named is taken as it is, a folder with all below it; each file once.

    Links to folders are not followed. Raises Invalid for what is not there, for folders
    without a creative, and for more than `MAX_FILES`.
    """
    files: dict[Path, Path] = {}
    skipped: list[Path] = []
    for path in paths:
        if not path.is_dir():
            _refuse_missing(path)
            files.setdefault(path.resolve(), path)
            continue
        for looked_at, file in enumerate(_below(path)):
            if file.name.startswith(".") or file.suffix.lower() not in ENDINGS:
                skipped.append(file)
            elif file.is_file():
                files.setdefault(file.resolve(), file)
            if len(files) > MAX_FILES or looked_at > MAX_LOOKED_AT:
                raise Invalid(
                    "too_many_files",
                    f"There is too much below {path}: name folders with {MAX_FILES:,} creatives "
                    "at most.",
                )
    if not files:
        raise Invalid("no_creatives", f"There is no creative in {', '.join(map(str, paths))}.")
    return Found(list(files.values()), skipped)


def _refuse_missing(path: Path) -> None:
    if not path.is_file():
        raise Invalid("no_such_file", f"There is no file {path}.")


def _below(folder: Path) -> Iterator[Path]:
    """Every file below, folder by folder, names in order; hidden folders are not entered."""
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(root, name) for name in sorted(names))


def skipped_in_words(skipped: Sequence[Path], most: int = 3) -> str:
    """A sentence that names some of them; empty when nothing was skipped."""
    if not skipped:
        return ""
    names = ", ".join(path.name for path in skipped[:most])
    more = f" and {len(skipped) - most} more" if len(skipped) > most else ""
    noun = "file that is" if len(skipped) == 1 else "files that are"
    return f"Skipped {len(skipped)} {noun} hidden or no creative: {names}{more}."
