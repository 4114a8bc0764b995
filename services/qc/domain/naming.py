"""Names that people give and type: how they are kept, found again, and guessed when mistyped."""

import unicodedata
from collections.abc import Collection, Sequence
from difflib import get_close_matches

from libs.contracts.brand import Placement

MAX_NAME_CHARS = 120


def kept_name(offered: str) -> str:
    """One line, one blank between words, one way to write each letter; at most 120 characters.

    Empty when nothing is left.
    """
    composed = unicodedata.normalize("NFC", offered)
    words = "".join(c if c.isprintable() else " " for c in composed).split()
    return " ".join(words)[:MAX_NAME_CHARS].strip()


def stem_of(file_name: str) -> str:
    """The name without its extension: `Logo red.png` is `Logo red`, `.env` stays."""
    stem, dot, extension = file_name.rpartition(".")
    return stem if dot and stem and len(extension) <= 5 else file_name


def find_name(wanted: str, names: Collection[str]) -> str | None:
    """The one of `names` that is meant, whatever its capitals and blanks; None: none, or several.

    A name that is written exactly so goes before others.
    """
    kept = kept_name(wanted)
    if kept in names:
        return kept
    alike = {name for name in names if name.casefold() == kept.casefold()}
    return alike.pop() if len(alike) == 1 else None


def did_you_mean(wanted: str, names: Collection[str]) -> str:
    """Words that name what is nearest; the whole list where nothing is near and it is short."""
    by_key = {name.casefold(): name for name in names}
    near = get_close_matches(wanted.casefold(), list(by_key), n=3, cutoff=0.5)
    if near:
        return f"Did you mean {_listed([by_key[key] for key in near], ' or ')}?"
    if len(by_key) <= 8:
        return f"There is {_listed(sorted(names), ' and ')}."
    return f"There are {len(by_key)} others."


def placement_named(plan: Sequence[Placement], wanted: str, market: str | None) -> Placement:
    """The placement of that name, in that market where the plan tells several apart.

    Raises ValueError, whose text names the nearest ones or asks for the market.
    """
    name = find_name(wanted, {placement.name for placement in plan})
    if name is None:
        near = did_you_mean(wanted, {placement.name for placement in plan})
        raise ValueError(f"The active media plan has no placement “{wanted[:80]}”. {near}")
    named = [placement for placement in plan if placement.name == name]
    fitting = [p for p in named if market is None or p.market in (None, market)]
    if len(fitting) == 1:
        return fitting[0]
    markets = _listed(sorted(p.market or "any" for p in named), " and ")
    if not fitting:
        raise ValueError(f"“{name}” is not planned for the market {market}, but for {markets}.")
    exact = [p for p in fitting if p.market == market]
    if len(exact) == 1:
        return exact[0]
    raise ValueError(f"“{name}” is planned for the markets {markets}: say which one is meant.")


def _listed(names: Sequence[str], last: str) -> str:
    quoted = [f"“{name}”" for name in names]
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + last + quoted[-1]
