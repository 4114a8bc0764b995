"""The manifests start services that have what they need, confined, and let nobody else talk."""

import re
import shutil
import subprocess
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.database import SERVICES
from deploy.environments import CALLS
from deploy.ports import PORTS
from libs.settings import BadSettings
from tests.deploy.declared import ROOT, image_environment, prepared_secrets, refuse_or_build

FOLDER = ROOT / "deploy" / "k8s"
KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
MANIFESTS: list[dict[str, Any]] = [
    manifest
    for file in KUSTOMIZATION["resources"]
    for manifest in yaml.safe_load_all((FOLDER / file).read_text())
]
HEAD = (FOLDER / "kustomization.yaml").read_text().partition("apiVersion")[0]
FILLED_IN = {
    "GATEWAY_OIDC_ISSUER": "https://login.example",
    "GATEWAY_OIDC_CLIENT_ID": "ai-qc",
    "GATEWAY_PUBLIC_URL": "https://qc.example",
    "GATEWAY_ADMINS": "ada",
}


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {m["metadata"]["name"]: m for m in MANIFESTS if m["kind"] == kind}


def pod(name: str) -> dict[str, Any]:
    kind = "Job" if name == "prepare" else "Deployment"
    found: dict[str, Any] = of_kind(kind)[name]["spec"]["template"]
    return found


def container(name: str) -> dict[str, Any]:
    [found] = pod(name)["spec"]["containers"]
    return dict(found)


def gateway_env() -> dict[str, str]:
    lines = (FOLDER / "gateway.env").read_text().splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def environment(name: str, folder: Path, filled_in: dict[str, str]) -> dict[str, str]:
    """As the cluster makes it, once prepare has filled the Secrets."""
    secrets: dict[str, dict[str, str]] = prepared_secrets(folder) | {
        "gateway-oidc": {"GATEWAY_OIDC_CLIENT_SECRET": "s3cret"},
        "providers": {"OPENAI_API_KEY": "sk-test", "GEMINI_API_KEY": "test"},
    }
    found = image_environment(name)
    if "envFrom" in container(name):
        assert container(name)["envFrom"] == [{"configMapRef": {"name": "gateway"}}]
        found |= filled_in
    for variable in container(name)["env"]:
        if "value" in variable:
            found[variable["name"]] = variable["value"]
        else:
            reference = variable["valueFrom"]["secretKeyRef"]
            assert reference["key"] == variable["name"]
            found[variable["name"]] = secrets[reference["name"]][reference["key"]]
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_service_starts_with_what_it_is_given(service: str, tmp_path: Path) -> None:
    given = environment(service, tmp_path, FILLED_IN)

    refuse_or_build(service, given)
    assert given.keys() >= prepared_secrets(tmp_path)[service].keys()


def test_gateway_that_nobody_filled_in_says_so(tmp_path: Path) -> None:
    assert gateway_env().keys() == FILLED_IN.keys()

    with pytest.raises(BadSettings, match="GATEWAY_OIDC_ISSUER"):
        refuse_or_build("gateway", environment("gateway", tmp_path, gateway_env()))


