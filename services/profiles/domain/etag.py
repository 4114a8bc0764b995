"""Entity tags, which tell a stale save from a fresh one."""

from services.profiles.domain.slug import profile_id_of


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
