"""A creative against its placement, or against every placement of the plan."""

from typing import Any

from PIL import Image

from libs.contracts.brand import Placement
from services.qc.checks import run_check
from services.qc.checks.measured import Measured
from services.qc.checks.subject import Subject
from services.qc.domain.brief import Brief
from tests.qc.checks.conftest import SubjectOf

STORY = Placement(name="Story", width_px=108, height_px=192, formats=("JPEG", "PNG"))
BANNER = Placement(name="Banner", channel="Display", width_px=300, height_px=250)


def measured(
    picture: SubjectOf,
    size: tuple[int, int],
    brief: Brief,
    name: str = "a.png",
    **parameters: Any,
) -> Measured:
    subject = picture(Image.new("RGB", size, "navy"), name)
    return run_check(
        "media_plan_format", Subject(subject.creative, brief, subject.limits), parameters
    )


def test_creative_as_its_placement_asks_passes(picture: SubjectOf) -> None:
    result = measured(picture, (108, 192), Brief(placement=STORY, plan=(STORY, BANNER)))

    assert (result.state, result.score, result.findings) == ("passed", 100.0, [])
    assert result.measurements["fits"] == ["Story"]


def test_named_placement_is_judged_even_when_another_fits(picture: SubjectOf) -> None:
    result = measured(picture, (300, 250), Brief(placement=STORY, plan=(STORY, BANNER)))

    assert result.state == "failed"
    [finding] = result.findings
    assert (finding.measured, finding.rule) == ("300 x 250 px", "108 x 192 px")
    assert "Story" in finding.message


def test_without_a_name_one_placement_that_fits_is_enough(picture: SubjectOf) -> None:
    result = measured(picture, (300, 250), Brief(plan=(STORY, BANNER)))

    assert (result.state, result.measurements["fits"]) == ("passed", ["Banner"])
    assert result.measurements["placements"] == 2


def test_nothing_fits_and_the_nearest_says_what_differs(picture: SubjectOf) -> None:
    light = BANNER.model_copy(update={"max_bytes": 10, "formats": ("GIF",)})

    result = measured(picture, (301, 250), Brief(plan=(STORY, light)))

    assert result.measurements["nearest"] == "Banner"
    assert result.measurements["differs_in"] == ["size", "format", "weight"]
    assert [finding.severity for finding in result.findings] == ["major"] * 3
    assert result.score == 0
    assert all(finding.fix and finding.rule for finding in result.findings)


def test_size_counts_more_than_weight_for_which_is_nearest(picture: SubjectOf) -> None:
    heavy = STORY.model_copy(update={"max_bytes": 1})

    result = measured(picture, (108, 192), Brief(plan=(BANNER, heavy)))

    assert (result.measurements["nearest"], result.measurements["differs_in"]) == (
        "Story",
        ["weight"],
    )


def test_double_size_is_taken_only_when_the_profile_says_so(picture: SubjectOf) -> None:
    brief = Brief(placement=BANNER)

    assert measured(picture, (600, 500), brief).state == "failed"
    assert measured(picture, (600, 500), brief, scales=[1, 2]).state == "passed"
    assert measured(picture, (600, 250), brief, scales=[1, 2]).state == "failed"


def test_ratio_holds_within_its_tolerance(picture: SubjectOf) -> None:
    link = Brief(placement=Placement(name="Link", aspect_ratio="1.91:1"))

    assert measured(picture, (1200, 628), link).state == "passed"
    failed = measured(picture, (1200, 675), link)
    assert (failed.state, failed.findings[0].rule) == ("failed", "1.91:1")


def test_weight_is_judged_to_the_byte(picture: SubjectOf) -> None:
    size = measured(picture, (300, 250), Brief(plan=(BANNER,))).measurements["bytes"]
    assert isinstance(size, int)
    just = BANNER.model_copy(update={"max_bytes": size})
    under = BANNER.model_copy(update={"max_bytes": size - 1})

    assert measured(picture, (300, 250), Brief(placement=just)).state == "passed"
    assert measured(picture, (300, 250), Brief(placement=under)).state == "failed"


def test_placements_of_other_markets_do_not_count(picture: SubjectOf) -> None:
    german = BANNER.model_copy(update={"market": "de"})
    austrian = STORY.model_copy(update={"market": "at"})
    plan = (german, austrian)

    assert measured(picture, (300, 250), Brief(plan=plan, market="de")).state == "passed"
    assert measured(picture, (300, 250), Brief(plan=plan, market="at")).state == "failed"
    nowhere = measured(picture, (300, 250), Brief(plan=plan, market="fr"))
    assert (nowhere.state, nowhere.score) == ("not_applicable", None)


def test_without_a_plan_it_is_missing_input(picture: SubjectOf) -> None:
    result = measured(picture, (10, 10), Brief())

    assert (result.state, result.score) == ("missing_input", None)
    assert "activate" in (result.reason or "")


def test_placement_that_asks_for_nothing_fits_nothing(picture: SubjectOf) -> None:
    result = measured(picture, (10, 10), Brief(plan=(Placement(name="Podcast"),)))

    assert result.state == "not_applicable"


def test_still_picture_is_not_held_to_a_length(picture: SubjectOf) -> None:
    spot = BANNER.model_copy(update={"max_duration_s": 15.0})

    assert measured(picture, (300, 250), Brief(placement=spot)).state == "passed"
