"""Rules of the check of proportions."""

import pytest
from PIL import Image

from services.qc.checks import run_check
from tests.qc.checks.conftest import SubjectOf


@pytest.mark.parametrize(("width", "state"), [(1000, "passed"), (1010, "passed"), (1011, "failed")])
def test_the_tolerance_is_a_share_of_the_ratio(width: int, state: str, picture: SubjectOf) -> None:
    subject = picture(Image.new("RGB", (width, 1000)))

    measured = run_check("aspect_ratio", subject, {"allowed": ["1:1"], "tolerance": 0.01})

    assert measured.state == state


def test_a_finding_names_the_nearest_allowed_ratio(picture: SubjectOf) -> None:
    subject = picture(Image.new("RGB", (420, 594)))

    measured = run_check("aspect_ratio", subject, {"allowed": ["4:5", "2:3", "16:9"]})

    assert measured.findings[0].measured == "0.707:1"
    assert "2:3" in (measured.findings[0].fix or "")


def test_a_turned_photograph_is_judged_as_it_is_seen(picture: SubjectOf) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    subject = picture(Image.new("RGB", (500, 400)), "turned.jpg", exif=exif)

    assert run_check("aspect_ratio", subject, {"allowed": ["4:5"]}).state == "passed"
