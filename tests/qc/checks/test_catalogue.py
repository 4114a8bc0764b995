"""What the catalogue offers: every name that people know, and questions that can be asked."""

import re

import pytest
from pydantic import JsonValue

from libs.contracts.profiles import Check
from services.qc.checks import CHECKS, catalogue
from services.qc.domain.judged_checks import JUDGED

KNOWN = """accessibility animation_transitions aspect_ratio background_contrast
brand_assets_visibility call_to_action color_format crop_marks curved_edges dark_mode_legibility
element_alignment face_gaze_direction face_visibility file_naming image_resolution imperative_verb
inclusive layer_organization logo_visibility lowercase_text new_visibility print_bleed
product_visibility responsiveness safety_area supporting_images text_readability
visual_elements_count visual_hierarchy visuals_left_text_right word_count""".split()  # noqa: SIM905


def test_every_name_of_the_system_before_this_one_is_there() -> None:
    assert len(KNOWN) == 31
    assert set(KNOWN) <= {entry.name for entry in catalogue().checks}


def test_a_name_is_there_once_of_each_kind_and_in_order() -> None:
    found = [(entry.name, entry.kind) for entry in catalogue().checks]

    assert found == sorted(set(found))


def test_a_judged_check_goes_when_an_exact_one_takes_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("face_visibility", "product_visibility"):
        monkeypatch.setitem(CHECKS, name, CHECKS["file_weight"])

    kinds = {(entry.name, entry.kind) for entry in catalogue().checks}

    assert ("face_visibility", "judged") not in kinds
    assert ("face_visibility", "exact") in kinds
    assert {("product_visibility", "judged"), ("product_visibility", "exact")} <= kinds


def test_no_question_is_declared_that_is_never_offered() -> None:
    assert [name for name, one in JUDGED.items() if name in CHECKS and not one.also_exact] == []


@pytest.mark.parametrize("name", JUDGED)
def test_a_prompt_says_when_it_passes_fails_and_does_not_apply(name: str) -> None:
    prompt = JUDGED[name].prompt
    starts = [line.partition(" ")[0] for line in prompt.split("\n")]

    assert starts == ["Look" if starts[0] == "Look" else "Imagine", "Pass", "Fail", "Not", "As"]
    assert re.search(r"^Not applicable when .*\nAs evidence, .*\.$", prompt, re.MULTILINE)
    assert Check(kind="judged", prompt=prompt).prompt == prompt


def test_every_exact_check_says_what_it_measures_and_how_it_is_set() -> None:
    for entry in catalogue().checks:
        assert entry.measures[0].isupper() and not entry.measures.endswith("."), entry.name
        assert entry.parameters, entry.name
        for parameter in _properties(entry.parameters).values():
            assert isinstance(parameter, dict) and parameter["description"], entry.name


def _properties(schema: dict[str, JsonValue]) -> dict[str, JsonValue]:
    properties = schema.get("properties", {})
    assert isinstance(properties, dict)
    return properties
