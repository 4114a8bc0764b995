"""`aiqc checks`: the table, one check, and a name that is not there."""

import io
from enum import StrEnum

import pytest
from pydantic import BaseModel, Field
from rich.console import Console

from libs.contracts.catalogue import Catalogue, CatalogueEntry
from libs.problems import NotFound
from services.qc.catalogue_command import chosen, show_all, show_one
from services.qc.checks import catalogue


class Corner(StrEnum):
    TOP = "top"
    BOTTOM = "bottom"


class Zone(BaseModel):
    height: float


class Odd(BaseModel):
    corner: Corner = Field(default=Corner.TOP, description="[bold]where[/bold]")
    zones: list[Zone] = Field(default=[], max_length=3, description="How high")
    ratio: float | None = Field(default=None, gt=0, lt=9, description="Wide to high")


def shown(entry: CatalogueEntry) -> str:
    console = Console(file=io.StringIO(), width=150)
    show_one(entry, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_every_check_has_one_line() -> None:
    console = Console(file=io.StringIO(), width=250)

    show_all(catalogue(), console)

    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    for entry in catalogue().checks:
        assert any(line.split()[:2] == [entry.name, entry.kind] for line in lines)


def test_one_check_shows_kinds_defaults_limits_and_meaning_as_they_are() -> None:
    entry = CatalogueEntry(
        name="odd",
        kind="exact",
        measures="Odd",
        unit="px",
        needs=["brand_colours"],
        parameters=Odd.model_json_schema(),
        example={"ratio": 2},
    )

    text = shown(entry)

    rows = {line.split()[0]: " ".join(line.split()) for line in text.splitlines() if line.strip()}
    assert rows["corner"] == 'corner top | bottom "top" [bold]where[/bold]'
    assert rows["zones"] == "zones list of {height} [] ≤ 3 items How high"
    assert rows["ratio"] == "ratio number null > 0, < 9 Wide to high"
    assert '{"odd": {"kind": "exact", "parameters": {"ratio": 2}}}' in text
    assert "needs: brand colours" in text


def test_a_judged_check_shows_its_question() -> None:
    [entry] = chosen(catalogue(), "inclusive").checks

    assert "Not applicable when neither people" in shown(entry)


def test_an_unknown_name_is_told_with_what_is_like_it() -> None:
    with pytest.raises(NotFound, match="Did you mean file_weight"):
        chosen(catalogue(), "file_wieght")
    with pytest.raises(NotFound, match="`aiqc checks` lists them"):
        chosen(Catalogue(checks=[]), "file_weight")
