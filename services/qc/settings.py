"""Settings of the qc service. What has no default here is set by whoever starts it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    HttpUrl,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
)

from libs.settings import Listed, Port, ServiceSettings
from services.qc.domain.routing import model_ref
from services.qc.domain.triage import TriageMode

PREFIX = "QC_"
SDK_NATIVE: Mapping[str, str] = {
    "OPENAI_API_KEY": "openai_api_key",
    "OPENAI_BASE_URL": "openai_base_url",
    "GOOGLE_API_KEY": "gemini_api_key",
    "GEMINI_API_KEY": "gemini_api_key",
    "GOOGLE_GEMINI_BASE_URL": "gemini_base_url",
}


def _by_name(written: object) -> object:
    """`name=value,name=value` as a mapping; whatever else it is, pydantic refuses it."""
    if not isinstance(written, str):
        return written
    pairs = [entry.strip().partition("=") for entry in written.split(",") if entry.strip()]
    if not all(name.strip() and equals and value.strip() for name, equals, value in pairs):
        raise ValueError("entries are written name=value, with commas between them")
    named = {name.strip(): value.strip() for name, _, value in pairs}
    if len(named) < len(pairs):
        raise ValueError("a name stands there twice")
    return named


Named = BeforeValidator(_by_name)


def _are_models(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(model_ref(name)) for name in names)


class QcSettings(ServiceSettings):
    port: Port = 7184
    profiles_url: HttpUrl = HttpUrl("http://127.0.0.1:7185")
    usage_url: HttpUrl = HttpUrl("http://127.0.0.1:7186")
    signing_key: SecretStr | None = None
    store_url: str = "file://.aiqc/objects"
    scratch_dir: Path | None = None

    openai_api_key: SecretStr | None = None
    openai_base_url: HttpUrl | None = None
    gemini_api_key: SecretStr | None = None
    gemini_base_url: HttpUrl | None = None
    servers: Annotated[dict[str, HttpUrl], Named] = {}
    server_keys: Annotated[dict[str, SecretStr], Named] = {}
    default_models: Annotated[Listed, AfterValidator(_are_models)] = (
        "openai/gpt-4o",
        "google/gemini-2.5-pro",
    )
    models_file: Path | None = None
    calls_in_flight: PositiveInt = 64
    calls_of_model: PositiveInt = 48
    calls_at_first: PositiveInt = 12
    call_timeout_s: PositiveFloat = 90.0
    run_timeout_s: PositiveFloat = 900.0
    max_output_tokens: PositiveInt = 4_000
    triage: TriageMode = "unnamed"
    triage_margin: Annotated[float, Field(ge=0, le=100)] = 10.0
    escalations: NonNegativeInt = 6
    audit_percent: Annotated[float, Field(ge=0, le=100)] = 5.0

    max_upload_bytes: PositiveInt = 100 << 20
    max_pixels: PositiveInt = 64_000_000
    max_pages: PositiveInt = 100
    upload_idle_s: PositiveFloat = 30.0
    upload_s: PositiveFloat = 900.0
    decoders: PositiveInt = 2
    decoder_memory_bytes: PositiveInt = 1536 << 20
    open_timeout_s: PositiveFloat = 9.0
    examine_timeout_s: PositiveFloat = 300.0
    kept_days: PositiveInt = 30

    analyses_in_flight: PositiveInt = 4
    most_queued: PositiveInt = 1_000
    most_queued_of_client: PositiveInt = 300
    lease_s: PositiveFloat = 15.0
    max_claims: PositiveInt = 5

    campaign_files: PositiveInt = 1_000
    campaign_bytes: PositiveInt = 10 << 30
    campaign_zip_bytes: PositiveInt = 1 << 30
    campaign_in_flight: PositiveInt = 8
    webhook_hosts: Listed = ()
    webhook_private_hosts: Listed = ()
    webhook_secret: SecretStr | None = None
