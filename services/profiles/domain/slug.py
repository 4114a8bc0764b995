"""Ids of profiles: the slug of the family, `slug_vN` of its versions."""

import re
import unicodedata
from hashlib import sha256

MAX_SLUG_CHARS = 56
_SLUG = re.compile(r"[a-z0-9_]{1,63}")
_LATER_VERSION = re.compile(r"(.+)_v([1-9][0-9]{0,8})")
_VERSION_END = re.compile(r"_v[0-9]+$")
_APOSTROPHES = dict.fromkeys(map(ord, "'`\u00b4\u02b9\u02bb\u02bc\u2018\u2019\u2032"))
_SPELT = str.maketrans(
    {
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ł": "l",
        "\u0131": "i",
    }
)


def slug_of(name: str) -> str:
    """A slug for a profile of that name: a-z, 0-9 and _, at most 56 characters.

    Accents fall, apostrophes vanish ("L'Oréal" is `loreal`), all else that is neither letter
    nor digit is a gap. A name in a script that has no ASCII form gets the start of its hash,
    so that two such names stay two. A name that ends like a version ("Pack v2") gets `_p`:
    `pack_v2` is the second version of `pack`, for ever.
    """
    folded = unicodedata.normalize("NFKD", name.translate(_APOSTROPHES)).casefold()
    folded = unicodedata.normalize("NFKD", folded).translate(_SPELT)
    lost = any(not character.isascii() and character.isalnum() for character in folded)
    plain = "".join(c for c in folded if not unicodedata.combining(c))
    words = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    if lost or not words:
        words = f"{words[: MAX_SLUG_CHARS - 9].strip('_') or 'profile'}_{_hash_of(name)}"
    slug = words[:MAX_SLUG_CHARS].strip("_")
    return f"{slug[: MAX_SLUG_CHARS - 2].strip('_')}_p" if _VERSION_END.search(slug) else slug


def numbered(slug: str, number: int) -> str:
    """The slug to try when `slug` is taken: itself, then `slug_2`, `slug_3` …"""
    return slug if number == 1 else f"{slug}_{number}"


def profile_id_of(slug: str, version: int) -> str:
    """`my_profile`, `my_profile_v2`, `my_profile_v3` …"""
    return slug if version == 1 else f"{slug}_v{version}"


def parse_profile_id(profile_id: str) -> tuple[str, int] | None:
    """Slug and version number of an exact version's id; None for a text that is no id.

    It never has to guess, because no slug ends like a version.
    """
    later = _LATER_VERSION.fullmatch(profile_id)
    slug, version = (later[1], int(later[2])) if later else (profile_id, 1)
    if not _SLUG.fullmatch(slug) or _VERSION_END.search(slug) or (later and version == 1):
        return None
    return slug, version


def _hash_of(name: str) -> str:
    return sha256(unicodedata.normalize("NFC", name).encode()).hexdigest()[:8]
