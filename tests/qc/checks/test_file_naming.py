"""Rules of the check of the file's name."""

import signal
import time

import pytest
from PIL import Image

from services.qc.checks import run_check
from tests.qc.checks.conftest import SubjectOf


@pytest.mark.parametrize(
    ("name", "parameters", "rule"),
    [
        ("a picture.png", {}, "no spaces"),
        ("a-very-long-name.png", {"max_length": 10}, "at most 10 characters"),
        ("brand.png", {"min_parts": 2}, "2 to 30 parts"),
        ("brand_summer.png", {"pattern": r"[a-z]+_\d+"}, r"matches [a-z]+_\d+"),
        ("brand.jpg", {}, "a PNG file ends in .png or .apng"),
    ],
)
def test_each_breach_is_one_finding(
    name: str, parameters: dict[str, str | int], rule: str, picture: SubjectOf
) -> None:
    subject = picture(Image.new("RGB", (8, 8)), name, format="PNG")

    measured = run_check("file_naming", subject, dict(parameters))

    assert [finding.rule for finding in measured.findings] == [rule]
    assert measured.score == 0


def test_a_pattern_is_matched_against_the_name_without_its_extension(picture: SubjectOf) -> None:
    subject = picture(Image.new("RGB", (8, 8)), "brand_42.PNG", format="PNG")

    assert run_check("file_naming", subject, {"pattern": r"brand_\d+"}).state == "passed"


def test_a_pattern_without_end_is_stopped_and_told(picture: SubjectOf) -> None:
    subject = picture(Image.new("RGB", (8, 8)), f"{'a' * 60}_b.png")
    started = time.process_time()

    measured = run_check("file_naming", subject, {"pattern": r"(a+)+x"})

    assert (measured.state, measured.reason) == (
        "error",
        "Parameter pattern: takes too long: do not repeat what is repeated, as in (a+)+.",
    )
    assert time.process_time() - started < 5
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0.0, 0.0)
