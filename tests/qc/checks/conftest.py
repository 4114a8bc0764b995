"""Subjects to measure: the sample creative with any defect, and pictures drawn by a test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from deploy.sample import write_sample
from libs.contracts.brand import BrandColour, BrandData
from services.qc.checks.seen import Line
from services.qc.checks.subject import Subject
from services.qc.decode import open_creative
from services.qc.domain.brief import Brief
from services.qc.domain.creative import Limits
from tests.qc.checks.drawn_pdfs import Sheet, write_pdf
from tests.qc.checks.lines import SIDE
from tests.qc.factories import brief_with

SubjectOf = Callable[..., Subject]

SAMPLE_BRAND = BrandData(
    colours=(
        BrandColour(name="Cream", hex="#faf6ee"),
        BrandColour(name="Navy", hex="#0e1e3a"),
        BrandColour(name="Coral", hex="#e2583e"),
    )
)


@pytest.fixture(scope="session")
def kept_open() -> Iterator[ExitStack]:
    """For what many tests look at; a creative holds the pixels of its pages in memory."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def opened() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory, kept_open: ExitStack) -> SubjectOf:
    """The sample with a defect or none; opened once, because text is read but once for each."""
    kept: dict[str | None, Subject] = {}

    def subject(defect: str | None = None) -> Subject:
        if defect not in kept:
            drawn = write_sample(tmp_path_factory.mktemp(defect or "clean"), defect)
            creative = kept_open.enter_context(open_creative(drawn.creative, Limits()))
            kept[defect] = Subject(creative, brief_with(SAMPLE_BRAND, logo=[drawn.logo]))
        return kept[defect]

    return subject


@pytest.fixture
def picture(tmp_path: Path, opened: ExitStack) -> SubjectOf:
    """A subject of a picture that the test drew, saved under `name`."""

    def subject(
        image: Image.Image, name: str = "picture.png", logos: tuple[Path, ...] = (), **saved: Any
    ) -> Subject:
        path = tmp_path / name
        image.save(path, format=saved.pop("format", None), **saved)
        creative = opened.enter_context(open_creative(path, Limits()))
        return Subject(creative, brief_with(logo=logos))

    return subject


@pytest.fixture
def pdf(tmp_path: Path, opened: ExitStack) -> SubjectOf:
    """A subject of a PDF of the sheets that the test drew; what is named goes to `write_pdf`."""

    def subject(*sheets: Sheet, **given: Any) -> Subject:
        path = write_pdf(tmp_path / "drawn.pdf", *sheets, **given)
        return Subject(opened.enter_context(open_creative(path, Limits())))

    return subject


@pytest.fixture(scope="session")
def logo_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sample(tmp_path_factory.mktemp("logo")).logo


@pytest.fixture
def read(picture: SubjectOf) -> SubjectOf:
    """A blank page on which OCR has read the given lines; `brand` is the client's data."""

    def subject(*lines: Line, **brief: Any) -> Subject:
        page = picture(Image.new("RGB", (SIDE, SIDE), "white"))
        page.brief = Brief(**brief)
        page._lines[1] = list(lines)
        return page

    return subject
