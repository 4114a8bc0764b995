"""What the cells of a media plan say: sizes, ratios, weights, lengths, formats, markets, margins.

Each reader raises ValueError with the end of a sentence that began with the cell's text.
"""

import re
from typing import TypeAlias

from libs.contracts.brand import SafeZone
from services.qc.domain.plan_words import BLANKS, EVERYWHERE, FORMATS, MARKETS, folded

Size: TypeAlias = tuple[int, int]

BYTES = {"b": 1, "byte": 1, "bytes": 1, "k": 10**3, "m": 10**6, "g": 10**9}
"""As the platforms and the weight check count them: 1 KB is 1,000 bytes."""

MAX_SIDE_PX = 100_000
MAX_RATIO_PART = 32
MAX_BYTES = 10**11
MAX_DURATION_S = 86_400.0

_NUMBER = r"\d{1,12}(?:[.,]\d{1,12})?"
_PX = r"\s*(?:px|pixels?)?"
_SIDE = r"(\d{1,3}(?:[.,']\d{3})|\d{1,6})"
_BY = r"\s*(?:x|×|✕|\*|by|mal|/)\s*"
_SIZE = re.compile(
    rf"(?:w|b)?\s*:?\s*{_SIDE}{_PX}{_BY}(?:h)?\s*:?\s*{_SIDE}{_PX}(?:\s*\(?[wb]\s*x\s*h\)?)?"
)
_SIZE_OF_SEVERAL = re.compile(rf"(\d{{1,6}}){_PX}\s*[x×*]\s*(\d{{1,6}}){_PX}")
_BETWEEN = re.compile(r"[,;/|&+\s]|und|and|oder|or")
_RATIO = re.compile(rf"({_NUMBER})\s*(?::|x|/|zu|to)\s*({_NUMBER})")
_LIMITS = re.compile(
    r"^(?:max(?:imum|imal|\.)?|up to|bis zu|bis|under|unter|≤|<=|<|hoechstens)\s*"
    r"|\s*(?:max(?:imum|\.)?|or less)$"
)
_WEIGHT = re.compile(rf"({_NUMBER})\s*(bytes?|[kmg]?b|[kmg](?:ib|byte|bytes)|[kmg])?")
_SECONDS = r"\s*(s|sec|secs|sek|seconds?|sekunden?|\"|''|″|min|minutes?|minuten?|m|ms)?\.?"
_DURATION = re.compile(rf"({_NUMBER}){_SECONDS}")
_SPAN = re.compile(rf"({_NUMBER}){_SECONDS}\s*(?:-|–|—|to|bis)\s*({_NUMBER}){_SECONDS}")
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,3}):(\d{1,2})(?:[.,]\d+)?")
_SIDE_WORDS = {
    **dict.fromkeys(("top", "oben"), "top"),
    **dict.fromkeys(("right", "rechts"), "right"),
    **dict.fromkeys(("bottom", "unten"), "bottom"),
    **dict.fromkeys(("left", "links"), "left"),
}
_WORD = "|".join(_SIDE_WORDS)
_MARGIN = rf"({_NUMBER})\s*(%|px|pixels?)?"
_NAMED_FIRST = re.compile(rf"({_WORD})\s*[:=]?\s*{_MARGIN}")
_NAMED_LAST = re.compile(rf"{_MARGIN}\s*({_WORD})")
_BARE_MARGIN = re.compile(_MARGIN)


def is_blank(text: str) -> bool:
    """Whether the cell says nothing: empty, a dash, `n/a`, `keine` …"""
    return folded(text) in BLANKS


def sizes(text: str) -> list[Size]:
    """Width and height in pixels; a cell may name several: `300x250, 728x90`."""
    plain = folded(text)
    if whole := _SIZE.fullmatch(plain):
        return [_size(whole)]
    if re.search(r"\d\s*(mm|cm)\b", plain):
        raise ValueError("is not in pixels: write the size like 1080x1920")
    found = list(_SIZE_OF_SEVERAL.finditer(plain))
    if not found or re.sub(_BETWEEN, "", _SIZE_OF_SEVERAL.sub("", plain)):
        raise ValueError("is not a size like 1080x1920")
    return list(dict.fromkeys(_size(match) for match in found))


def _size(match: re.Match[str]) -> Size:
    """Two small numbers are a ratio: nobody books a picture of 16 by 9 pixels."""
    size = side(match[1]), side(match[2])
    if max(size) <= MAX_RATIO_PART:
        raise ValueError("is not a size like 1080x1920")
    return size


def side(text: str) -> int:
    """A width or height in pixels: `1080`, `1,080 px`."""
    plain = re.fullmatch(rf"{_SIDE}{_PX}", folded(text))
    value = int(re.sub(r"[.,']", "", plain[1])) if plain else 0
    if not 1 <= value <= MAX_SIDE_PX:
        raise ValueError("is not a number of pixels like 1080")
    return value


def ratio(text: str) -> str:
    """Width to height: `9:16`, `1,91:1`."""
    match = _RATIO.fullmatch(folded(text))
    parts = [part.replace(",", ".") for part in match.groups()] if match else []
    if not parts or any(not 0 < float(part) < 100_000 for part in parts):
        raise ValueError("is not a ratio like 9:16")
    return ":".join(parts)


