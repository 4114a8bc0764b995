"""The compose file starts services that have what they need, confined and out of reach."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from yarl import URL

from deploy.database import SERVICES
from deploy.environments import CALLS
from deploy.ports import PORTS
from tests.deploy.declared import (
    ROOT,
    image_environment,
    interpolated,
    prepared_secrets,
    refuse_or_build,
)

TEXT = (ROOT / "deploy" / "compose.yaml").read_text()
NEEDED = {
    "POSTGRES_PASSWORD": "any $ thing",
    "GATEWAY_OIDC_ISSUER": "https://login.example",
    "GATEWAY_OIDC_CLIENT_ID": "ai-qc",
    "GATEWAY_PUBLIC_URL": "https://qc.example",
}
OPTIONAL = {
    "GATEWAY_OIDC_CLIENT_SECRET": "s3cret",
    "GATEWAY_ADMINS": "ada,bea@agency.example",
    "OPENAI_API_KEY": "sk-test",
    "GEMINI_API_KEY": "test",
    "OPENAI_BASE_URL": "https://models.example/v1",
    "GOOGLE_GEMINI_BASE_URL": "https://models.example",
}


def compose(given: dict[str, str] | None = None) -> dict[str, Any]:
    found: dict[str, Any] = filled_in(yaml.safe_load(TEXT), NEEDED if given is None else given)
    return found


def filled_in(node: Any, given: dict[str, str]) -> Any:
    """Variables are replaced in what YAML has read, so an empty one is an empty text."""
    if isinstance(node, dict):
        return {key: filled_in(value, given) for key, value in node.items()}
    if isinstance(node, list):
        return [filled_in(value, given) for value in node]
    return interpolated(node, given) if isinstance(node, str) else node


def containers() -> dict[str, Any]:
    found: dict[str, Any] = compose()["services"]
    return found


def test_runs_the_four_services_their_database_and_what_prepares_it() -> None:
    assert containers().keys() == {*SERVICES, "postgres", "prepare"}


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("given", [NEEDED, NEEDED | OPTIONAL], ids=["least", "everything"])
def test_service_starts_with_what_it_is_given(
    service: str, given: dict[str, str], tmp_path: Path
) -> None:
    container = compose(given)["services"][service]
    file = container["environment"]["AIQC_ENV_FILE"]
    assert file == f"/env/{service}/{service}.env", "where prepare writes it"

    refuse_or_build(
        service,
        image_environment(service) | prepared_secrets(tmp_path)[service] | container["environment"],
    )


@pytest.mark.parametrize("name", NEEDED)
def test_what_is_missing_is_asked_for_by_its_name(name: str) -> None:
    with pytest.raises(LookupError, match=f"set {name}"):
        compose({k: v for k, v in NEEDED.items() if k != name})


def test_every_variable_is_explained_at_the_top_of_the_file() -> None:
    head = TEXT.partition("\nname:")[0]
    undocumented = {"BASE", "AIQC_VERSION", "POSTGRES_IMAGE"} | {
        "OPENAI_BASE_URL",
        "GOOGLE_GEMINI_BASE_URL",
    }
    used = set(re.findall(r"\$\{(\w+)", TEXT)) - undocumented

    assert used == {name for name in used if name in head}
    assert used >= NEEDED.keys()


def test_services_find_each_other_by_name_on_one_network() -> None:
    for caller, callees in CALLS.items():
        for callee in callees:
            name = f"{caller.upper()}_{callee.upper()}_URL"
            url = URL(containers()[caller]["environment"][name])
            assert (url.host, url.port) == (callee, PORTS[callee])
            shared = set(containers()[caller]["networks"]) & set(containers()[callee]["networks"])
            assert shared == {"inside"} or shared == {"inside", "outside"}


def test_only_the_gateway_is_published_and_on_loopback_unless_told() -> None:
    published = {name: c["ports"] for name, c in containers().items() if "ports" in c}

    assert published == {"gateway": [f"127.0.0.1:{PORTS['gateway']}:{PORTS['gateway']}"]}
    assert compose()["networks"]["inside"]["internal"] is True
    outside = {name for name, c in containers().items() if "outside" in c["networks"]}
    assert outside == {"gateway", "qc"}, "who calls providers"


@pytest.mark.parametrize("name", [*SERVICES, "postgres", "prepare"])
def test_container_is_confined_and_limited(name: str) -> None:
    container = containers()[name]

    assert container["read_only"] is True
    assert container["cap_drop"] == ["ALL"] and "cap_add" not in container
    assert container["security_opt"] == ["no-new-privileges:true"]
    assert not container.get("privileged") and "network_mode" not in container
    assert container["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}
    assert container["logging"]["options"]["max-size"]
    assert container.get("user", "10001") not in ("root", "0")


@pytest.mark.parametrize("service", SERVICES)
def test_service_is_asked_for_its_health_and_waits_for_prepare(service: str) -> None:
    container = containers()[service]

    assert container["healthcheck"]["test"] == ["CMD", "python", "-m", "deploy.healthcheck"]
    assert container["depends_on"] == {"prepare": {"condition": "service_completed_successfully"}}
    assert container["restart"] == "unless-stopped"
    assert container["build"]["args"]["SERVICE"] == service


def test_prepare_runs_once_on_a_healthy_database() -> None:
    prepare = containers()["prepare"]

    assert prepare["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert prepare["restart"] == "no"
    assert prepare["command"] == ["python", "-m", "deploy.prepare", "--output", "/env"]
    assert URL(prepare["environment"]["DATABASE_URL"]).host == "postgres"


@pytest.mark.parametrize("service", SERVICES)
def test_settings_of_a_service_reach_that_service_alone(service: str) -> None:
    mounted = {
        name: volume
        for name, container in containers().items()
        for volume in container["volumes"]
        if volume.startswith(f"env-{service}:")
    }
    assert mounted == {
        "prepare": f"env-{service}:/env/{service}",
        service: f"env-{service}:/env/{service}:ro",
    }


def test_administrator_of_the_database_is_known_to_prepare_alone() -> None:
    knowing = {name for name, c in containers().items() if NEEDED["POSTGRES_PASSWORD"] in str(c)}

    assert knowing == {"postgres", "prepare"}
