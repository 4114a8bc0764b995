"""What the report of an analysis shows, as text and places: findings numbered, boxes, facts."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from libs.contracts.qc import Analysis, CheckResult, Finding, Preview, Region, Suspicion

SEVERITIES = ("critical", "major", "minor")
STATES = ("failed", "error", "unsure", "missing_input", "passed", "not_applicable", "skipped")
MAX_MEASURED_CHARS = 1_500
LABEL_SHARE = 1 / 45
"""Size of a box's number, of the longer side of its page."""
LABEL_TOUCH_PX = 0.5
"""Numbers that overlap by less only touch: places are rounded."""


@dataclass(frozen=True, slots=True)
class Pictures:
    """JPEGs by page and by name of a crop; one may be missing."""

    pages: Mapping[int, bytes] = field(default_factory=dict)
    crops: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reported:
    """One file of the report: its analysis and its pictures, or why there is none."""

    name: str
    analysis: Analysis | None = None
    pictures: Pictures = field(default_factory=Pictures)
    why: str = ""


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding under its number; `view` is its region and some margin, in pixels of the page."""

    number: int
    check_id: str
    finding: Finding
    where: str
    view: str | None
    preview: Preview | None = None


@dataclass(frozen=True, slots=True)
class Box:
    """A finding's place on its page, and that of its number, in pixels of the preview."""

    number: int
    severity: str
    says: str
    x: float
    y: float
    width: float
    height: float
    label_x: float
    label_y: float
    label_width: float
    approximate: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of the strip; `boxes` are drawn on it where it is shown large."""

    number: int
    type: str
    why: str
    preview: Preview | None
    boxes: Sequence[Box]
    remarks: int

    @property
    def label_px(self) -> float:
        """Height of a number on this page."""
        side = max(self.preview.width_px, self.preview.height_px) if self.preview else 0
        return round(side * LABEL_SHARE, 1)


def remarks_of(analysis: Analysis) -> list[Remark]:
    """Every finding, the worst first, then by page; numbered in that order."""
    found = [(finding, result) for result in analysis.checks for finding in result.findings]
    found.sort(key=lambda pair: (SEVERITIES.index(pair[0].severity), pair[0].page))
    previews = {preview.page: preview for preview in analysis.previews}
    return [
        Remark(
            number=number,
            check_id=result.check_id,
            finding=finding,
            where=where_of(finding, analysis.creative.pages),
            view=_view(finding.region, previews.get(finding.page)),
            preview=previews.get(finding.page),
        )
        for number, (finding, result) in enumerate(found, start=1)
    ]


def suspicion_in_words(suspicion: Suspicion) -> str:
    """Where words stand that give orders, what they ask for, and what they are."""
    page = f", page {suspicion.page}" if suspicion.page else ""
    words = f" “{suspicion.words}”" if suspicion.words else ""
    return f"Suspected order ({suspicion.where}{page}). {suspicion.why}{words}"


def sheets_of(analysis: Analysis, remarks: Sequence[Remark]) -> list[Sheet]:
    """Every page in order, as far as there is something to say or to show of it."""
    previews = {preview.page: preview for preview in analysis.previews}
    told = {page.number: page for page in analysis.creative.strip}
    pages = sorted(previews.keys() | told.keys() | {r.finding.page for r in remarks})
    return [
        Sheet(
            number=page,
            type=told[page].type if page in told else "",
            why=told[page].why if page in told else "",
            preview=previews.get(page),
            boxes=list(_boxes(remarks, previews.get(page))),
            remarks=sum(remark.finding.page == page for remark in remarks),
        )
        for page in pages
    ]


def shown_large(sheets: Sequence[Sheet]) -> list[Sheet]:
    """The pages with findings to draw; the first one that can be shown when there are none."""
    drawn = [sheet for sheet in sheets if sheet.preview]
    return [sheet for sheet in drawn if sheet.boxes] or drawn[:1]


def _boxes(remarks: Sequence[Remark], preview: Preview | None) -> Iterator[Box]:
    taken: list[Box] = []
    for remark in remarks:
        region = remark.finding.region
        if not region or not preview or remark.finding.page != preview.page:
            continue
        label = max(preview.width_px, preview.height_px) * LABEL_SHARE
        wide = label * (0.5 + 0.55 * len(str(remark.number)))
        x, y = region.x * preview.width_px, region.y * preview.height_px
        width = min(region.w, 1 - region.x) * preview.width_px
        height = min(region.h, 1 - region.y) * preview.height_px
        box = Box(
            number=remark.number,
            severity=remark.finding.severity,
            says=f"{remark.number}. {remark.check_id}: {remark.finding.message}",
            x=round(x, 1),
            y=round(y, 1),
            width=round(width, 1),
            height=round(height, 1),
            label_x=round(min(x, preview.width_px - wide), 1),
            label_width=round(wide, 1),
            label_y=round(_beside(y, height, label, preview.height_px), 1),
            approximate=remark.finding.approximate,
        )
        taken.append(_apart(box, taken, label, preview.width_px))
        yield taken[-1]


def _apart(box: Box, taken: Sequence[Box], label: float, page_width: float) -> Box:
    """The box with its number where no other number stands: findings often share one place.

    Numbers go on to the right, and to the left where the page ends; on top when both are full.
    """
    row = [other for other in taken if abs(other.label_y - box.label_y) < label - LABEL_TOUCH_PX]
    x = box.label_x
    for other in sorted(row, key=lambda other: other.label_x):
        if _covers(x, box, other):
            x = other.label_x + other.label_width
    if x + box.label_width > page_width + LABEL_TOUCH_PX:
        x = box.label_x
        for other in sorted(row, key=lambda other: -other.label_x):
            if _covers(x, box, other):
                x = other.label_x - box.label_width
    return replace(box, label_x=round(x, 1)) if x >= 0 else box


def _covers(x: float, box: Box, other: Box) -> bool:
    """Whether the number of `box`, moved to `x`, lies on that of `other` in its row."""
    across = x < other.label_x + other.label_width - LABEL_TOUCH_PX
    return across and other.label_x < x + box.label_width - LABEL_TOUCH_PX


def _beside(y: float, height: float, label: float, page_height: float) -> float:
    """Top of a number above its box, or below it, or inside where there is no room for either."""
    if y >= label:
        return y - label
    return y + height if y + height + label <= page_height else y


def _view(region: Region | None, preview: Preview | None) -> str | None:
    if not region or not preview:
        return None
    x, y = region.x * preview.width_px, region.y * preview.height_px
    width, height = region.w * preview.width_px, region.h * preview.height_px
    margin = max(12.0, 0.15 * max(width, height))
    left, top = max(0.0, x - margin), max(0.0, y - margin)
    right = min(preview.width_px, x + width + margin)
    bottom = min(preview.height_px, y + height + margin)
    return f"{left:.1f} {top:.1f} {right - left:.1f} {bottom - top:.1f}"


def where_of(finding: Finding, pages: int) -> str:
    """Page and place, of a file of so many pages; empty where there is nothing to tell."""
    words = [f"page {finding.page}"] if pages > 1 else []
    if region := finding.region:
        about = "about " if finding.approximate else ""
        words.append(f"{about}{region.x:.0%} from the left, {region.y:.0%} from the top")
    return ", ".join(words)


def worst_first(results: Sequence[CheckResult]) -> list[CheckResult]:
    return sorted(results, key=lambda result: (STATES.index(result.state), result.check_id))


def measured_in_words(result: CheckResult) -> str:
    """Measurements on one line, cut when they are long."""
    words = "; ".join(
        f"{name}: {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in result.measurements.items()
    )
    return words if len(words) <= MAX_MEASURED_CHARS else f"{words[:MAX_MEASURED_CHARS]} …"


def took(result: CheckResult) -> str:
    if result.cached:
        return "kept"
    return "" if result.duration_ms is None else f"{result.duration_ms / 1000:.2f} s"


def facts_of(analysis: Analysis) -> list[tuple[str, str]]:
    """Name and value of what identifies the analysis; what is not known is left out."""
    creative, given = analysis.creative, analysis.given
    pages = f", {creative.pages} pages" if creative.pages > 1 else ""
    lasts = f", {creative.duration_s:g} s" if creative.duration_s else ""
    size = f"{creative.width_px} × {creative.height_px} px{pages}{lasts}"
    used = ", ".join(f"{a.name} ({a.kind}, version {a.version})" for a in given.assets)
    found = [
        ("Client", analysis.client_id),
        ("Profile", f"{analysis.profile_id}, version {analysis.profile_version}"),
        ("Only these checks", ", ".join(analysis.only)),
        ("File", f"{creative.format}, {size}, {bytes_in_words(creative.bytes)}"),
        ("Placement", given.placement),
        ("Market", given.market),
        ("Media plan", given.plan),
        ("Compared with", used),
        ("Previous analysis", str(given.previous) if given.previous else None),
        ("Checked", moment(analysis.finished_at or analysis.created_at)),
        ("From upload to verdict", _seconds(analysis.duration_ms)),
        ("Cost", cost_of(analysis)),
        ("Analysis", str(analysis.analysis_id)),
        ("File, SHA-256", creative.sha256),
        ("Profile version, SHA-256", analysis.profile_hash),
    ]
    return [(name, value) for name, value in found if value]


def cost_of(analysis: Analysis) -> str:
    """Every digit of the ledger's figure; how many calls are not in it."""
    known = "unknown" if analysis.cost_usd is None else f"${analysis.cost_usd.normalize():f}"
    calls = calls_in_words(analysis.unknown_calls)
    return f"{known}, and {calls} of unknown cost" if analysis.unknown_calls else known


def calls_in_words(count: int) -> str:
    return "1 call" if count == 1 else f"{count:,} calls"


def usd(cost: Decimal | None) -> str:
    """Every digit that counts; a dash for what costs nothing or is not known."""
    return f"${cost.normalize():f}" if cost else "–"


def bytes_in_words(count: int) -> str:
    if count < 1_000:
        return f"{count} bytes"
    return f"{count / 1_000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def moment(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def number_in_words(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


def _seconds(duration_ms: int | None) -> str | None:
    return None if duration_ms is None else f"{duration_ms / 1000:.2f} s"
