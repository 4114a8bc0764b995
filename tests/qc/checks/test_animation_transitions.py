"""Rules of the check of what moves: length, loops, stills, and flashes by WCAG 2.3.1."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from libs.contracts.brand import Placement
from services.qc.checks import run_check
from services.qc.checks.measured import Measured
from services.qc.checks.subject import Subject
from services.qc.decode import open_creative
from services.qc.domain.brief import Brief
from services.qc.domain.creative import Limits
from tests.qc.checks.conftest import SubjectOf
from tests.qc.drawn_files import film

SIZE = (320, 240)
Play = Callable[..., Subject]


@pytest.fixture
def gif(tmp_path: Path, opened: ExitStack) -> Play:
    """Frames shown for `ms` each, `plays` times (0 for ever)."""

    def subject(
        frames: Sequence[Image.Image],
        ms: int | list[int] = 100,
        plays: int = 1,
        brief: Brief | None = None,
    ) -> Subject:
        options: dict[str, Any] = {} if plays == 1 else {"loop": max(plays - 1, 0)}
        path = tmp_path / "a.gif"
        rest = list(frames[1:])
        frames[0].save(path, save_all=True, append_images=rest, duration=ms, **options)
        return Subject(opened.enter_context(open_creative(path, Limits())), brief)

    return subject


def blinking(
    times: int, dark: str = "black", light: str = "white", box: Sequence[int] = (0, 0, *SIZE)
) -> list[Image.Image]:
    """`times` pairs of a dark and a light frame; a dot keeps equal frames apart in the file."""
    frames = []
    for number in range(2 * times):
        frame = Image.new("RGB", SIZE, dark)
        pen = ImageDraw.Draw(frame)
        if number % 2:
            pen.rectangle((box[0], box[1], box[2] - 1, box[3] - 1), fill=light)
        pen.point((number % SIZE[0], 0), fill="#010101")
        frames.append(frame)
    return frames


def moving(count: int) -> list[Image.Image]:
    frames = []
    for number in range(count):
        frame = Image.new("RGB", SIZE, "#446")
        ImageDraw.Draw(frame).rectangle((number * 4, 60, number * 4 + 60, 160), fill="#884")
        frames.append(frame)
    return frames


def measure(subject: Subject, **parameters: object) -> Measured:
    return run_check("animation_transitions", subject, parameters)  # type: ignore[arg-type]


def flashes(measured: Measured) -> object:
    return measured.measurements["flashes_per_s"]


def test_a_still_picture_is_not_judged(picture: SubjectOf) -> None:
    assert measure(picture(Image.new("RGB", (40, 40)))).state == "not_applicable"


def test_quiet_movement_passes_and_is_told_exactly(gif: Play) -> None:
    measured = measure(gif(moving(20), ms=50))

    assert (measured.state, measured.score, measured.findings) == ("passed", 100, [])
    told = measured.measurements
    assert (told["duration_s"], told["frames"], told["frame_rate"], told["plays"]) == (1, 20, 20, 1)
    assert (told["cuts"], told["flashes_per_s"]) == (0, 0)


def test_more_than_three_flashes_in_a_second_are_critical(gif: Play) -> None:
    measured = measure(gif(blinking(8), ms=100))

    (finding,) = measured.findings
    assert (measured.state, finding.severity) == ("failed", "critical")
    assert "WCAG" in (finding.rule or "") and finding.region is not None
    assert (finding.region.w, finding.region.h) == (1, 1)
    assert flashes(measured) == pytest.approx(5, abs=0.5)


def test_three_flashes_in_a_second_are_allowed(gif: Play) -> None:
    """Six changes in any second, which is three pairs of opposite ones."""
    measured = measure(gif(blinking(6), ms=170))

    assert (measured.state, flashes(measured)) == ("passed", 3)


@pytest.mark.parametrize(
    ("dark", "light"),
    [("#ededed", "white"), ("#808080", "#8c8c8c")],
    ids=["both light", "less than a tenth"],
)
def test_faint_changes_are_no_flashes(dark: str, light: str, gif: Play) -> None:
    measured = measure(gif(blinking(8, dark, light), ms=100))

    assert (measured.state, flashes(measured)) == ("passed", 0)


def test_a_small_flash_is_allowed_and_a_quarter_of_the_field_is_not(gif: Play) -> None:
    """A quarter of the field is 21,824 px of a screen: 28 % of a banner of 320 x 240."""
    small = measure(gif(blinking(8, box=(0, 0, 160, 120)), ms=100))
    large = measure(gif(blinking(8, box=(160, 0, 320, 240)), ms=100))

    assert small.state == "passed"
    (finding,) = large.findings
    assert finding.region is not None
    assert (finding.region.x, finding.region.w) == pytest.approx((0.5, 0.5), abs=0.02)


def test_saturated_red_flashes_count_though_their_light_hardly_changes(gif: Play) -> None:
    measured = measure(gif(blinking(8, "#700000", "#a00000"), ms=100))

    assert flashes(measured) == 0
    assert [finding.severity for finding in measured.findings] == ["critical"]
    assert "red" in measured.findings[0].message


def test_cells_that_flash_one_after_the_other_do_not_flash_together(gif: Play) -> None:
    frames = []
    for number in range(30):
        frame = Image.new("RGB", SIZE, "black")
        left = (number % 15) * 20
        ImageDraw.Draw(frame).rectangle((left, 0, left + 20, 240), fill="white")
        frames.append(frame)

    assert measure(gif(frames, ms=40)).state == "passed"


@pytest.mark.parametrize(
    ("plays", "state"), [(1, "passed"), (15, "passed"), (16, "failed"), (0, "failed")]
)
def test_an_animation_stops_after_half_a_minute(plays: int, state: str, gif: Play) -> None:
    subject = gif(moving(20), ms=100, plays=plays)

    assert measure(subject).state == state
    assert measure(subject, max_animated_s=None).state == "passed"


def test_endless_repetition_says_how_often_is_allowed(gif: Play) -> None:
    (finding,) = measure(gif(moving(20), ms=100, plays=0)).findings

    assert (finding.measured, "15 times" in (finding.fix or "")) == ("for ever", True)


def test_the_longest_still_is_found_where_it_is(gif: Play) -> None:
    subject = gif(moving(9), ms=[100] * 4 + [3000] + [100] * 4)

    assert measure(subject, max_still_s=3.0).state == "passed"
    (finding,) = measure(subject, max_still_s=2.9).findings
    assert finding.measured == "3.00 s"
    assert "from 0.40 s" in finding.message
    assert subject.creative.pages[finding.page - 1].at_s == pytest.approx(0.4)


def test_a_cut_is_counted_and_movement_is_not(gif: Play) -> None:
    frames = [*moving(4), *(Image.new("RGB", SIZE, colour) for colour in ("white", "red"))]

    assert measure(gif(frames, ms=500)).measurements["cuts_s"] == [2.0, 2.5]


def test_the_placement_gives_the_longest_run_and_the_profile_goes_before_it(gif: Play) -> None:
    brief = Brief(placement=Placement(name="Story", max_duration_s=1.5))
    subject = gif(moving(20), ms=100, brief=brief)

    assert measure(subject).findings[0].rule == "at most 1.5 s"
    assert measure(subject, max_duration_s=2).state == "passed"


def test_the_size_of_what_moves_is_judged_once_and_its_frames_are_no_duplicates(
    gif: Play,
) -> None:
    subject = gif(moving(20))

    assert len(run_check("aspect_ratio", subject, {"allowed": ["1:1"]}).findings) == 1
    assert len(run_check("image_resolution", subject, {}).findings) == 2
    assert run_check("duplicate_pages", subject, {}).state == "not_applicable"


def test_a_video_is_watched_too_and_may_run_longer(tmp_path: Path, opened: ExitStack) -> None:
    path = film(tmp_path / "a.mp4", blinking(10), rate=20)
    creative = opened.enter_context(open_creative(path, Limits()))

    measured = measure(Subject(creative), max_animated_s=0.5)

    assert [finding.severity for finding in measured.findings] == ["critical"]
    assert flashes(measured) == pytest.approx(10, abs=1)


def test_what_is_too_long_to_watch_is_watched_in_part(
    gif: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.qc.checks.film.MAX_WATCHED_PIXELS", 10 * SIZE[0] * SIZE[1])

    measured = measure(gif(moving(20), ms=1000))

    assert measured.reason == "The first 10 of 20 s were watched."
