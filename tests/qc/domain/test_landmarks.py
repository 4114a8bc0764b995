"""A model's box gives way to what was measured, and stays approximate where nothing was."""

from libs.contracts.qc import CheckResult, Finding, Region
from services.qc.domain.landmarks import Landmark, LandmarkKind, landmarks_of, snapped


def box(x: float, y: float, w: float = 0.3, h: float = 0.05) -> Region:
    return Region(x=x, y=y, w=w, h=h)


def mark(kind: LandmarkKind, region: Region, words: str = "", page: int = 1) -> Landmark:
    return Landmark(kind=kind, region=region, words=words, page=page)


def finding(
    region: Region | None = None,
    message: str = "Wrong.",
    evidence: str | None = None,
    page: int = 1,
) -> Finding:
    return Finding(
        severity="major",
        message=message,
        evidence=evidence,
        page=page,
        region=region,
        approximate=region is not None,
    )


LOGO = mark("logo", box(0.7, 0.05, 0.2, 0.1), "Diageo")
HEADLINE = mark("text", box(0.1, 0.1, 0.5, 0.08), "Taste the summer")
LEGAL = [
    mark("text", box(0.1, 0.90, 0.6, 0.02), "Please drink responsibly. Not for sale to persons"),
    mark("text", box(0.1, 0.93, 0.5, 0.02), "under the legal purchase age."),
]
PAGE = [LOGO, HEADLINE, *LEGAL]


def test_a_box_round_one_thing_becomes_its_measured_box() -> None:
    drawn = finding(box(0.69, 0.04, 0.22, 0.12))

    placed = snapped(drawn, PAGE)

    assert placed.region == LOGO.region
    assert not placed.approximate


def test_a_box_round_several_lines_becomes_the_box_of_them_all() -> None:
    placed = snapped(finding(box(0.09, 0.89, 0.63, 0.07)), PAGE)

    assert placed.region == Region(x=0.1, y=0.9, w=0.6, h=0.05)
    assert not placed.approximate


def test_a_box_that_fits_nothing_stays_approximate() -> None:
    for region in (box(0.4, 0.4, 0.2, 0.2), box(0, 0, 1, 1), box(0.7, 0.05, 0.02, 0.02)):
        placed = snapped(finding(region), PAGE)
        assert placed.region == region
        assert placed.approximate


def test_quoted_words_find_their_line_without_a_box() -> None:
    for evidence in ("Taste the summer", "The headline “Taste the Summer” is cut.", "“taste the”"):
        placed = snapped(finding(evidence=evidence), PAGE)
        assert placed.region == HEADLINE.region, evidence
        assert not placed.approximate


def test_quoted_words_over_several_lines_are_found() -> None:
    quote = "persons under the legal"
    assert snapped(finding(evidence=f"“{quote}”"), PAGE).region is None

    whole = " ".join(line.words for line in LEGAL)
    assert snapped(finding(evidence=f"“{whole}”"), PAGE).region == Region(
        x=0.1, y=0.9, w=0.6, h=0.05
    )


def test_words_that_stand_in_two_places_need_a_box_near_one() -> None:
    twice = [*PAGE, mark("text", box(0.1, 0.5), "Taste the summer")]

    assert snapped(finding(evidence="“Taste the summer”"), twice).region is None
    near = snapped(finding(box(0.15, 0.52, 0.2, 0.02), evidence="“Taste the summer”"), twice)
    assert near.region == box(0.1, 0.5)


def test_words_far_from_the_box_do_not_move_it() -> None:
    drawn = finding(box(0.4, 0.6, 0.1, 0.1), evidence="“Taste the summer”")

    assert snapped(drawn, PAGE).region == drawn.region
    assert snapped(drawn, PAGE).approximate


def test_only_what_stands_on_the_same_page_counts() -> None:
    other = finding(box(0.69, 0.04, 0.22, 0.12), page=2)

    assert snapped(other, PAGE).approximate
    assert snapped(other, [mark("logo", LOGO.region, page=2)]).region == LOGO.region


def test_a_finding_without_place_stays_without() -> None:
    placed = snapped(finding(), PAGE)

    assert placed.region is None
    assert not placed.approximate


def test_differences_come_from_the_findings_that_were_measured() -> None:
    measured = CheckResult(
        check_id="reference_comparison",
        state="failed",
        findings=[finding(box(0.2, 0.2)).model_copy(update={"approximate": False}), finding()],
    )
    asked = CheckResult(check_id="tone", state="failed", findings=[finding(box(0.3, 0.3))])

    assert [one.region for one in landmarks_of([measured, asked])] == [box(0.2, 0.2)]
