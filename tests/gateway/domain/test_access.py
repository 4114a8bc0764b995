"""Which hosts are ours, which pages may act, and where a browser may be sent."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from services.gateway.domain.access import Door, is_loopback, local_path, origin_of

PUBLIC = Door("https://qc.example")


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://QC.example", "https://qc.example"),
        ("https://qc.example:443/", "https://qc.example"),
        ("https://qc.example:8443", "https://qc.example:8443"),
        ("http://127.0.0.1:7183", "http://127.0.0.1:7183"),
        ("http://[::1]:80", "http://[::1]"),
        ("https://login.example/tenant/v2.0", "https://login.example"),
    ],
)
def test_origin_is_what_a_browser_would_write(url: str, origin: str) -> None:
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "qc.example",
        "http://qc.example",
        "http://127.0.0.1.evil.example",
        "ftp://127.0.0.1",
        "https://",
        "https://me:pw@qc.example",
        "https://qc.example:port",
        "javascript://127.0.0.1/%0aalert(1)",
    ],
)
def test_address_that_secrets_must_not_travel_to_is_refused(url: str) -> None:
    with pytest.raises(ValueError):
        origin_of(url)


@pytest.mark.parametrize(
    ("host", "own"),
    [
        ("qc.example", True),
        ("QC.example:443", True),
        ("qc.example:80", False),
        ("qc.example:8443", False),
        ("qc.example.evil.example", False),
        ("localhost", False),
        ("", False),
    ],
)
def test_public_gateway_answers_to_its_one_name(host: str, own: bool) -> None:
    assert PUBLIC.is_own_host(host) is own


def test_cookies_are_the_hosts_own_where_the_address_is_secure() -> None:
    assert PUBLIC.cookie_name("sid") == "__Host-sid"
    assert Door("http://localhost:1").cookie_name("sid") == "sid"
    assert Door().cookie_name("sid") == "sid"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("localhost", True), ("127.3.2.1", True), ("::1", True), ("[::1]", True), ("0.0.0.0", False)],
)
def test_loopback_is_known_in_all_its_forms(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


@pytest.mark.parametrize("path", ["/", "/analyses/7?tab=costs#top", "/a//b", "/%2F%2Fevil"])
def test_path_of_this_site_is_kept(path: str) -> None:
    assert local_path(path) == path


@given(st.text(alphabet="/\\:@.%?#ae0 \t\n\rtp", max_size=12))
def test_no_path_leads_to_another_site(text: str) -> None:
    """yarl resolves as the URL standard says, once what browsers strip and turn around is done."""
    seen = local_path(text).replace("\t", "").replace("\n", "").replace("\\", "/").strip()
    resolved = URL("https://qc.example/api/login/callback").join(URL(seen, encoded=True))

    assert resolved.origin() == URL("https://qc.example")
