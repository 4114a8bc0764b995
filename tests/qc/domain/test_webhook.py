"""Where webhooks may go, how they are signed, when they come again."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest

from services.qc.domain.webhook import (
    PAUSES,
    AllowedHosts,
    is_public,
    pause_after,
    read_secrets,
    signed_headers,
)

HOSTS = AllowedHosts(
    frozenset({"hooks.example.com", "other.example:8443", "10.0.0.7", "8.8.8.8", "::1"}),
    frozenset({"build.internal:8080", "10.0.0.8"}),
)


def test_signature_is_that_of_the_specification() -> None:
    """The example of Standard Webhooks' reference libraries."""
    keys = read_secrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    at = datetime.fromtimestamp(1614265330, UTC)

    headers = signed_headers("msg_p5jXN8AQM9LWM0D4loKWxJek", at, b'{"test": 2432232314}', keys)

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_each_key_signs_so_that_one_can_be_replaced() -> None:
    words = [f"whsec_{b64encode(bytes([n]) * 24).decode()}" for n in (1, 2)]
    old, both = read_secrets(words[0]), read_secrets(", ".join(words))
    at = datetime(2026, 1, 1, tzinfo=UTC)

    first, second = signed_headers("m", at, b"x", both)["webhook-signature"].split()

    assert first == signed_headers("m", at, b"x", old)["webhook-signature"]
    assert first != second


@pytest.mark.parametrize(
    "text", ["secret", "whsec_", "whsec_c2hvcnQ=", "whsec_!!!!", "MfKQ9r8GKYqr"]
)
def test_weak_secret_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match="whsec_ and then Base64") as raised:
        read_secrets(text)

    assert text not in str(raised.value).replace("write whsec_", "")


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com/x?y=1",
        "https://HOOKS.example.com",
        "https://other.example:8443/",
        "https://8.8.8.8/",
        "http://build.internal:8080/hook",
        "https://build.internal:8080/hook",
        "http://10.0.0.8/",
    ],
)
def test_configured_host_may_be_called(url: str) -> None:
    assert HOSTS.refusal(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "https://hooks.example.com:8443/",
        "https://other.example/",
        "https://evil.example/",
        "https://hooks.example.com.evil.example/",
        "https://hooks.example.com@evil.example/",
        "https://evil.example\\@hooks.example.com/",
        "https://evil.example#hooks.example.com",
        "https://hooks.example.com/#x",
        "https://user:pass@hooks.example.com/",
        "https://hooks.example.com\n.evil.example/",
        "https://hooks.example.com/ x",
        "https://hooks.examplе.com/",
        "https://10.0.0.7/",
        "https://[::1]/",
        "http://build.internal/",
        "http://build.internal:80/",
        "ftp://10.0.0.8/",
        "file:///etc/passwd",
        "//hooks.example.com/",
        "https:///x",
        "https://[",
        "https://hooks.example.com:99999/",
        "https://localhost/",
        "https://0x7f000001/",
        "https://hooks.example.com/" + "x" * 2_000,
        "",
    ],
)
def test_everything_else_is_refused_with_a_sentence(url: str) -> None:
    refusal = HOSTS.refusal(url)

    assert refusal and refusal.endswith(".")


def test_without_settings_nothing_may_be_called() -> None:
    assert AllowedHosts().refusal("https://hooks.example.com/")


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_address_of_the_world_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)
def test_address_inside_a_network_is_not_public(address: str) -> None:
    assert not is_public(address)


def test_pauses_grow_and_end() -> None:
    pauses = [pause_after(tries, 500, None) for tries in range(1, len(PAUSES) + 2)]

    assert pauses == [*PAUSES, None]
    assert list(PAUSES) == sorted(PAUSES)
    assert timedelta(hours=24) < sum(PAUSES, timedelta()) < timedelta(hours=48)


def test_receiver_says_when_and_whether_to_come_again() -> None:
    assert pause_after(1, 429, "120") == timedelta(seconds=120)
    assert pause_after(1, 503, "999999") == timedelta(hours=1)
    assert pause_after(1, 503, "٣") == PAUSES[0]
    assert pause_after(5, 503, "1") == PAUSES[4]
    assert pause_after(1, 410, "1") is None
