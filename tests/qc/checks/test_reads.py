"""A check says that it reads the words of a page, and does so only then."""

from typing import Any

import pytest

from services.qc.checks import CHECKS, run_check
from services.qc.checks.seen import Line
from services.qc.checks.subject import Subject
from services.qc.decode import open_creative
from services.qc.domain.creative import Limits, Page
from tests.qc.checks.conftest import SAMPLE_BRAND, SubjectOf
from tests.qc.factories import brief_with


def test_a_check_that_reads_words_says_so(
    sample: SubjectOf, monkeypatch: pytest.MonkeyPatch, logo_file: Any
) -> None:
    path = sample().creative.path
    assert path is not None
    read: list[int] = []

    def note(_: Subject, page: Page) -> list[Line]:
        read.append(page.number)
        return []

    monkeypatch.setattr(Subject, "_read", note)
    files = {"reference": [path], "product": [logo_file], "brand_asset": [logo_file]}
    with open_creative(path, Limits()) as creative:
        for name, check in CHECKS.items():
            subject = Subject(creative, brief_with(SAMPLE_BRAND, logo=[logo_file], **files))
            read.clear()
            run_check(name, subject, dict(check.example))
            assert not read or check.reads_words, name
