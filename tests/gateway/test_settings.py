"""Ways in that cannot be, told by the names of their settings."""

import pytest
from pydantic import SecretStr

from libs.settings import BadSettings
from services.gateway.domain.access import Door
from services.gateway.settings import GatewaySettings, read_entrance

GIVEN = {
    "GATEWAY_POSTGRES_DSN": "postgresql://x/y",
    "GATEWAY_HOST": "0.0.0.0",
    "GATEWAY_OIDC_ISSUER": "https://login.example/tenant/v2.0",
    "GATEWAY_OIDC_CLIENT_ID": "ai-qc",
    "GATEWAY_OIDC_CLIENT_SECRET": "s3cret",
    "GATEWAY_PUBLIC_URL": "https://qc.example",
}


def settings(**changes: str) -> GatewaySettings:
    return GatewaySettings.load("GATEWAY_", GIVEN | changes)


def test_provider_opens_the_gateway_to_others() -> None:
    door, client = read_entrance(settings())

    assert door == Door("https://qc.example")
    assert client and client.redirect_url == "https://qc.example/api/login/callback"
    assert "s3cret" not in repr(client)


def test_nothing_given_is_the_dev_login_on_loopback() -> None:
    given = {name: "" for name in GIVEN if "OIDC" in name or "PUBLIC" in name}

    assert read_entrance(settings(**given, GATEWAY_HOST="127.0.0.1")) == (Door(), None)
    with pytest.raises(BadSettings, match=r"GATEWAY_HOST: 0\.0\.0\.0 .* set GATEWAY_OIDC_ISSUER"):
        read_entrance(settings(**given))


def test_admins_may_be_written_with_spaces() -> None:
    assert settings(GATEWAY_ADMINS=" ada-1 , bea@agency.example,, ").admins == (
        "ada-1",
        "bea@agency.example",
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"GATEWAY_OIDC_ISSUER": ""}, "GATEWAY_OIDC_ISSUER: missing"),
        ({"GATEWAY_OIDC_CLIENT_ID": ""}, "GATEWAY_OIDC_CLIENT_ID: missing"),
        ({"GATEWAY_PUBLIC_URL": ""}, "GATEWAY_PUBLIC_URL: missing"),
        ({"GATEWAY_OIDC_ISSUER": "http://login.example"}, "GATEWAY_OIDC_ISSUER: must .* https"),
        ({"GATEWAY_OIDC_ISSUER": "https://login.example?x=1"}, "GATEWAY_OIDC_ISSUER: an issuer"),
        ({"GATEWAY_PUBLIC_URL": "http://qc.example"}, "GATEWAY_PUBLIC_URL: must .* https"),
        ({"GATEWAY_PUBLIC_URL": "https://qc.example/app"}, "GATEWAY_PUBLIC_URL: .* host only"),
        ({"GATEWAY_PUBLIC_URL": "qc.example"}, "GATEWAY_PUBLIC_URL: is not an address"),
    ],
)
def test_half_a_way_in_is_refused(changes: dict[str, str], words: str) -> None:
    with pytest.raises(BadSettings, match=words) as refusal:
        read_entrance(settings(**changes))
    assert "s3cret" not in str(refusal.value)


@pytest.mark.parametrize(
    "changes",
    [{"oidc_client_secret": SecretStr("x")}, {"admins": ("ada",)}, {"oidc_client_id": "ai-qc"}],
)
def test_leftovers_of_a_provider_are_not_taken_for_the_dev_login(
    changes: dict[str, object],
) -> None:
    alone = GatewaySettings.model_validate({"postgres_dsn": "postgresql://x/y"} | changes)

    with pytest.raises(BadSettings, match="GATEWAY_OIDC_ISSUER"):
        read_entrance(alone)
