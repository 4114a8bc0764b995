"""A video's facts are those of the file, its pages differ, and it opens nothing but itself."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from services.qc.decode import open_creative
from services.qc.domain.creative import Limits, Unreadable
from tests.qc.drawn_files import film, tone

SCENES = [Image.new("RGB", (96, 64), colour) for colour in ("red", "green", "blue", "white")]


def scenes(each: int = 25) -> list[Image.Image]:
    return [scene for scene in SCENES for _ in range(each)]


@pytest.mark.parametrize(
    ("name", "format", "picture", "voice"),
    [
        ("a.mp4", "MP4", "h264", "aac"),
        ("a.mov", "MOV", "h264", "aac"),
        ("a.webm", "WEBM", "vp8", "opus"),
    ],
)
def test_the_facts_of_a_video(
    name: str, format: str, picture: str, voice: str, tmp_path: Path
) -> None:
    path = film(tmp_path / name, scenes(), sound=tone(4, 0.1), options={"g": "50"})

    with open_creative(path, Limits(), name="Spot.mp4") as creative:
        motion = creative.facts.motion
        assert creative.format == format
        assert motion is not None
        assert motion.duration_s == pytest.approx(4.0, abs=0.05)
        assert motion.frames == 100
        assert motion.frame_rate == pytest.approx(25, abs=0.1)
        assert (motion.video_codec, motion.audio_codec) == (picture, voice)
        assert (motion.audio_channels, motion.sample_rate_hz) == (2, 48_000)
        assert motion.bit_rate == pytest.approx(8 * path.stat().st_size / 4, rel=0.02)
        assert motion.key_frame_interval_s is not None and motion.key_frame_interval_s <= 2.05
        assert (creative.pages[0].at_s or 0) == pytest.approx(0.4, abs=0.05)


def test_frames_that_show_the_same_are_one_page(tmp_path: Path) -> None:
    with open_creative(film(tmp_path / "a.mp4", scenes()), Limits()) as creative:
        seen = [tuple(int(v) > 100 for v in creative.rgb(p)[32, 48]) for p in creative]

    assert seen == [
        (True, False, False),
        (False, True, False),
        (False, False, True),
        (True, True, True),
    ]


def test_a_video_is_turned_upright(tmp_path: Path) -> None:
    corner = Image.new("RGB", (96, 64), "white")
    corner.paste((255, 0, 0), (0, 0, 48, 32))
    path = film(tmp_path / "a.mp4", [corner] * 5, turn_deg=90)

    with open_creative(path, Limits()) as creative:
        page = creative.pages[0]
        pixels = creative.rgb(page)
        small = next(iter(creative.frames(48))).rgb
    assert (page.width_px, page.height_px, pixels.shape[:2]) == (64, 96, (96, 64))
    assert int(pixels[90, 5, 1]) < 40 < 200 < int(pixels[5, 5, 1])
    assert small.shape == (48, 32, 3) and int(small[45, 3, 1]) < 40


def test_every_frame_is_played_in_its_time(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", scenes(each=5), rate=10)

    with open_creative(path, Limits()) as creative:
        frames = list(creative.frames(24))

    assert [frame.at_s for frame in frames] == pytest.approx([n / 10 for n in range(20)])
    assert sum(frame.duration_s for frame in frames) == pytest.approx(2.0)
    assert frames[0].rgb.shape == (16, 24, 3)


def test_high_definition_is_read_in_its_colours(tmp_path: Path) -> None:
    """Its colour space is BT.709 where the file names none; in BT.601 green would differ by 30."""
    path = film(tmp_path / "a.mp4", [Image.new("RGB", (1280, 720), (0, 255, 0))])
    standard = film(tmp_path / "b.mp4", [Image.new("RGB", (640, 480), (0, 255, 0))])

    with open_creative(path, Limits()) as creative, open_creative(standard, Limits()) as other:
        large = creative.rgb(creative.pages[0])[300, 300].astype(int)
        small = other.rgb(other.pages[0])[300, 300].astype(int)

    assert np.abs(small - (0, 255, 0)).max() <= 6
    assert np.abs(large - small).max() > 20


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.webm"])
def test_a_video_cut_short_is_told(name: str, tmp_path: Path) -> None:
    path = film(tmp_path / name, scenes(), sound=tone(4, 0.1))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])

    with pytest.raises(Unreadable, match="cut short"):
        open_creative(path, Limits())


def test_sound_alone_is_no_creative(tmp_path: Path) -> None:
    import av

    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        audio = container.add_stream("aac", rate=48_000, layout="stereo")
        from tests.qc.drawn_files import _speak

        _speak(container, audio, tone(1, 0.1))

    with pytest.raises(Unreadable, match="no moving picture") as refused:
        open_creative(path, Limits())
    assert refused.value.code == "no_picture"


def test_a_video_that_names_another_file_does_not_open_it(tmp_path: Path) -> None:
    """QuickTime may keep its frames elsewhere; the name of that place must not be followed."""
    path = film(tmp_path / "a.mov", scenes(each=5))
    content = path.read_bytes()
    at = content.index(b"dref")
    inside = content.index(b"url ", at)
    assert struct.unpack(">I", content[inside + 4 : inside + 8])[0] == 1
    away = bytearray(content)
    away[inside + 4 : inside + 8] = bytes(4)
    path.write_bytes(bytes(away))

    with open_creative(path, Limits()) as creative:
        assert creative.facts.frames == 20


def test_a_larger_picture_than_allowed_is_refused(tmp_path: Path) -> None:
    path = film(tmp_path / "a.mp4", SCENES)

    with pytest.raises(Unreadable) as refused:
        open_creative(path, Limits(max_pixels=96 * 64 - 1))
    assert refused.value.code == "too_many_pixels"
