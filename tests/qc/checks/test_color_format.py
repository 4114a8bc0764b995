"""Rules of the check of how colours are stored."""

import numpy as np
import pytest
from PIL import Image, ImageCms

from services.qc.checks import run_check
from tests.qc.checks.conftest import SubjectOf


@pytest.mark.parametrize(
    ("image", "parameters", "measured"),
    [
        (Image.new("CMYK", (8, 8)), {}, "CMYK"),
        (Image.fromarray(np.zeros((8, 8), np.uint16)), {"allowed_modes": ["I;16"]}, "16 bits"),
        (Image.new("RGBA", (8, 8)), {"allow_alpha": False}, "transparency"),
        (Image.new("RGB", (8, 8)), {"icc_profile": "required"}, "none"),
    ],
)
def test_each_breach_is_told_with_what_is_stored(
    image: Image.Image, parameters: dict[str, object], measured: str, picture: SubjectOf
) -> None:
    subject = picture(image, "stored.tif")

    result = run_check("color_format", subject, parameters)  # type: ignore[arg-type]

    assert [finding.measured for finding in result.findings] == [measured]


def test_only_srgb_profiles_pass_where_srgb_is_asked(picture: SubjectOf) -> None:
    image = Image.new("RGB", (8, 8))
    profiles = (ImageCms.createProfile("sRGB"), ImageCms.createProfile("XYZ"))
    srgb, xyz = (ImageCms.ImageCmsProfile(profile).tobytes() for profile in profiles)

    for profile, state in ((srgb, "passed"), (xyz, "failed"), (None, "passed")):
        subject = picture(image, "profiled.png", icc_profile=profile)
        assert run_check("color_format", subject, {"icc_profile": "srgb"}).state == state
