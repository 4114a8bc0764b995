"""Pictures that show what a finding means: crops of its region, and pages to draw it on.

Drawn in the child that measures, from the pixels that the checks saw, and written into a folder
under the hash of their content.
"""

import logging
import time
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

from libs.contracts.qc import Finding, Preview, Region
from services.qc.checks.measured import Measured
from services.qc.domain.creative import Creative, Page, Rgb

LOG = logging.getLogger(__name__)
SEVERITIES = ("critical", "major", "minor")

MAX_CROPS = 24
MAX_CROPS_OF_CHECK = 6
CROP_SIDE_PX = 400
MARGIN_SHARE = 0.15
MARGIN_PX = 24
WHOLE_PAGE = 0.9
"""A region that covers this much of its page is seen on the page itself."""

PREVIEW_SIDE_PX = 1600
MAX_PREVIEWS = 20
PREVIEWS_S = 3.0


class Evidence:
    """What is drawn for one analysis. It makes no result fail: a picture may be missing."""

    def __init__(self, creative: Creative, folder: Path) -> None:
        self._pages = {page.number: page for page in creative.pages}
        self._creative = creative
        self._folder = folder
        self._crops: dict[tuple[int, Region], str] = {}
        self._with_findings: set[int] = set()

    def with_crops(self, measured: Measured) -> Measured:
        """The same outcome, with a crop for each of its worst findings that has a region."""
        findings = list(measured.findings)
        self._with_findings.update(finding.page for finding in findings)
        left = MAX_CROPS_OF_CHECK
        for place in sorted(range(len(findings)), key=lambda at: _severity(findings[at])):
            if left and (crop := self._crop(findings[place])):
                findings[place] = findings[place].model_copy(update={"crop": crop})
                left -= 1
        return measured.model_copy(update={"findings": findings})

    def _crop(self, finding: Finding) -> str | None:
        region, page = finding.region, self._pages.get(finding.page)
        if not region or not page or _area(region) > WHOLE_PAGE:
            return None
        at = (page.number, region)
        if at not in self._crops and len(self._crops) < MAX_CROPS:
            try:
                self._crops[at] = self._write(_cut(self._creative.rgb(page), region), CROP_SIDE_PX)
            except Exception:
                LOG.exception("a finding could not be shown")
        return self._crops.get(at)

    def previews(self) -> list[Preview]:
        """Pages with findings first, then the others in order, as far as there is time."""
        started = time.monotonic()
        drawn: list[Preview] = []
        pages = sorted(
            self._pages.values(), key=lambda page: page.number not in self._with_findings
        )
        for page in pages[:MAX_PREVIEWS]:
            if drawn and time.monotonic() - started > PREVIEWS_S:
                break
            try:
                drawn.append(self._preview(page))
            except Exception:
                LOG.exception("page %s could not be shown", page.number)
        return sorted(drawn, key=lambda preview: preview.page)

    def _preview(self, page: Page) -> Preview:
        name = self._write(pixels := self._creative.rgb(page), PREVIEW_SIDE_PX)
        height_px, width_px = pixels.shape[:2]
        scale = min(1.0, PREVIEW_SIDE_PX / max(height_px, width_px))
        return Preview(
            page=page.number,
            width_px=max(1, round(width_px * scale)),
            height_px=max(1, round(height_px * scale)),
            sha256=name,
        )

    def _write(self, pixels: Rgb, side_px: int) -> str:
        """Write a JPEG, at most `side_px` wide and high, and return its name."""
        from PIL import Image

        from services.qc.shrinking import smaller

        image = Image.fromarray(smaller(pixels, side_px))
        content = BytesIO()
        options: dict[str, Any] = {"quality": 85, "subsampling": 0} if side_px < 1000 else {}
        image.save(content, "JPEG", **({"quality": 82} | options))
        name = sha256(content.getbuffer()).hexdigest()
        (self._folder / name).write_bytes(content.getbuffer())
        return name


def _severity(finding: Finding) -> int:
    return SEVERITIES.index(finding.severity)


def _area(region: Region) -> float:
    """Of what lies on the page."""
    return min(region.w, 1 - region.x) * min(region.h, 1 - region.y)


def _cut(pixels: Rgb, region: Region) -> Rgb:
    """The region with a margin around it, as much as the page has."""
    import numpy as np

    height_px, width_px = pixels.shape[:2]
    left, top = region.x * width_px, region.y * height_px
    right, bottom = left + region.w * width_px, top + region.h * height_px
    margin = max(MARGIN_PX, MARGIN_SHARE * max(right - left, bottom - top))
    rows = slice(max(0, int(top - margin)), max(1, int(bottom + margin)))
    columns = slice(max(0, int(left - margin)), max(1, int(right + margin)))
    return np.ascontiguousarray(pixels[rows, columns])