def formats(text: str) -> tuple[str, ...]:
    """File types as creatives call them: `JPG, PNG oder GIF` is JPEG, PNG, GIF."""
    plain = re.sub(r"\([^)]*\)", " ", folded(text))
    words = re.split(r"[,;/|+&\s]|\bund\b|\band\b|\boder\b|\bor\b", plain)
    names = [word.strip(" .()*") for word in words]
    known = [FORMATS[name] for name in names if name in FORMATS]
    strange = [name for name in names if name and name not in FORMATS]
    if strange or not known:
        raise ValueError("is not a file format like JPG or MP4")
    return tuple(dict.fromkeys(known))


def weight(text: str, unit: str | None = None) -> int:
    """Bytes of `150 KB`, `≤ 2 MB`; `unit` is the column's, for cells that give only a number."""
    match = _WEIGHT.fullmatch(_LIMITS.sub("", folded(text)).strip())
    if not match:
        raise ValueError("is not a weight like 150 KB or 2 MB")
    given = match[2] or unit
    if not given:
        raise ValueError("says no unit: write it like 150 KB or 2 MB")
    factor = BYTES.get(given, BYTES.get(given[0], 1))
    thousands = factor < 10**6 and re.fullmatch(r"\d{1,3}[.,]\d{3}", match[1])
    number = re.sub(r"[.,]", "" if thousands else ".", match[1])
    value = round(float(number) * factor)
    if not 1 <= value <= MAX_BYTES:
        raise ValueError("is not a weight like 150 KB or 2 MB")
    return value


def durations(text: str, unit: str | None = None) -> tuple[float | None, float]:
    """Least and greatest length in seconds: `15 s`, `6-15 s`, `0:30`, `max 1 min`."""
    plain = _LIMITS.sub("", folded(text)).strip()
    if clock := _CLOCK.fullmatch(plain):
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        return None, _seconds(hours * 3600 + minutes * 60 + seconds)
    if span := _SPAN.fullmatch(plain):
        last = span[4] or unit or "s"
        least, most = _timed(span[1], span[2] or last), _timed(span[3], last)
        if least > most:
            raise ValueError("runs backwards: write the shorter length first")
        return least, _seconds(most)
    if one := _DURATION.fullmatch(plain):
        return None, _seconds(_timed(one[1], one[2] or unit or "s"))
    raise ValueError("is not a length like 15 s")


def _timed(number: str, unit: str) -> float:
    factor = 0.001 if unit == "ms" else 60.0 if unit.startswith("m") else 1.0
    return float(number.replace(",", ".")) * factor


def _seconds(value: float) -> float:
    if not 0 < value <= MAX_DURATION_S:
        raise ValueError("is not a length like 15 s")
    return value


def markets(text: str) -> list[str | None]:
    """Country codes; a cell may name several: `DE, AT`. None: everywhere."""
    if folded(text) in EVERYWHERE:
        return [None]
    if code := _market(text):
        return [code]
    codes = [_market(part) for part in re.split(r"[,;/\n|&+]", text) if part.strip()]
    if not codes or None in codes:
        raise ValueError("is not a country code like DE, or a country")
    return list(dict.fromkeys(codes))


def _market(text: str) -> str | None:
    word = folded(text)
    if word in MARKETS:
        return MARKETS[word]
    return word.replace("_", "-") if re.fullmatch(r"[a-z]{2}([-_][a-z0-9]{2,8})?", word) else None


def safe_zone(text: str, size: Size | None) -> SafeZone:
    """Margins: `top 14 %, bottom 20 %`, `250 px top`, `10%`, or four from the top clockwise."""
    plain = folded(text)
    named = [(side, number, unit) for side, number, unit in _NAMED_FIRST.findall(plain)] or [
        (side, number, unit) for number, unit, side in _NAMED_LAST.findall(plain)
    ]
    if named:
        return SafeZone(
            **{
                _SIDE_WORDS[word]: margin(f"{n}{unit}", _SIDE_WORDS[word], size)
                for word, n, unit in named
            }
        )
    parts = [
        part
        for part in re.split(r"[\s/;|]+", plain.replace(" %", "%").replace(" px", "px"))
        if part
    ]
    if len(parts) not in (1, 2, 4) or not all(_BARE_MARGIN.fullmatch(part) for part in parts):
        raise ValueError("is not a safe zone like “top 14 %, bottom 20 %”")
    top, right, bottom, left = (parts * 4)[:4] if len(parts) < 4 else parts
    return SafeZone(
        top=margin(top, "top", size),
        right=margin(right, "right", size),
        bottom=margin(bottom, "bottom", size),
        left=margin(left, "left", size),
    )


def margin(text: str, where: str, size: Size | None, unit: str | None = None) -> float:
    """A margin as a share of the width or height; pixels need the size."""
    match = _BARE_MARGIN.fullmatch(folded(text))
    if not match:
        raise ValueError("is not a margin like 14 % or 250 px")
    number, given = float(match[1].replace(",", ".")), match[2] or unit
    if given == "%" or (given is None and 0 < number < 1):
        share = number / 100 if given == "%" else number
    elif number == 0:
        share = 0.0
    elif given is None:
        raise ValueError("says no unit: write it like 14 % or 250 px")
    elif size is None:
        raise ValueError("is in pixels, and the row says no size")
    else:
        share = number / size[1 if where in ("top", "bottom") else 0]
    if not 0 <= share < 1:
        raise ValueError("leaves no room: a margin is less than the whole side")
    return round(share, 6)
