"""Runs the checks over drawn creatives, clean ones and ones with a planted defect."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageChops

from libs.contracts.qc import Finding, Region
from services.qc.checks import CHECKS, run_check
from services.qc.checks.measured import Measured
from services.qc.checks.subject import Subject
from services.qc.decode import open_creative
from services.qc.domain.brief import Brief
from services.qc.domain.creative import Limits
from tests.qcbench.defects import Defect
from tests.qcbench.drawing import draw
from tests.qcbench.layout import Box, Drawn, Layout, layout
from tests.qcbench.metrics import Outcome
from tests.qcbench.pdfs import PRINT_PARAMETERS, PrintDefect, print_job, write_pdf
from tests.qcbench.planted import DEFECTS
from tests.qcbench.profile import PARAMETERS, brief, write_logos

EVERY = sorted(CHECKS.keys() - {"imperative_verb", "visuals_left_text_right"})
"""Checks that a clean creative must not fail; orders and sides are no rule for these layouts."""

Harmless = Callable[[Layout, Image.Image], tuple[Layout, Image.Image]]


def _jpeg_85(drawn: Layout, picture: Image.Image) -> tuple[Layout, Image.Image]:
    kept = BytesIO()
    picture.save(kept, "JPEG", quality=85)
    return drawn, Image.open(kept).convert("RGB")


HARMLESS: dict[str, Harmless] = {
    "JPEG q85": _jpeg_85,
    "1 px shift": lambda drawn, picture: (drawn, ImageChops.offset(picture, 1, 1)),
    "renamed": lambda drawn, picture: (replace(drawn, name="other_name_of-it_2048x2048"), picture),
}
"""Changes after which every verdict must be what it was."""


def clean(seed: int, names: Sequence[str], variants: bool) -> Iterator[Outcome]:
    """Every check on the creative without a defect, and on harmless variants of it."""
    with _Desk(layout(seed)) as desk:
        ways: dict[str, Harmless] = {"as drawn": lambda drawn, picture: (drawn, picture)}
        for variant, change in (ways | (HARMLESS if variants else {})).items():
            drawn, picture = change(desk.layout, desk.clean.picture)
            yield from desk.run(drawn, Drawn(picture, desk.clean.boxes), names, None, variant)


def defective(seed: int, defect: Defect) -> Iterator[Outcome]:
    with _Desk(layout(seed)) as desk:
        changed = defect.change(desk.layout)
        yield from desk.run(changed, draw(changed), [defect.check], defect, "as drawn")


def printed(seed: int, names: Sequence[str], defect: PrintDefect | None = None) -> list[Outcome]:
    """The PDF of a seed; without a defect it must fail no check."""
    job = print_job(seed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "northwind_summer_flyer_148x105.pdf"
        write_pdf(defect.change(job) if defect else job, path)
        with open_creative(path, Limits()) as creative:
            subject = Subject(creative)
            return [_printed(subject, name, seed, defect) for name in names]


def _printed(subject: Subject, name: str, seed: int, defect: PrintDefect | None) -> Outcome:
    measured = run_check(name, subject, PRINT_PARAMETERS.get(name, {}))
    planted_name = defect.name if defect else None
    return Outcome(
        name, seed, "print", planted_name, "as drawn", measured.state, said=_said(measured)
    )


def planted() -> list[Defect]:
    """The defects whose check there is."""
    return [defect for defect in DEFECTS if defect.check in CHECKS]


class _Desk:
    """The clean creative of a layout, its brief, and a folder for files."""

    def __init__(self, clean_layout: Layout) -> None:
        self.layout = clean_layout
        self.clean = draw(clean_layout)
        self._folder = tempfile.TemporaryDirectory()

    def __enter__(self) -> "_Desk":
        self._folder.__enter__()
        folder = Path(self._folder.name)
        self._brief: Brief = brief(folder, write_logos(folder), self.clean.picture)
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def run(
        self,
        drawn: Layout,
        result: Drawn,
        names: Sequence[str],
        defect: Defect | None,
        variant: str,
    ) -> Iterator[Outcome]:
        suffix = ".tif" if result.picture.mode == "CMYK" else drawn.suffix
        path = Path(self._folder.name) / f"{drawn.name}{suffix}"
        result.picture.save(path, compress_level=1)
        with open_creative(path, Limits()) as creative:
            subject = Subject(creative, self._brief)
            for name in names:
                measured = run_check(name, subject, PARAMETERS.get(name, {}))
                truth = _truth(defect, result)
                yield Outcome(
                    check=name,
                    seed=drawn.seed,
                    style=drawn.style,
                    defect=defect.name if defect else None,
                    variant=variant,
                    state=measured.state,
                    iou=_best_overlap(measured.findings, truth) if truth else None,
                    placed=_is_placed(measured.findings, truth) if truth else None,
                    said=_said(measured),
                )


def _said(measured: Measured) -> str:
    return "; ".join(f.message for f in measured.findings[:3]) or (measured.reason or "")


def _truth(defect: Defect | None, drawn: Drawn) -> Region | None:
    if defect is None or defect.where is None:
        return None
    box = drawn.boxes[defect.where] if isinstance(defect.where, str) else defect.where
    return _region(box, drawn.picture.size)


def _region(box: Box, size: tuple[int, int]) -> Region:
    left, top, right, bottom = box
    width, height = size
    across = max(0.0, left / width), min(1.0, right / width)
    down = max(0.0, top / height), min(1.0, bottom / height)
    return Region(x=across[0], y=down[0], w=across[1] - across[0], h=down[1] - down[0])


def _best_overlap(findings: Sequence[Finding], truth: Region) -> float:
    """Intersection over union with the finding that fits best; 0 when none has a region."""
    return max((_iou(f.region, truth) for f in findings if f.region), default=0.0)


def _is_placed(findings: Sequence[Finding], truth: Region) -> bool:
    return any(
        _iou(f.region, truth) >= 0.5 or _has_middle_of(f.region, truth)
        for f in findings
        if f.region
    )


def _has_middle_of(inner: Region, outer: Region) -> bool:
    x, y = inner.x + inner.w / 2, inner.y + inner.h / 2
    return outer.x <= x <= outer.x + outer.w and outer.y <= y <= outer.y + outer.h


def _iou(a: Region, b: Region) -> float:
    across = min(a.x + a.w, b.x + b.w) - max(a.x, b.x)
    down = min(a.y + a.h, b.y + b.h) - max(a.y, b.y)
    shared = max(0.0, across) * max(0.0, down)
    whole = a.w * a.h + b.w * b.h - shared
    return shared / whole if whole else 0.0
