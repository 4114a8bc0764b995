"""Exact check: whether the layers of a PSD or PDF are named and tidy."""

import re
from collections import Counter
from collections.abc import Callable, Sequence

from pydantic import Field, JsonValue

from libs.contracts.qc import Finding
from services.qc.checks.measured import ExactCheck, Measured, Parameters, judged, not_applicable
from services.qc.checks.subject import Subject
from services.qc.domain.creative import Creative
from services.qc.domain.facts import Layer

MAX_FINDINGS = 50
_KINDS = (
    "layer|group|folder|artboard|rectangle|rounded rectangle|ellipse|polygon|line|shape|path|"
    "curves|levels|hue/saturation|color fill|colour fill|gradient fill|smart object|image|"
    "ebene|gruppe|rechteck|form|calque|groupe|forme|capa|grupo|forma|livello|gruppo|"
    "laag|groep|lager|grupp|warstwa|grupa|camada|レイヤー|グループ|图层|图层组|레이어|그룹"
)
UNNAMED = re.compile(
    rf"(?:{_KINDS})\s*\d*(?:\s+(?:copy|kopie|copie|copia|kopia)(?:\s+\d+)?)*"
    r"|<[^<>]*>|untitled.*|unnamed.*",
    re.IGNORECASE,
)
"""What Photoshop and Illustrator call a layer that nobody has named."""


class LayerOrganization(Parameters):
    require_layers: bool = Field(
        default=False, description="Whether a file that can have layers must have some"
    )
    max_unnamed: int = Field(
        default=0, ge=0, le=5_000, description="Most layers that are called like “Layer 12”"
    )
    max_hidden: int = Field(default=0, ge=0, le=5_000, description="Most hidden layers")
    max_empty: int = Field(default=0, ge=0, le=5_000, description="Most empty layers and groups")
    max_duplicate_names: int = Field(
        default=0, ge=0, le=5_000, description="Most layers called like another of their group"
    )


def measure(subject: Subject, parameters: LayerOrganization) -> Measured:
    """Score: share of the layers without a finding, in percent.

    Unnamed layers fail the check; hidden, empty and doubly named ones are told as minor.
    """
    layers = _layers(subject.creative)
    if layers is None:
        return not_applicable(f"A file of kind {subject.creative.format} has no layers.")
    if not layers:
        return _flat(subject, parameters)
    untidy: set[int] = set()
    findings: list[Finding] = []
    counts: dict[str, JsonValue] = {"layers": len(layers)}
    for kind, (found, most, severity, fix) in _kinds(layers, parameters).items():
        counts[kind] = len(found)
        if len(found) > most:
            untidy.update(found)
            rule = f"at most {most} {kind.replace('_', ' ')}"
            findings += [
                Finding(
                    severity="major" if severity == "major" else "minor",
                    message=f"The layer “{_called(layers[at])}” {MESSAGES[kind]}.",
                    measured=layers[at].name or "no name",
                    rule=rule,
                    evidence=" / ".join((*layers[at].path, layers[at].name)),
                    fix=fix,
                    region=layers[at].region,
                )
                for at in found[:MAX_FINDINGS]
            ]
    return judged(findings, counts, 100 * (1 - len(untidy) / len(layers)))


MESSAGES = {
    "unnamed": "has no name of its own",
    "hidden": "is hidden",
    "empty": "is empty",
    "doubly_named": "is called like another one of its group",
}


def _kinds(
    layers: Sequence[Layer], parameters: LayerOrganization
) -> dict[str, tuple[list[int], int, str, str]]:
    """Numbers of the layers of each kind of untidiness, the most allowed, severity, fix."""
    twice = Counter((layer.path, layer.name) for layer in layers if layer.name)

    def doubly_named(layer: Layer) -> bool:
        return twice[layer.path, layer.name] > 1 and not _is_unnamed(layer)

    def those(is_so: Callable[[Layer], bool]) -> list[int]:
        return [at for at, layer in enumerate(layers) if is_so(layer)]

    return {
        "unnamed": (
            those(_is_unnamed),
            parameters.max_unnamed,
            "major",
            "Name it after what it shows.",
        ),
        "hidden": (
            those(lambda layer: layer.hidden),
            parameters.max_hidden,
            "minor",
            "Delete it, or show it.",
        ),
        "empty": (
            those(lambda layer: layer.empty),
            parameters.max_empty,
            "minor",
            "Delete it.",
        ),
        "doubly_named": (
            those(doubly_named),
            parameters.max_duplicate_names,
            "minor",
            "Give each layer a name of its own.",
        ),
    }


def _is_unnamed(layer: Layer) -> bool:
    """A text layer is called by its words, whatever they are."""
    return layer.kind != "text" and (not layer.name or bool(UNNAMED.fullmatch(layer.name)))


def _called(layer: Layer) -> str:
    return layer.name or "(without a name)"


def _layers(creative: Creative) -> tuple[Layer, ...] | None:
    if creative.format != "PDF" or creative.path is None:
        return creative.facts.layers
    from services.qc.checks.optional_content import optional_content

    return optional_content(creative.path)


def _flat(subject: Subject, parameters: LayerOrganization) -> Measured:
    if not parameters.require_layers:
        return not_applicable("The file has no layers.", {"layers": 0})
    finding = Finding(
        severity="major",
        message="The file has no layers.",
        measured="0 layers",
        rule="a file with layers",
        fix="Hand over the working file, not the flattened one.",
    )
    return judged([finding], {"layers": 0})


CHECK = ExactCheck(
    measures="Layers of a PSD or PDF: unnamed, hidden, empty, doubly named",
    unit="layers",
    parameters=LayerOrganization,
    measure=measure,
    example={"max_hidden": 5},
)
