"""What the gateway lets through before anybody is asked."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
LOOPBACK_NAMES = {"localhost", "127.0.0.1", "[::1]"}
USUAL_PORTS = {"https": ":443", "http": ":80"}


@dataclass(frozen=True, slots=True)
class Door:
    """The one address under which people reach the gateway; without it, any name of loopback.

    `origin` is scheme and host, as a browser writes an Origin header.
    """

    origin: str | None = None

    @property
    def is_secure(self) -> bool:
        return self.origin is not None and self.origin.startswith("https://")

    def cookie_name(self, name: str) -> str:
        """A browser takes a `__Host-` cookie from this very host over https only.

        Source: RFC 6265bis, section 4.1.3.2.
        """
        return f"__Host-{name}" if self.is_secure else name

    def is_own_host(self, host_header: str) -> bool:
        """Whether a Host header is meant for us.

        A page of another site can make its own name point here (DNS rebinding); its requests
        then carry that name.
        """
        if self.origin is not None:
            scheme, _, host = self.origin.partition("://")
            return host_header.lower().removesuffix(USUAL_PORTS[scheme]) == host
        name = host_header.rsplit(":", 1)[0] if not host_header.endswith("]") else host_header
        return name.lower() in LOOPBACK_NAMES

    def is_cross_site(
        self, method: str, fetch_site: str | None, origin: str | None, host_header: str
    ) -> bool:
        """Whether a browser sent an unsafe request from a page that is not ours.

        Browsers say so in Sec-Fetch-Site, older ones in Origin. Programs send neither; they
        do not act with somebody else's cookie. Source: OWASP CSRF prevention cheat sheet.
        """
        if method in SAFE_METHODS:
            return False
        if fetch_site is not None:
            return fetch_site not in {"same-origin", "none"}
        if origin is None:
            return False
        if self.origin is not None:
            return origin != self.origin
        return origin.partition("://")[2] != host_header


def is_loopback(host: str) -> bool:
    """Whether a listener at `host` can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def origin_of(url: str) -> str:
    """Scheme and host of an address that secrets may travel to: https, or http on loopback.

    Raises ValueError, which says what is wrong with it.
    """
    parts = urlsplit(url)
    if parts.scheme not in USUAL_PORTS or not parts.hostname or parts.username is not None:
        raise ValueError("is not an address like https://qc.example")
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise ValueError("must begin with https:// unless it is on loopback")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = f":{parts.port}" if parts.port is not None else ""
    return f"{parts.scheme}://{host}{'' if port == USUAL_PORTS[parts.scheme] else port}"


def local_path(text: str) -> str:
    """`text` when it is a path of this site, else `/`.

    A browser takes `//evil.example`, `/\\evil.example` and what holds tabs or line ends as
    another site's address.
    """
    is_path = text.startswith("/") and not text.startswith("//") and "\\" not in text
    return text if is_path and text.isascii() and text.isprintable() and " " not in text else "/"
