"""Rules of the check of margins that a placement covers."""

from typing import Any

import pytest

from libs.contracts.brand import Placement, SafeZone
from services.qc.checks import run_check
from tests.qc.checks.conftest import SubjectOf
from tests.qc.checks.lines import line

STORY = Placement(name="Story", channel="Instagram")


@pytest.mark.parametrize(
    ("y", "enters"), [(0.10, True), (0.135, True), (0.15, False), (0.78, False), (0.80, True)]
)
def test_text_keeps_out_of_the_covered_margins(y: float, enters: bool, read: SubjectOf) -> None:
    subject = read(line("Made for slow nights", x=500, y=2000 * y), placement=STORY)

    measured = run_check("safe_zones", subject, {})

    assert measured.measurements["zone_of"] == "meta_stories"
    assert (measured.state == "failed") == enters
    if enters:
        assert measured.findings[0].region == subject.lines(subject.pages[0])[0].region


@pytest.mark.parametrize(
    ("side", "x", "y"), [("left", 40, 900), ("right", 1830, 900), ("bottom", 900, 1400)]
)
def test_the_side_that_is_entered_is_named(side: str, x: float, y: float, read: SubjectOf) -> None:
    measured = run_check(
        "safe_zones", read(line("Made in May", x=x, y=y)), {"preset": "meta_reels"}
    )

    assert measured.findings[0].message.endswith(f"covers the {side}.")


def test_own_margins_go_before_the_placements(read: SubjectOf) -> None:
    placement = Placement(name="TikTok", safe_zone=SafeZone(top=0.5))
    subject = read(line("Made for slow nights", x=500, y=400), placement=placement)

    assert run_check("safe_zones", subject, {}).state == "failed"
    assert run_check("safe_zones", subject, {"zone": {"top": 0.1}}).state == "passed"


@pytest.mark.parametrize(
    ("brief", "parameters", "state"),
    [
        ({}, {}, "missing_input"),
        ({"placement": Placement(name="Story", channel="TikTok")}, {}, "missing_input"),
        ({"placement": Placement(name="Reels", channel="Meta")}, {}, "not_applicable"),
        ({}, {"preset": "myspace"}, "error"),
    ],
)
def test_an_unknown_zone_is_never_guessed(
    brief: dict[str, Any], parameters: dict[str, Any], state: str, read: SubjectOf
) -> None:
    assert run_check("safe_zones", read(**brief), parameters).state == state
