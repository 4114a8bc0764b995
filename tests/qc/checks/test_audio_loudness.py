"""Rules of the check of loudness, against values that EBU Tech 3341 and a sine make certain."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from services.qc.checks import run_check
from services.qc.checks.measured import Measured
from services.qc.checks.subject import Subject
from services.qc.decode import open_creative
from services.qc.domain.creative import Limits
from tests.qc.checks.conftest import SubjectOf
from tests.qc.drawn_files import film, tone


def measure(
    path: Path, opened: ExitStack, sound: np.ndarray[Any, Any] | None, **parameters: object
) -> Measured:
    seconds = 1 if sound is None else max(1, sound.shape[1] // 48_000)
    film(path, [Image.new("RGB", (64, 64), "red")] * seconds, rate=1, sound=sound)
    creative = opened.enter_context(open_creative(path, Limits()))
    return run_check("audio_loudness", Subject(creative), parameters)  # type: ignore[arg-type]


def test_a_picture_and_a_video_without_sound_are_not_judged(
    picture: SubjectOf, tmp_path: Path, opened: ExitStack
) -> None:
    subject = picture(Image.new("RGB", (40, 40)))

    assert run_check("audio_loudness", subject, {}).state == "not_applicable"
    assert measure(tmp_path / "a.mp4", opened, None).state == "not_applicable"


@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
@pytest.mark.parametrize("level_db", [-23.0, -33.0])
def test_a_sine_has_the_loudness_of_its_level(
    name: str, level_db: float, tmp_path: Path, opened: ExitStack
) -> None:
    """EBU Tech 3341, cases 1 and 2: a stereo sine of 1 kHz at -23 dBFS has -23 LUFS."""
    measured = measure(tmp_path / name, opened, tone(5, 10 ** (level_db / 20)))

    told = measured.measurements
    assert told["integrated_lufs"] == pytest.approx(level_db, abs=0.2)
    assert told["true_peak_dbtp"] == pytest.approx(level_db, abs=1.0), "codecs overshoot"
    assert measured.state == ("passed" if level_db == -23.0 else "failed")


def test_quiet_parts_are_gated_out(tmp_path: Path, opened: ExitStack) -> None:
    sound = np.concatenate([tone(5, 10 ** (-20 / 20)), tone(5, 10 ** (-60 / 20))], axis=1)

    measured = measure(tmp_path / "a.mp4", opened, sound)

    assert measured.measurements["integrated_lufs"] == pytest.approx(-20, abs=0.4)


def test_each_rule_is_told_with_its_fix(tmp_path: Path, opened: ExitStack) -> None:
    loud = measure(tmp_path / "a.mp4", opened, tone(3, 10 ** (-8 / 20)), max_lufs=-14)
    clipped = measure(
        tmp_path / "b.mp4", opened, tone(3, 0.99), max_lufs=0, max_true_peak_dbtp=-1.5
    )

    assert loud.findings[0].message == "The sound is too loud."
    assert "by 6" in (loud.findings[0].fix or "") or "by 5.9" in (loud.findings[0].fix or "")
    assert [finding.message for finding in clipped.findings] == ["The sound peaks too high."]


def test_silence_is_a_finding_and_never_a_number(tmp_path: Path, opened: ExitStack) -> None:
    measured = measure(tmp_path / "a.mp4", opened, tone(3, 0.0))

    assert measured.findings[0].message == "The sound track is silent."
    assert measured.measurements["integrated_lufs"] is None
    again = measure(tmp_path / "b.mp4", opened, tone(3, 0.0), allow_silence=True)
    assert again.state == "passed"


def test_crossed_limits_are_an_error(tmp_path: Path, opened: ExitStack) -> None:
    measured = measure(tmp_path / "a.mp4", opened, tone(1, 0.1), min_lufs=-10, max_lufs=-20)

    assert (measured.state, "min_lufs" in (measured.reason or "")) == ("error", True)