@pytest.mark.parametrize("name", [*SERVICES, "prepare"])
def test_pod_is_confined_and_limited(name: str) -> None:
    spec, main = pod(name)["spec"], container(name)

    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] >= 10_000
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert main["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    for side in ("requests", "limits"):
        assert main["resources"][side].keys() == {"cpu", "memory"}
    assert spec["enableServiceLinks"] is False, "QC_PORT=tcp://… would be taken for a setting"
    assert {m["name"] for m in main["volumeMounts"]} == {v["name"] for v in spec["volumes"]}
    if name != "prepare":
        assert spec["automountServiceAccountToken"] is False


@pytest.mark.parametrize("service", SERVICES)
def test_service_is_probed_and_reached_under_its_name(service: str) -> None:
    main, reached = container(service), of_kind("Service")[service]["spec"]

    assert main["ports"] == [{"name": "http", "containerPort": PORTS[service]}]
    assert main["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert main["startupProbe"]["httpGet"]["path"] == "/healthz"
    assert main["readinessProbe"]["httpGet"]["path"] == "/readyz"
    patience_s = main["startupProbe"]["periodSeconds"] * main["startupProbe"]["failureThreshold"]
    assert patience_s > 60, "a service waits a minute for its database"
    assert reached["selector"] == {"app": service} == pod(service)["metadata"]["labels"]
    assert reached["ports"][0]["targetPort"] == "http"
    for callee in CALLS.get(service, ()):
        variable = f"{service.upper()}_{callee.upper()}_URL"
        [given] = [v["value"] for v in main["env"] if v["name"] == variable]
        assert given == f"http://{callee}:{of_kind('Service')[callee]['spec']['ports'][0]['port']}"


def test_several_replicas_are_not_taken_away_together_and_one_is_no_obstacle() -> None:
    replicas = {name: d["spec"]["replicas"] for name, d in of_kind("Deployment").items()}

    assert replicas.keys() == set(SERVICES)
    budgets = of_kind("PodDisruptionBudget")
    assert budgets.keys() == {name for name, count in replicas.items() if count > 1}
    for name, budget in budgets.items():
        assert budget["spec"]["minAvailable"] < replicas[name]
        assert budget["spec"]["selector"] == {"matchLabels": {"app": name}}


def test_services_talk_to_those_they_call_and_to_nobody_else() -> None:
    names = [*SERVICES, "prepare"]
    for caller, callee in product(names, names):
        allowed = callee in CALLS.get(caller, ())
        if caller in SERVICES and callee in SERVICES:
            assert goes_out(caller, callee) is allowed, (caller, callee)
        comes_in = lets_in(callee, caller)
        assert comes_in is (allowed or callee == "gateway"), (caller, callee)
    assert of_kind("NetworkPolicy")["nobody"]["spec"] == {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
    }


def goes_out(caller: str, callee: str) -> bool:
    rules = of_kind("NetworkPolicy")[caller]["spec"]["egress"]
    named = [r for r in rules if any(selects(peer, callee) for peer in r.get("to", []))]
    return any({"port": PORTS[callee]} in rule["ports"] for rule in named)


def lets_in(callee: str, caller: str) -> bool:
    policy = of_kind("NetworkPolicy")[callee]["spec"]
    rules = policy.get("ingress", [])
    return any(
        {"port": PORTS[callee]} in rule["ports"]
        and ("from" not in rule or any(selects(peer, caller) for peer in rule["from"]))
        for rule in rules
    )


def selects(peer: dict[str, Any], name: str) -> bool:
    selector = peer["podSelector"]
    listed = [e["values"] for e in selector.get("matchExpressions", [])]
    return selector.get("matchLabels", {}).get("app") == name or any(name in v for v in listed)


def test_job_may_touch_its_five_secrets_and_make_none() -> None:
    [rule] = of_kind("Role")["prepare"]["rules"]

    assert set(rule["resourceNames"]) == {*SERVICES, "prepared"} == of_kind("Secret").keys()
    assert rule["resources"] == ["secrets"] and set(rule["verbs"]) == {"get", "patch"}
    assert all("data" not in secret for secret in of_kind("Secret").values())
    assert pod("prepare")["spec"]["serviceAccountName"] == "prepare"
    assert container("prepare")["command"] == ["python", "-m", "deploy.kubernetes"]


def test_secrets_that_are_yours_to_make_are_told_with_their_keys() -> None:
    references = [
        variable["valueFrom"]["secretKeyRef"]
        for name in (*SERVICES, "prepare")
        for variable in container(name)["env"]
        if "valueFrom" in variable
    ]
    yours = {r["name"] for r in references} - of_kind("Secret").keys()

    assert yours == set(re.findall(r"create secret generic (\S+)", HEAD))
    assert all(r["key"] in HEAD for r in references if r["name"] in yours - {"providers"})


def test_manifests_are_held_to_the_strictest_standard() -> None:
    labels = of_kind("Namespace")["aiqc"]["metadata"]["labels"]

    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert KUSTOMIZATION["namespace"] == "aiqc"
    assert {image["name"] for image in KUSTOMIZATION["images"]} == {f"aiqc-{s}" for s in SERVICES}


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not here")
def test_kubectl_builds_it() -> None:
    built = subprocess.run(
        ["kubectl", "kustomize", FOLDER], capture_output=True, text=True, check=False
    )

    assert built.returncode == 0, built.stderr
    found = list(yaml.safe_load_all(built.stdout))
    assert len(found) == len(MANIFESTS) + 1, "and the generated ConfigMap"
    assert "Warning" not in built.stderr
