"""What the settings may say of webhooks."""

import pytest

from libs.settings import BadSettings
from services.qc.campaigns.opening import read_webhook_rules
from services.qc.settings import PREFIX, QcSettings

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
DATABASE = {"QC_POSTGRES_DSN": "postgres://nobody"}


def settings(**changes: str) -> QcSettings:
    return QcSettings.load(PREFIX, DATABASE | changes)


def test_hosts_are_read_from_one_variable() -> None:
    rules = read_webhook_rules(
        settings(
            QC_WEBHOOK_HOSTS="Hooks.example.com, other.example:8443",
            QC_WEBHOOK_PRIVATE_HOSTS="build.internal:8080",
            QC_WEBHOOK_SECRET=SECRET,
        )
    )

    assert rules.hosts.public == {"hooks.example.com", "other.example:8443"}
    assert rules.hosts.private == {"build.internal:8080"}
    assert len(rules.keys) == 1


def test_without_settings_there_are_no_webhooks() -> None:
    assert read_webhook_rules(settings()).hosts.refusal("https://hooks.example.com/")


@pytest.mark.parametrize(
    "changes",
    [
        {"QC_WEBHOOK_HOSTS": "hooks.example.com"},
        {"QC_WEBHOOK_PRIVATE_HOSTS": "build.internal"},
        {"QC_WEBHOOK_SECRET": "whsec_short"},
        {"QC_WEBHOOK_HOSTS": "hooks.example.com", "QC_WEBHOOK_SECRET": "plain"},
    ],
)
def test_webhook_that_could_not_be_signed_stops_the_start(changes: dict[str, str]) -> None:
    with pytest.raises(BadSettings, match="QC_WEBHOOK_SECRET") as raised:
        read_webhook_rules(settings(**changes))

    assert "short" not in str(raised.value) and "plain" not in str(raised.value)
