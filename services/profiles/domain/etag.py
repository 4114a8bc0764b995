"""Entity tags, which tell a stale save from a fresh one."""

import re
from dataclasses import dataclass

from services.profiles.domain.slug import parse_profile_id, profile_id_of

_TAG = re.compile(r'"([^".]+)\.([0-9]{1,15})(?:\.[0-9a-f]+)?"')


@dataclass(frozen=True, slots=True)
class Seen:
    """The state of a profile that a tag names."""

    slug: str
    version: int
    revision: int


def etag_of(slug: str, version: int, revision: int) -> str:
    """A strong tag, quotes included, of a version as it stands in its family's `revision`.

    The revision counts every change of the family, so a change of who may use the profile
    makes an open editor stale as well.
    """
    return f'"{profile_id_of(slug, version)}.{revision}"'


def matches(if_match: str, etag: str) -> bool:
    """Whether an If-Match header lets a change of the thing with `etag` through.

    `*` matches whatever is there; weak tags never match. Source: RFC 9110, section 13.1.1.
    """
    return if_match.strip() == "*" or etag in (tag.strip() for tag in if_match.split(","))


def guards(if_match: str | None) -> bool:
    """Whether the header names a state: `*` and nothing at all let every change through."""
    return if_match is not None and if_match.strip() != "*"


def seen(if_match: str, slug: str) -> Seen | None:
    """The state of the profile that the header names; None when it names none of ours."""
    for found in _TAG.finditer(if_match):
        parsed = parse_profile_id(found[1])
        if parsed and parsed[0] == slug:
            return Seen(slug, parsed[1], int(found[2]))
    return None
