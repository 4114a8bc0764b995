"""Rules of the check of the colour profile."""

from pathlib import Path

import pytest
from PIL import Image, ImageCms

from services.qc.checks import run_check
from services.qc.checks.measured import Measured
from services.qc.checks.subject import Subject
from services.qc.decode import open_creative
from services.qc.domain.creative import Limits
from tests.qc.checks.conftest import SubjectOf

SHARED = Path(__file__).parents[3] / ".." / "shared" / "data" / "creative"
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def profile(picture: SubjectOf, mode: str, icc: bytes | None, **given: object) -> Measured:
    saved = {"icc_profile": icc} if icc else {}
    name = "a.jpg" if mode == "CMYK" else "a.png"
    subject = picture(Image.new(mode, (40, 40)), name, **saved)
    return run_check("colour_profile", subject, given)  # type: ignore[arg-type]


def test_a_picture_without_a_profile_is_judged_as_the_profile_says(picture: SubjectOf) -> None:
    results = [
        profile(picture, "RGB", None, missing=missing) for missing in ("allow", "warn", "deny")
    ]

    assert [result.state for result in results] == ["passed", "passed", "failed"]
    assert [len(result.findings) for result in results] == [0, 1, 1]


def test_cmyk_without_a_profile_fails(picture: SubjectOf) -> None:
    assert profile(picture, "CMYK", None).state == "failed"
    assert profile(picture, "CMYK", None, missing_cmyk="allow").state == "passed"


@pytest.mark.parametrize("mode", ["CMYK", "L"])
def test_a_profile_for_other_colours_fails(mode: str, picture: SubjectOf) -> None:
    [finding] = profile(picture, mode, SRGB).findings

    assert finding.message.endswith("its profile is for RGB.")


def test_only_allowed_profiles_pass_however_they_are_written(picture: SubjectOf) -> None:
    assert profile(picture, "RGB", SRGB, allowed=["SRGB"]).state == "passed"
    refused = profile(picture, "RGB", SRGB, allowed=["Display P3", "FOGRA39"])

    assert [finding.rule for finding in refused.findings] == ["one of Display P3, FOGRA39"]


def test_a_damaged_profile_fails(picture: SubjectOf) -> None:
    result = profile(picture, "RGB", b"no profile at all")

    assert [finding.message for finding in result.findings] == ["The colour profile is damaged."]


@pytest.mark.skipif(not SHARED.exists(), reason="the shared creatives are not here")
def test_a_pdf_is_for_other_checks() -> None:
    with open_creative(SHARED / "pdfs" / "pikepdf__pdfx.pdf", Limits()) as creative:
        assert run_check("colour_profile", Subject(creative), {}).state == "not_applicable"
