"""Rules of the check of the file's weight."""

from PIL import Image

from services.qc.checks import run_check
from tests.qc.checks.conftest import SubjectOf


def test_the_score_is_the_share_of_the_weight_that_is_allowed(picture: SubjectOf) -> None:
    subject = picture(Image.new("RGB", (64, 64)))
    size = subject.creative.facts.byte_size

    measured = run_check("file_weight", subject, {"max_bytes": size // 2})

    assert measured.state == "failed"
    assert measured.score is not None and 49 <= measured.score <= 51


def test_a_file_of_exactly_the_limit_passes(picture: SubjectOf) -> None:
    subject = picture(Image.new("RGB", (64, 64)))
    size = subject.creative.facts.byte_size

    assert run_check("file_weight", subject, {"max_bytes": size}).state == "passed"
    assert run_check("file_weight", subject, {"min_bytes": size}).state == "passed"
    assert run_check("file_weight", subject, {"min_bytes": size + 1}).state == "failed"
