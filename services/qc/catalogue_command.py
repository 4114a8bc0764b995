"""`aiqc checks`: what a profile can check, for people."""

import json
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from libs.contracts.catalogue import Catalogue, CatalogueEntry
from libs.problems import NotFound

LIMITS = {
    "minimum": "≥ {}",
    "exclusiveMinimum": "> {}",
    "maximum": "≤ {}",
    "exclusiveMaximum": "< {}",
    "minLength": "≥ {} characters",
    "maxLength": "≤ {} characters",
    "minItems": "≥ {} items",
    "maxItems": "≤ {} items",
    "pattern": "matches {}",
}


def chosen(catalogue: Catalogue, name: str | None) -> Catalogue:
    """Every check, or those of one name. Raises NotFound with the names that are like it."""
    if name is None:
        return catalogue
    found = [entry for entry in catalogue.checks if entry.name == name]
    if not found:
        close = get_close_matches(name, {entry.name for entry in catalogue.checks})
        hint = f"Did you mean {' or '.join(close)}?" if close else "`aiqc checks` lists them."
        raise NotFound("unknown_check", f"There is no check {name!r}. {hint}")
    return Catalogue(checks=found)


def show_all(catalogue: Catalogue, console: Console) -> None:
    """A line for each check."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("check", "kind", "measures", "needs"):
        table.add_column(title, no_wrap=title in ("check", "kind"))
    for entry in catalogue.checks:
        needs = _needs(entry) if entry.kind == "exact" else ""
        table.add_row(entry.name, entry.kind, Text(entry.measures), Text(needs))
    console.print(table)
    console.print(
        f"\n{len(catalogue.checks)} checks. `aiqc checks NAME` shows one with parameters."
    )


def show_one(entry: CatalogueEntry, console: Console) -> None:
    """Everything that is known of one check: enough to write it into a profile."""
    console.print(Text.assemble((entry.name, "bold"), f"  {entry.kind}, version {entry.version}"))
    console.print(Text(f"{entry.measures}{f' ({entry.unit})' if entry.unit else ''}."))
    if entry.needs:
        console.print(Text(f"needs: {_needs(entry)}"))
    if entry.prompt:
        _titled("prompt", Text(entry.prompt), console)
    if rows := list(_parameters(entry.parameters)):
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
        for title in ("parameter", "kind", "default", "limits", "meaning"):
            table.add_column(title, no_wrap=title == "parameter", overflow="fold")
        for row in rows:
            table.add_row(*map(Text, row))
        _titled("parameters", table, console)
    _titled("in a profile", Text(json.dumps(_in_a_profile(entry), ensure_ascii=False)), console)


def _titled(title: str, what: Text | Table, console: Console) -> None:
    console.print(f"\n{title}", style="bold")
    console.print(Padding.indent(what, 2))


def _in_a_profile(entry: CatalogueEntry) -> dict[str, Any]:
    if entry.kind == "judged":
        return {entry.name: {"kind": "judged", "prompt": "…"}}
    check: dict[str, Any] = {"kind": "exact"}
    return {entry.name: check | ({"parameters": entry.example} if entry.example else {})}


def _needs(entry: CatalogueEntry) -> str:
    return ", ".join(need.replace("_", " ") for need in entry.needs)


def _parameters(schema: dict[str, Any]) -> Iterator[tuple[str, str, str, str, str]]:
    """Name, kind, default, limits and meaning of each parameter of a JSON Schema."""
    definitions = schema.get("$defs", {})
    for name, told in schema.get("properties", {}).items():
        forms = [_resolved(form, definitions) for form in told.get("anyOf", [told])]
        kinds = [_kind(form, definitions) for form in forms if form.get("type") != "null"]
        limits = [limit for form in forms for limit in _limits(form)]
        default = json.dumps(told.get("default"), ensure_ascii=False)
        yield name, " or ".join(kinds), default, ", ".join(limits), told.get("description", "")


def _resolved(form: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    name = str(form.get("$ref", "")).rpartition("/")[2]
    return definitions[name] if name else form


def _kind(form: dict[str, Any], definitions: dict[str, Any]) -> str:
    if words := form.get("enum") or ([form["const"]] if "const" in form else []):
        return " | ".join(map(str, words))
    if form.get("type") == "array":
        items: Sequence[dict[str, Any]] = form.get("prefixItems") or [form.get("items") or {}]
        return f"list of {_kind(_resolved(items[0], definitions), definitions)}"
    if form.get("type") == "object" and "properties" in form:
        return "{" + ", ".join(form["properties"]) + "}"
    return str(form.get("type", "any"))


def _limits(form: dict[str, Any]) -> Iterator[str]:
    for key, words in LIMITS.items():
        if key in form:
            yield words.format(form[key])
