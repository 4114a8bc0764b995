"""What the gateway lets through before anybody is asked."""

import ipaddress

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
LOOPBACK_NAMES = {"localhost", "127.0.0.1", "[::1]"}


def is_loopback(host: str) -> bool:
    """Whether a listener at `host` can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_own_host(host_header: str) -> bool:
    """Whether a Host header names loopback.

    A page of another site can make its own name point here (DNS rebinding); its requests
    then carry that name.
    """
    name = host_header.rsplit(":", 1)[0] if not host_header.endswith("]") else host_header
    return name.lower() in LOOPBACK_NAMES


def is_cross_site(
    method: str, fetch_site: str | None, origin: str | None, host_header: str
) -> bool:
    """Whether a browser sent an unsafe request from a page that is not ours.

    Browsers say so in Sec-Fetch-Site, older ones in Origin. Programs send neither; they
    do not act with somebody else's cookie. Source: OWASP CSRF prevention cheat sheet.
    """
    if method in SAFE_METHODS:
        return False
    if fetch_site is not None:
        return fetch_site not in {"same-origin", "none"}
    if origin is not None:
        return origin.partition("://")[2] != host_header
    return False
