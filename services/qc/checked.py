"""Settings that are more than a value, read once and before anything is opened."""

from dataclasses import dataclass

from pydantic import HttpUrl

from libs.actor import Issuer
from libs.settings import BadSettings, read_jwk
from services.qc.campaigns.opening import WebhookRules, read_webhook_rules
from services.qc.domain.models import Models
from services.qc.model_file import models_in
from services.qc.providers import servers_of
from services.qc.providers.server import Server
from services.qc.settings import QcSettings


@dataclass(frozen=True, slots=True)
class Checked:
    """`models` are the shipped ones or those of QC_MODELS_FILE, `servers` those with a key."""

    issuer: Issuer
    servers: tuple[Server, ...]
    models: Models
    webhooks: WebhookRules


def checked(settings: QcSettings) -> Checked:
    """Raises BadSettings when a key is missing or none, an address is none, or a file is none."""
    return Checked(
        issuer=_issuer(settings),
        servers=_servers(settings),
        models=_models(settings),
        webhooks=read_webhook_rules(settings),
    )


def _issuer(settings: QcSettings) -> Issuer:
    if settings.signing_key is None:
        raise BadSettings("QC_SIGNING_KEY: the private JWK that this service signs with is missing")
    return Issuer("qc", read_jwk(settings.signing_key))


def _servers(settings: QcSettings) -> tuple[Server, ...]:
    try:
        found = servers_of(
            openai_api_key=settings.openai_api_key,
            openai_base_url=_text(settings.openai_base_url),
            google_api_key=settings.gemini_api_key,
            google_base_url=_text(settings.gemini_base_url),
            servers={name: str(url) for name, url in settings.servers.items()},
            server_keys=settings.server_keys,
        )
    except ValueError as error:
        raise BadSettings(str(error)) from error
    return tuple(found)


def _models(settings: QcSettings) -> Models:
    try:
        return models_in(settings.models_file)
    except ValueError as error:
        raise BadSettings(f"QC_MODELS_FILE: {error}") from error


def _text(url: HttpUrl | None) -> str | None:
    return str(url) if url else None
