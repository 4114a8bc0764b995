"""Rules of the check of how a video is packed."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from libs.contracts.brand import Placement
from services.qc.checks import run_check
from services.qc.checks.measured import Measured
from services.qc.checks.subject import Subject
from services.qc.decode import open_creative
from services.qc.domain.brief import Brief
from services.qc.domain.creative import Limits
from tests.qc.checks.conftest import SubjectOf
from tests.qc.drawn_files import film, tone

PASSING = {"min_short_side_px": 64}


@pytest.fixture(scope="module")
def spot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shades = [Image.new("RGB", (64, 96), (2 * n, 0, 0)) for n in range(50)]
    path = tmp_path_factory.mktemp("video") / "spot.mp4"
    return film(path, shades, sound=tone(2, 0.1), options={"g": "25", "sc_threshold": "0"})


def measure(
    spot: Path, opened: ExitStack, brief: Brief | None = None, **parameters: Any
) -> Measured:
    creative = opened.enter_context(open_creative(spot, Limits()))
    given = {**PASSING, **parameters}
    return run_check("video_format", Subject(creative, brief), given)


def test_a_picture_and_an_animation_are_no_videos(picture: SubjectOf) -> None:
    subject = picture(Image.new("RGB", (40, 40)))

    assert run_check("video_format", subject, {}).state == "not_applicable"


def test_a_usual_video_passes_and_its_facts_are_told(spot: Path, opened: ExitStack) -> None:
    measured = measure(spot, opened)

    assert (measured.state, measured.score) == ("passed", 100)
    told = measured.measurements
    assert (told["container"], told["video_codec"], told["audio_codec"]) == ("MP4", "h264", "aac")
    assert (told["width_px"], told["height_px"], told["frame_rate"]) == (64, 96, 25)
    assert told["key_frame_interval_s"] == 1.0


@pytest.mark.parametrize(
    ("parameters", "measured", "rule"),
    [
        ({"containers": ["WEBM"]}, "MP4", "one of WEBM"),
        ({"video_codecs": ["vp9"]}, "h264", "one of vp9"),
        ({"audio_codecs": ["mp3"]}, "aac", "one of mp3"),
        ({"audio": "forbidden"}, "aac", "no sound track"),
        ({"min_short_side_px": 65}, "64 x 96 px", "shorter side at least 65 px"),
        ({"max_duration_s": 1.9}, "2.00 s", "at most 1.9 s"),
        ({"min_duration_s": 2.1}, "2.00 s", "at least 2.1 s"),
        ({"min_frame_rate": 30}, "25.00 frames/s", "at least 30 frames/s"),
        ({"max_frame_rate": 24}, "25.00 frames/s", "at most 24 frames/s"),
        ({"max_key_frame_interval_s": 0.9}, "1.00 s", "a key frame every 0.9 s at least"),
        ({"pixel_formats": ["yuv422p"]}, "yuv420p", "one of yuv422p"),
    ],
)
def test_each_rule_is_broken_alone(
    parameters: dict[str, Any], measured: str, rule: str, spot: Path, opened: ExitStack
) -> None:
    (finding,) = measure(spot, opened, **parameters).findings

    assert (finding.severity, finding.measured, finding.rule) == ("major", measured, rule)
    assert finding.fix


def test_the_bit_rate_has_two_limits(spot: Path, opened: ExitStack) -> None:
    kbps = spot.stat().st_size * 8 / 2 / 1000

    assert measure(spot, opened, min_bit_rate_kbps=kbps - 1, max_bit_rate_kbps=kbps + 1).score
    assert measure(spot, opened, min_bit_rate_kbps=kbps + 2).state == "failed"
    assert measure(spot, opened, max_bit_rate_kbps=kbps - 2).state == "failed"


def test_sound_may_be_required(tmp_path: Path, opened: ExitStack) -> None:
    silent = film(tmp_path / "a.mp4", [Image.new("RGB", (64, 64), "red")] * 30)

    assert measure(silent, opened).state == "passed"
    assert measure(silent, opened, audio="required").findings[0].rule == "a sound track"


def test_film_at_23_976_frames_is_not_too_slow(tmp_path: Path, opened: ExitStack) -> None:
    from fractions import Fraction

    path = film(
        tmp_path / "a.mp4",
        [Image.new("RGB", (64, 64), "red")] * 24,
        rate=Fraction(24_000, 1_001),  # type: ignore[arg-type]
    )

    assert measure(path, opened).state == "passed"


def test_the_placement_gives_the_length(spot: Path, opened: ExitStack) -> None:
    brief = Brief(placement=Placement(name="Bumper", min_duration_s=1, max_duration_s=1.5))

    assert measure(spot, opened, brief).findings[0].rule == "at most 1.5 s"
    assert measure(spot, opened, brief, max_duration_s=2).state == "passed"


@pytest.mark.parametrize("name", ["color_format", "colour_profile", "transparency"])
def test_what_only_pictures_have_is_not_asked_of_a_video(
    name: str, spot: Path, opened: ExitStack
) -> None:
    subject = Subject(opened.enter_context(open_creative(spot, Limits())))

    assert run_check(name, subject, {}).state == "not_applicable"
